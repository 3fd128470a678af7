/* TEST seconds=120 */
/* Taking up a run: random journals against a plain model of what must become of each block. */
#include "store/resume.h"

#include "check.h"
#include "draw.h"
#include "unit/journals.h"
#include "unit/pretend.h"

#include <stdlib.h>
#include <sys/wait.h>

enum { MOST_BLOCKS = 3 * PM_MARKS_WINDOW, MOST_NODES = 4, ITEMS = 64 /* of a block */ };

/* What was put into the journals. */
static int nodes;
static int64_t blocks, session; /* of the last attempt */
static bool whole[MOST_NODES];  /* its header */
static bool trusted[MOST_NODES];
static pm_slot there[MOST_NODES][MOST_BLOCKS];

/* What must become of each block. */
static pm_task task[MOST_BLOCKS];
static pm_slot merged[MOST_BLOCKS]; /* without `check` */

/* What came of it. */
static pm_marks marks;
static pm_todo todo;
static pm_past past;
static pm_slot got[MOST_BLOCKS];

static int64_t last_items(void)
{
    return 1 + (blocks * 7) % ITEMS; /* the last block is shorter */
}

static int64_t items_of(int64_t block)
{
    return block < blocks - 1 ? ITEMS : last_items();
}

static pm_journal_head wanted_head(void)
{
    pm_journal_head head = head_of(blocks);
    head.block_items = ITEMS;
    return head;
}

/* ---- random journals ------------------------------------------------------------------------- */

/* A slot as an attempt, a crash or a bad disk leaves it; -1 in `check` stands for one that does not
 * check.  Marks of one session are of one node, but for what a resume that was killed has copied.
 */
static pm_slot draw_slot(int node, int64_t block)
{
    const int kind = (int)draw_below(10);
    if (kind < 4)
        return (pm_slot){0};
    const int64_t latest = session > MOST_NODES ? session - node : session;
    pm_slot slot = slot_of((pm_slot_state)(1 + draw_below(3)), 1 + draw_below(latest), draw());
    slot.flags = (uint8_t)draw_below(2);
    pm_slot_seal(&slot, block, pm_journal_seed(run_identity));
    if (kind == 4)
        slot.hash ^= 1;
    return slot;
}

/* Long stretches of one kind, as real runs have them, or not. */
static void draw_journal(int node, bool stretches)
{
    for (int64_t b = 0; b < blocks;) {
        const int64_t end = b + 1 + (stretches ? draw_below(blocks / 3 + 1) : 0);
        const bool blank = stretches && draw_below(2);
        for (; b < end && b < blocks; b++)
            there[node][b] = blank ? (pm_slot){0} : draw_slot(node, b);
    }
}

static void write_journal(int node)
{
    const int fd = open(journal(node), O_RDWR);
    for (int64_t first = 0; first < blocks; first += PM_MARKS_WINDOW) {
        const int64_t rest = blocks - first,
                      count = rest < PM_MARKS_WINDOW ? rest : PM_MARKS_WINDOW;
        CHECK_INT(pm_journal_slots_write(fd, "x", first, count, &there[node][first]), PARMAP_OK);
    }
    close(fd);
    sign_journal(node, session, trusted[node] ? other_boot() - 1 : other_boot());
    if (!whole[node])
        damage_headers(node);
}

static void write_journals(void)
{
    const pm_journal_head head = wanted_head();
    create_journals(nodes, &head);
    for (int node = 0; node < nodes; node++)
        write_journal(node);
}

static void draw_journals(int64_t count, bool stretches)
{
    blocks = count;
    nodes = 1 + (int)draw_below(MOST_NODES);
    session = 1 + draw_below(20);
    for (int node = 0; node < nodes; node++) {
        whole[node] = draw_below(5) > 0;
        trusted[node] = draw_below(3) > 0;
        draw_journal(node, stretches);
    }
    write_journals();
}

/* ---- the model ------------------------------------------------------------------------------- */

static bool is_good(const pm_slot *slot, int64_t block)
{
    return pm_slot_good(slot, block, pm_journal_seed(run_identity));
}

/* Of all good slots the one of the highest session, and of these the first node's. */
static int best_node(int64_t block)
{
    int best = -1;
    for (int node = nodes - 1; node >= 0; node--)
        if (is_good(&there[node][block], block) &&
            (best < 0 || there[node][block].session >= there[best][block].session))
            best = node;
    return best;
}

