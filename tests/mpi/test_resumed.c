/* TEST seconds=120 */
/* Runs that take up earlier ones: every block that is left is done once, and no other; what is to
 * be read again is computed only where it is wrong. */
#include "mpi/flows.h"

#include "base/hash.h"
#include "map/ends.h"
#include "store/file.h"
#include "work/kernel.h"

#include "draw.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS = 2000, MOST_BLOCK = 1024 };

typedef enum lot {
    COMPUTE,
    DONE,    /* by an earlier attempt */
    RIGHT,   /* to be read again, and as it was marked */
    SETTLED, /* the same, and its mark stands */
    WRONG,   /* to be read again, and not as it was marked */
    LOTS
} lot;

static lot lots[BLOCKS];
static pm_blocks blocks;
static pm_todo todo;

static int64_t value_of(int64_t item)
{
    return item * item - 12345;
}

static uint64_t right_hash(int64_t block)
{
    int64_t items[MOST_BLOCK];
    const int64_t first = pm_block_first(&blocks, block), count = pm_block_length(&blocks, block);
    for (int64_t i = 0; i < count; i++)
        items[i] = value_of(first + i);
    return pm_hash_block(items, (size_t)count * 8, (uint64_t)block);
}

static pm_task task_of(lot fate)
{
    return fate == COMPUTE ? PM_TASK_COMPUTE : fate == DONE ? PM_TASK_NONE : PM_TASK_RECHECK;
}

/* The list of what is left, the same on all ranks. */
static void list(const pm_topology *t)
{
    todo = (pm_todo){0};
    for (int64_t b = 0; b < blocks.count; b++)
        if (lots[b] != DONE)
            CHECK_INT(pm_todo_add(&todo, b, task_of(lots[b])), PARMAP_OK);
    const int64_t unit = t->nodes > 1 ? pm_blocks_per_page(&blocks, 8) : 1;
    CHECK_INT(pm_todo_seal(&todo, unit, blocks.count), PARMAP_OK);
}

/* Stretches of up to `stretch` blocks of one lot. */
static void draw_lots(int64_t count, int64_t stretch, int64_t block_items)
{
    blocks = pm_blocks_of(count * block_items - block_items / 3, block_items);
    CHECK_INT(blocks.count, count);
    for (int64_t b = 0; b < count;) {
        const lot fate = draw_below(2) ? DONE : (lot)draw_below(LOTS);
        for (int64_t end = b + 1 + draw_below(stretch); b < end && b < count; b++)
            lots[b] = fate;
    }
}

/* ---- the source ------------------------------------------------------------------------------ */

static _Atomic int computed[BLOCKS];

static parmap_status produce(void *self, pm_piece *piece)
{
    CHECK(self == computed);
    for (int64_t i = 0; i < piece->count; i++)
        ((int64_t *)piece->results)[i] = value_of(piece->item + i);
    atomic_fetch_add(&computed[piece->block], 1);
    return PARMAP_OK;
}

static const pm_source source = {.name = "values", .produce = produce};

static pm_flow flow_to(const pm_sink *sink, void *self)
{
    return (pm_flow){.blocks = blocks,
                     .todo = &todo,
                     .result = pm_layout_of_type(PARMAP_INT64),
                     .vector = pm_vector_best(),
                     .checksum = true,
                     .stats = true,
                     .source = &source,
                     .source_self = computed,
                     .sink = sink,
                     .sink_self = self};
}

/* ---- a sink that counts ---------------------------------------------------------------------- */

static _Atomic int reloaded[BLOCKS], emitted[BLOCKS], marked[BLOCKS];

static parmap_status reload(void *self, pm_piece *piece, pm_worth *worth)
{
    (void)self;
    atomic_fetch_add(&reloaded[piece->block], 1);
    *worth = lots[piece->block] == WRONG ? PM_WORTH_LOST : PM_WORTH_RIGHT;
    piece->marked = lots[piece->block] == SETTLED;
    for (int64_t i = 0; i < piece->count; i++)
        ((int64_t *)piece->results)[i] =
            *worth == PM_WORTH_RIGHT ? value_of(piece->item + i) : INT64_MAX;
    return PARMAP_OK;
}