static void expect(int64_t block, int64_t next_session, pm_recheck recheck)
{
    const int node = best_node(block);
    task[block] = PM_TASK_COMPUTE;
    merged[block] = (pm_slot){0};
    if (node < 0)
        return;
    pm_slot slot = there[node][block];
    const bool lost = slot.state == PM_SLOT_WRITTEN && !(trusted[node] && whole[node]);
    if (lost || recheck == PM_RECHECK_SUSPECT)
        slot.state = PM_SLOT_DOUBTED;
    const bool again = slot.state == PM_SLOT_DOUBTED || recheck != PM_RECHECK_DOUBTED;
    if (slot.state == PM_SLOT_WRITTEN && again)
        slot.state = PM_SLOT_DOUBTED; /* it is marked again when it was read */
    else if (slot.state == PM_SLOT_WRITTEN)
        slot.session = (uint16_t)next_session;
    task[block] = again ? PM_TASK_RECHECK : PM_TASK_NONE;
    merged[block] = slot;
}

/* One more than any that is known, which without headers only the slots tell. */
static int64_t expected_session(void)
{
    int64_t highest = 0;
    for (int node = 0; node < nodes; node++)
        if (whole[node])
            return session + 1;
    for (int node = 0; node < nodes; node++)
        for (int64_t b = 0; b < blocks; b++)
            if (is_good(&there[node][b], b) && there[node][b].session > highest)
                highest = there[node][b].session;
    return highest + 1;
}

static void expect_all(pm_recheck recheck)
{
    const int64_t next = expected_session();
    for (int64_t b = 0; b < blocks; b++)
        expect(b, next, recheck);
}

/* ---- the resume ------------------------------------------------------------------------------ */

static parmap_status resume(int new_nodes, pm_recheck recheck)
{
    pm_journal_head head = wanted_head();
    const int64_t items = (blocks - 1) * ITEMS + last_items();
    const pm_resuming how = {.items = items, .nodes = new_nodes, .recheck = recheck};
    CHECK_INT(pm_marks_open(&marks, output), PARMAP_OK);
    pm_marks_assume(&marks, &head);
    const parmap_status status = pm_resume(&marks, &head, &how, &todo, &past);
    pm_marks_close(&marks);
    return status;
}