static parmap_status emit(void *self, const pm_piece *piece)
{
    (void)self;
    atomic_fetch_add(&emitted[piece->block], 1);
    CHECK_INT(((int64_t *)piece->results)[0], value_of(piece->item));
    return PARMAP_OK;
}

static parmap_status mark(void *self, const pm_piece *piece)
{
    (void)self;
    CHECK(piece->hash == right_hash(piece->block));
    atomic_fetch_add(&marked[piece->block], 1);
    return PARMAP_OK;
}

static const pm_sink counting = {.name = "counting", .reload = reload, .emit = emit, .mark = mark};

static void check_counts(_Atomic int *counts, const char *what, const bool is_done[LOTS])
{
    int64_t wrong = 0;
    sum_ints((void *)counts, blocks.count);
    for (int64_t b = 0; b < blocks.count; b++)
        wrong += atomic_load(&counts[b]) != is_done[lots[b]];
    CHECK_INT(wrong, 0);
    if (wrong != 0 && world.rank == 0)
        printf("%s\n", what);
}

/* A page of the file is written by one node only. */
static void check_pages(const pm_topology *t)
{
    static int nodes_of[BLOCKS][3]; /* of each page */
    const int64_t unit = pm_blocks_per_page(&blocks, 8);
    int64_t parted = 0;
    memset(nodes_of, 0, sizeof nodes_of);
    for (int64_t b = 0; b < blocks.count; b++)
        if (atomic_load(&computed[b]) + atomic_load(&reloaded[b]) > 0)
            nodes_of[b / unit][t->node] = 1;
    sum_ints(&nodes_of[0][0], sizeof nodes_of / sizeof(int));
    for (int64_t page = 0; page * unit < blocks.count; page++)
        parted += (nodes_of[page][0] > 0) + (nodes_of[page][1] > 0) + (nodes_of[page][2] > 0) > 1;
    CHECK_INT(parted, 0);
}

static void check_tally(const pm_tally *all)
{
    pm_tally sum = pm_tally_none();
    for (int64_t b = 0; b < blocks.count; b++) {
        if (lots[b] == DONE)
            continue;
        const int64_t first = pm_block_first(&blocks, b), count = pm_block_length(&blocks, b);
        sum.blocks++;
        sum.items += count;
        sum.checksum += right_hash(b);
        sum.reread += lots[b] == RIGHT || lots[b] == SETTLED;
        sum.lost += lots[b] == WRONG;
        if (lots[b] == WRONG && b < sum.first_lost)
            sum.first_lost = b;
        for (int64_t i = first; i < first + count; i++)
            sum.stats.sum += value_of(i);
    }
    CHECK_INT(all->blocks, sum.blocks);
    CHECK_INT(all->items, sum.items);
    CHECK_INT(all->checksum, sum.checksum);
    CHECK_INT(all->reread, sum.reread);
    CHECK_INT(all->lost + all->unproven, sum.lost);
    CHECK_INT(all->first_lost, sum.first_lost);
    CHECK_INT(all->stats.sum, sum.stats.sum);
}

static void check_flow(const char *schedule, int nodes, int threads)
{
    static const bool is_computed[LOTS] = {[COMPUTE] = true, [WRONG] = true},
                      is_reloaded[LOTS] = {[RIGHT] = true, [SETTLED] = true, [WRONG] = true},
                      is_marked[LOTS] = {[COMPUTE] = true, [RIGHT] = true, [WRONG] = true};
    const pm_topology topology = topology_of(nodes, threads);
    const pm_flow flow = flow_to(&counting, NULL);
    list(&topology);
    memset(computed, 0, sizeof computed);
    memset(reloaded, 0, sizeof reloaded);
    memset(emitted, 0, sizeof emitted);
    memset(marked, 0, sizeof marked);
    const outcome o = run(&flow, schedule, &topology);
    CHECK_INT(o.status, PARMAP_OK);
    const pm_tally all = tally_of_all(&o.tally);
    check_tally(&all);
    if (topology.nodes > 1)
        check_pages(&topology);
    check_counts(computed, "computed", is_computed);
    check_counts(emitted, "emitted", is_computed);
    check_counts(reloaded, "read again", is_reloaded);
    check_counts(marked, "marked", is_marked);
    pm_todo_free(&todo);
}

static void check_layouts(void)
{
    for (int nodes = 1; nodes <= 3; nodes++) {
        check_flow("static", nodes, 1 + 3 * (nodes % 2));
        check_flow("dynamic", nodes, 1 + 3 * (nodes % 2));
    }
}

static void random_lists(void)
{
    static const int64_t block_items[] = {1, 64, 1024}; /* 512, 8 and 1 fill a page */
    for (int i = 0; i < 3; i++) {
        draw_lots(BLOCKS / 4, 1, block_items[i]);
        check_layouts();
        draw_lots(BLOCKS, 300, block_items[i]);
        check_layouts();
    }
}

/* One block, the first or the last, or none at all. */
static void few_left(void)
{
    static const lot fates[] = {COMPUTE, RIGHT, WRONG};
    for (int i = 0; i < 3; i++) {
        draw_lots(100, 1, 64);
        for (int64_t b = 0; b < 100; b++)
            lots[b] = DONE;
        if (i > 0)
            lots[i == 1 ? 0 : 99] = fates[i];
        check_layouts();
    }
    draw_lots(1, 1, 64);
    lots[0] = WRONG;
    check_layouts();
}

/* ---- the file -------------------------------------------------------------------------------- */

static const char path[] = "resumed.h5";

/* What an earlier attempt has left of a block, and the mark that stands for it. */
typedef enum found {
    NOTHING,
    SYNCED,      /* right, with a hash, known to be on the disk */
    DOUBTED,     /* right, with a hash */
    SYNCED_LOST, /* with a hash, but the data is not there */
    DOUBTED_LOST,
    SYNCED_UNHASHED,  /* nothing to compare it with: believed */
    DOUBTED_UNHASHED, /* nothing to compare it with: not believed */
    TORN,             /* the mark does not check */
    BLANK,            /* there is none: to be read again all the same, by a list that is wrong */
    FOUNDS
} found;

static const lot lot_of[FOUNDS] = {COMPUTE, SETTLED, RIGHT, WRONG, WRONG,
                                   SETTLED, WRONG,   WRONG, WRONG};
static found finds[BLOCKS];
static pm_file file;

static void describe_file(void)
{
    memset(&file, 0, sizeof file);
    strcpy(file.dataset, "values");
    file.item = pm_layout_of_type(PARMAP_INT64);
    file.items = blocks.items;
    pm_record_text(&file.data, "type", "int64");
    pm_record_int(&file.data, "count", blocks.items);
}

static pm_journal_head head_of(void)
{
    pm_journal_head head;
    memset(&head, 0, sizeof head);
    strcpy(head.identity, "values of a test");
    head.blocks = blocks.count;
    head.block_items = blocks.block_items;
    head.session = 5;
    return head;
}

static bool is_lost(found what)
{
    return what == NOTHING || what == SYNCED_LOST || what == DOUBTED_LOST ||
           what == DOUBTED_UNHASHED || what == TORN || what == BLANK;
}

static void leave_block(const pm_data *data, const pm_journal *marks, int64_t b)
{
    const found what = finds[b];
    const int64_t first = pm_block_first(&blocks, b), count = pm_block_length(&blocks, b);
    int64_t items[MOST_BLOCK];
    const bool hashed = what != SYNCED_UNHASHED && what != DOUBTED_UNHASHED;
    const bool synced = what == SYNCED || what == SYNCED_LOST || what == SYNCED_UNHASHED;
    for (int64_t i = 0; i < count; i++)
        items[i] = value_of(first + i) + (is_lost(what) && i == count - 1);
    CHECK_INT(pm_data_write(data, first, items, (size_t)count * 8), PARMAP_OK);
    if (what == NOTHING || what == BLANK)
        return;
    pm_slot slot = {.state = synced ? PM_SLOT_SYNCED : PM_SLOT_DOUBTED,
                    .flags = hashed ? PM_SLOT_HASHED : 0,
                    .session = 4,
                    .hash = hashed ? right_hash(b) : 0};
    pm_slot_seal(&slot, b, marks->seed);
    slot.check ^= what == TORN;
    CHECK_INT(pm_journal_slots_write(marks->fd, path, b, 1, &slot), PARMAP_OK);
}