static void check_todo(void)
{
    int64_t left = 0, wrong = 0;
    for (int64_t b = 0; b < blocks; b++) {
        left += task[b] != PM_TASK_NONE;
        wrong += pm_todo_task(&todo, b) != task[b];
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(pm_todo_blocks(&todo), left);
}

static void check_past(int64_t next_session)
{
    pm_past sum = {.session = next_session};
    for (int64_t b = 0; b < blocks; b++) {
        sum.rechecks += task[b] == PM_TASK_RECHECK;
        if (task[b] != PM_TASK_NONE)
            continue;
        sum.blocks++;
        sum.items += items_of(b);
        sum.checksum += merged[b].hash;
    }
    for (int node = 0; node < nodes; node++)
        for (int64_t b = 0; b < blocks; b++)
            sum.torn += !pm_slot_blank(&there[node][b]) && !is_good(&there[node][b], b);
    CHECK_INT(past.session, sum.session);
    CHECK_INT(past.blocks, sum.blocks);
    CHECK_INT(past.items, sum.items);
    CHECK_INT(past.checksum, sum.checksum);
    CHECK_INT(past.rechecks, sum.rechecks);
    CHECK_INT(past.torn, sum.torn);
}

static void read_journal(int node)
{
    const int fd = open(journal(node), O_RDONLY);
    CHECK(fd >= 0);
    for (int64_t first = 0; first < blocks; first += PM_MARKS_WINDOW) {
        const int64_t rest = blocks - first,
                      count = rest < PM_MARKS_WINDOW ? rest : PM_MARKS_WINDOW;
        CHECK(pm_journal_slots_read(fd, first, count, &got[first]));
    }
    close(fd);
}

static void check_header(int node, int64_t next_session)
{
    pm_journal_head head;
    const int fd = open(journal(node), O_RDONLY);
    CHECK(pm_journal_head_read(fd, &head));
    CHECK_TEXT(head.identity, run_identity);
    CHECK_INT(head.session, next_session);
    CHECK_INT(head.blocks, blocks);
    CHECK_INT(head.block_items, ITEMS);
    CHECK_INT(head.layout.data.begin, 1 << 20);
    CHECK_INT(head.inode, 4711);
    close(fd);
    CHECK(length_of(journal(node)) >= pm_journal_end(blocks));
}

/* All marks are in the first journal, and the others are new. */
static void check_journals(int new_nodes, int64_t next_session)
{
    int64_t wrong = 0;
    read_journal(0);
    for (int64_t b = 0; b < blocks; b++) {
        pm_slot slot = merged[b];
        if (!pm_slot_blank(&slot))
            pm_slot_seal(&slot, b, pm_journal_seed(run_identity));
        wrong += memcmp(&slot, &got[b], sizeof slot) != 0;
    }
    CHECK_INT(wrong, 0);
    for (int node = 0; node < new_nodes; node++) {
        check_header(node, next_session);
        if (node == 0)
            continue;
        read_journal(node);
        for (int64_t b = 0; b < blocks; b++)
            wrong += !pm_slot_blank(&got[b]);
    }
    CHECK_INT(wrong, 0);
    CHECK(!exists(journal(new_nodes)));
}

static void check_resume(pm_recheck recheck)
{
    const int new_nodes = 1 + (int)draw_below(MOST_NODES);
    const int64_t next = expected_session();
    expect_all(recheck);
    CHECK_INT(resume(new_nodes, recheck), PARMAP_OK);
    check_todo();
    check_past(next);
    check_journals(new_nodes, next);
    pm_todo_free(&todo);
}

static void random_journals(void)
{
    static const int64_t sizes[] = {1, 2, 3, 50, 1000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (int round = 0; round < 24; round++) {
            draw_journals(sizes[s], round % 2);
            check_resume((pm_recheck)(round % 3));
        }
    pm_journal_remove(output);
}

/* Blocks of several windows, and exactly one. */
static void windows(void)
{
    static const int64_t sizes[] = {PM_MARKS_WINDOW - 1, PM_MARKS_WINDOW, PM_MARKS_WINDOW + 1,
                                    MOST_BLOCKS - 5};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        draw_journals(sizes[s], true);
        check_resume(PM_RECHECK_DOUBTED);
        draw_journals(sizes[s], false);
        check_resume(PM_RECHECK_ALL);
    }
    pm_journal_remove(output);
}

static void no_headers(void)
{
    for (int round = 0; round < 20; round++) {
        draw_journals(200, round % 2);
        memset(whole, 0, sizeof whole);
        write_journals();
        check_resume(PM_RECHECK_DOUBTED);
    }
    pm_journal_remove(output);
}

/* The journal of a run that was killed early, or lost its end: slots that are not there are blank,
 * and their room is there afterwards. */
static void cut_short(void)
{
    for (int64_t left = 0; left <= 300; left += 60) {
        draw_journals(300, false);
        nodes = 1;
        whole[0] = trusted[0] = true;
        write_journals();
        for (int64_t b = left; b < blocks; b++)
            there[0][b] = (pm_slot){0};
        CHECK(truncate(journal(0), SLOTS_AT + left * SLOT_BYTES) == 0);
        check_resume(PM_RECHECK_DOUBTED);
    }
    pm_journal_remove(output);
}

/* Sessions are counted in 16 bits: the last number stays. */
static void many_sessions(void)
{
    draw_journals(10, false);
    nodes = 1;
    whole[0] = trusted[0] = true;
    session = UINT16_MAX - 1;
    there[0][3] = slot_of(PM_SLOT_WRITTEN, session, 5);
    pm_slot_seal(&there[0][3], 3, pm_journal_seed(run_identity));
    write_journals();
    for (int i = 0; i < 3; i++) {
        CHECK_INT(resume(1, PM_RECHECK_DOUBTED), PARMAP_OK);
        CHECK_INT(past.session, UINT16_MAX);
        CHECK_INT(pm_todo_task(&todo, 3), PM_TASK_NONE);
        pm_todo_free(&todo);
    }
    pm_journal_remove(output);
}

/* ---- killed ---------------------------------------------------------------------------------- */

/* Resumes in a child that ends before its n-th change of a file, or within it; whether it did. */
static bool killed_resume(int new_nodes, pm_recheck recheck, int64_t step, bool torn)
{
    int status = -1;
    const pid_t child = fork();
    if (child == 0) {
        pretend.steps = 0;
        pretend.killed_at = step;
        pretend.torn = torn;
        _exit(resume(new_nodes, recheck) == PARMAP_OK ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == KILLED);
    return WEXITSTATUS(status) == KILLED;
}

/* What a resume after that makes of each block.  A node that was started anew and came first may
 * have got marks of another node that could be trusted: these are doubted then, which costs time
 * only. */
static void check_after_kill(pm_recheck recheck)
{
    int64_t wrong = 0;
    const bool first_trusted = trusted[0] && whole[0];
    for (int64_t b = 0; b < blocks; b++) {
        const pm_task now = pm_todo_task(&todo, b);
        wrong += now != task[b] && !(task[b] == PM_TASK_NONE && now == PM_TASK_RECHECK &&
                                     merged[b].state == PM_SLOT_WRITTEN && !first_trusted);
    }
    CHECK_INT(wrong, 0);
    read_journal(0);
    for (int64_t b = 0; b < blocks; b++) {
        wrong += got[b].hash != merged[b].hash || got[b].flags != merged[b].flags;
        wrong += pm_slot_blank(&merged[b]) ? !pm_slot_blank(&got[b]) : !is_good(&got[b], b);
        wrong += recheck == PM_RECHECK_SUSPECT && got[b].state != merged[b].state;
    }
    CHECK_INT(wrong, 0);
    CHECK(past.session >= expected_session());
}

static void killed(void)
{
    int64_t kills = 0;
    for (int round = 0; round < 6; round++) {
        const int new_nodes = 1 + (int)draw_below(MOST_NODES);
        const pm_recheck recheck = (pm_recheck)(round % 3);
        draw_journals(round < 5 ? 40 : PM_MARKS_WINDOW + 100, round % 2);
        expect_all(recheck);
        bool again = true;
        for (int64_t step = 1; again; step++) {
            for (int torn = 0; torn < 2; torn++) {
                write_journals();
                again = killed_resume(new_nodes, recheck, step, torn);
                kills += again;
                CHECK_INT(resume(new_nodes, recheck), PARMAP_OK);
                check_after_kill(recheck);
                pm_todo_free(&todo);
            }
        }
    }
    CHECK(kills > 6 * 2 * 5);
    pm_journal_remove(output);
}

/* Once every mark is doubted it stays so, whatever the next attempt asks for, until the block is
 * marked again. */
static void suspect(void)
{
    draw_journals(500, false);
    expect_all(PM_RECHECK_SUSPECT);
    CHECK_INT(resume(2, PM_RECHECK_SUSPECT), PARMAP_OK);
    pm_todo_free(&todo);
    for (int round = 0; round < 2; round++) {
        CHECK_INT(resume(2, PM_RECHECK_DOUBTED), PARMAP_OK);
        check_todo();
        CHECK_INT(past.blocks, 0);
        pm_todo_free(&todo);
    }
    sign_journal(1, past.session, other_boot() - 1);
    put_slot(1, 77, slot_of(PM_SLOT_WRITTEN, past.session, 7));
    CHECK_INT(resume(2, PM_RECHECK_DOUBTED), PARMAP_OK);
    CHECK_INT(past.blocks, 1);
    CHECK_INT(pm_todo_task(&todo, 77), PM_TASK_NONE);
    pm_todo_free(&todo);
    pm_journal_remove(output);
}

/* Verified blocks that another node has marked again count for the next attempt. */
static void verified(void)
{
    draw_journals(10, false);
    nodes = 1;
    whole[0] = trusted[0] = true;
    there[0][3] = slot_of(PM_SLOT_WRITTEN, session, 5);
    pm_slot_seal(&there[0][3], 3, pm_journal_seed(run_identity));
    write_journals();
    CHECK_INT(resume(2, PM_RECHECK_ALL), PARMAP_OK);
    CHECK_INT(pm_todo_task(&todo, 3), PM_TASK_RECHECK);
    pm_todo_free(&todo);
    put_slot(1, 3, slot_of(PM_SLOT_SYNCED, past.session, 5));
    CHECK_INT(resume(2, PM_RECHECK_DOUBTED), PARMAP_OK);
    CHECK_INT(pm_todo_task(&todo, 3), PM_TASK_NONE);
    pm_todo_free(&todo);
    pm_journal_remove(output);
}

static int no_sync(int fd)
{
    (void)fd;
    return EIO;
}

static void failures(void)
{
    draw_journals(10, false);
    pretend.sync = no_sync;
    CHECK_INT(resume(1, PM_RECHECK_DOUBTED), PARMAP_WRITE_ERROR);
    CHECK_HOLDS(parmap_message(), "result.h5.journal-0");
    CHECK_HOLDS(parmap_message(), "Input/output error");
    pretend.sync = NULL;
    pm_todo_free(&todo);
    pm_journal_remove(output);
    CHECK_INT(resume(1, PM_RECHECK_DOUBTED), PARMAP_WRITE_ERROR); /* there is none */
    CHECK_HOLDS(parmap_message(), "result.h5.journal-0");
    pm_todo_free(&todo);
}

int main(void)
{
    static const check_case cases[] = {
        {"resume: random journals", random_journals},
        {"resume: windows", windows},
        {"resume: no headers", no_headers},
        {"resume: journals cut short", cut_short},
        {"resume: many sessions", many_sessions},
        {"resume: killed", killed},
        {"resume: suspect", suspect},
        {"resume: verified", verified},
        {"resume: failures", failures},
    };
    pretend.no_sync = true;
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