/* Rank 0 leaves the file and the marks of earlier attempts, all in the first journal. */
static void leave_all(int nodes)
{
    pm_data data;
    pm_journal marks;
    const pm_journal_head head = head_of();
    CHECK_INT(pm_file_create(path, &file), PARMAP_OK);
    CHECK_INT(pm_journal_create(path, 0, nodes, &head), PARMAP_OK);
    CHECK_INT(pm_data_open(&data, path, file.offset, 8, true), PARMAP_OK);
    CHECK_INT(pm_journal_open(&marks, path, 0, true), PARMAP_OK);
    for (int64_t b = 0; b < blocks.count; b++)
        leave_block(&data, &marks, b);
    pm_data_close(&data);
    pm_journal_close(&marks);
}

static void check_data(void)
{
    pm_data data;
    int64_t wrong = 0;
    int64_t *items = calloc((size_t)blocks.items, 8);
    CHECK_INT(pm_data_open(&data, path, file.offset, 8, false), PARMAP_OK);
    CHECK_INT(pm_data_read(&data, 0, items, (size_t)blocks.items * 8), PARMAP_OK);
    for (int64_t i = 0; i < blocks.items; i++)
        wrong += items[i] != value_of(i);
    CHECK_INT(wrong, 0);
    pm_data_close(&data);
    free(items);
}

/* One mark of this attempt for each block in the journal of a node, but those that stand. */
static void check_marks(int nodes)
{
    int64_t wrong = 0;
    int *count = calloc((size_t)blocks.count, sizeof *count);
    for (int node = 0; node < nodes; node++) {
        pm_journal marks;
        CHECK_INT(pm_journal_open(&marks, path, node, false), PARMAP_OK);
        for (int64_t b = 0; b < blocks.count; b++) {
            pm_slot slot;
            CHECK(pm_journal_slots_read(marks.fd, b, 1, &slot));
            if (!pm_slot_good(&slot, b, marks.seed) || slot.session != 5)
                continue;
            count[b]++;
            wrong += slot.hash != right_hash(b) || slot.flags != PM_SLOT_HASHED ||
                     slot.state != PM_SLOT_WRITTEN;
        }
        pm_journal_close(&marks);
    }
    for (int64_t b = 0; b < blocks.count; b++)
        wrong += count[b] != (lots[b] != SETTLED);
    CHECK_INT(wrong, 0);
    free(count);
}

static void check_file(const char *schedule, int nodes, int threads)
{
    static const bool is_computed[LOTS] = {[COMPUTE] = true, [WRONG] = true};
    const pm_topology topology = topology_of(nodes, threads);
    pm_file_sink sink = {.checksum = true};
    const pm_flow flow = flow_to(&pm_sink_file, &sink);
    list(&topology);
    describe_file();
    memset(computed, 0, sizeof computed);
    if (world.rank == 0)
        leave_all(topology.nodes);
    MPI_Request request;
    MPI_Ibcast(&file.offset, 1, MPI_INT64_T, 0, MPI_COMM_WORLD, &request);
    await(request);
    CHECK_INT(pm_data_open(&sink.data, path, file.offset, 8, true), PARMAP_OK);
    CHECK_INT(pm_journal_open(&sink.journal, path, topology.node, false), PARMAP_OK);
    const outcome o = run(&flow, schedule, &topology);
    CHECK_INT(o.status, PARMAP_OK);
    pm_data_close(&sink.data);
    pm_journal_close(&sink.journal);
    const pm_tally all = tally_of_all(&o.tally);
    check_tally(&all);
    check_counts(computed, "computed", is_computed);
    if (world.rank == 0) {
        check_data();
        check_marks(topology.nodes);
        pm_journal_remove(path);
        CHECK(unlink(path) == 0);
    }
    meet();
    pm_todo_free(&todo);
}

static void in_a_file(void)
{
    for (int round = 0; round < 2; round++) {
        draw_lots(round ? 50 : 900, 1, round ? 1024 : 16);
        for (int64_t b = 0; b < blocks.count; b++) {
            finds[b] = (found)draw_below(FOUNDS);
            lots[b] = lot_of[finds[b]];
        }
        check_file("static", 1, 1);
        check_file("dynamic", 1, 4);
        check_file("static", 2, 4);
        check_file("dynamic", 3, 1);
    }
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {
        {"resumed: random lists", random_lists},
        {"resumed: few left", few_left},
        {"resumed: in a file", in_a_file},
    };
    return ranks_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
