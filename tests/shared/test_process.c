/* Processes: what they are given, what they leave, who they are, all at once. */
#include "shared/served.h"

#include <stdlib.h>

/* ---- start and join -------------------------------------------------------------------------- */

static int square(void *argument)
{
    const int *number = argument;
    return *number * *number;
}

static void start_and_join(void)
{
    for (int i = 0; i < 20; i++) {
        parmap_process process;
        bool alive = true;
        START(&process, square, i);
        CHECK_INT(process.exit_code, PARMAP_ALIVE);
        CHECK_OK(parmap_process_join(&process, PARMAP_FOREVER));
        CHECK_INT(process.exit_code, i * i);
        CHECK_OK(parmap_process_is_alive(&process, &alive));
        CHECK(!alive);
        CHECK_INT(served_join(&process), i * i);
    }
}

static int give_back(void *argument)
{
    return *(int *)argument;
}

static int leave(void *argument)
{
    parmap_exit(*(int *)argument);
}

static void exit_codes(void)
{
    const int codes[] = {0, 1, -1, 255, 256, 2147483647, -2147483647};
    parmap_process process;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        START(&process, give_back, codes[i]);
        CHECK_INT(served_join(&process), codes[i]);
        START(&process, leave, codes[i]);
        CHECK_INT(served_join(&process), codes[i]);
    }
}

/* ---- the argument ---------------------------------------------------------------------------- */

static int sum_bytes(void *argument)
{
    /* the first 8 bytes say how many follow */
    int64_t bytes;
    int sum = 0;
    CHECK((uintptr_t)argument % 16 == 0);
    memcpy(&bytes, argument, sizeof bytes);
    for (int64_t i = 0; i < bytes; i++)
        sum += ((unsigned char *)argument)[8 + i];
    memset(argument, 0, 8 + (size_t)bytes); /* it is the process's own */
    return sum;
}

static void arguments_are_copied(void)
{
    const int64_t sizes[] = {0, 1, 7, 40, 41, 100000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        char *bytes = malloc(8 + (size_t)sizes[s]);
        int sum = 0;
        memcpy(bytes, &sizes[s], 8);
        for (int64_t i = 0; i < sizes[s]; i++)
            sum += (unsigned char)(bytes[8 + i] = (char)(i * 7));
        parmap_process process;
        CHECK_OK(parmap_process_start(&process, sum_bytes, bytes, 8 + (size_t)sizes[s]));
        memset(bytes, 1, 8 + (size_t)sizes[s]);
        free(bytes);
        CHECK_INT(served_join(&process), sum);
    }
}

static int is_null(void *argument)
{
    return argument == NULL;
}

static void no_argument(void)
{
    parmap_process process;
    CHECK_OK(parmap_process_start(&process, is_null, NULL, 0));
    CHECK_INT(served_join(&process), 1);
    CHECK_OK(parmap_process_start(&process, is_null, "", 0));
    CHECK_INT(served_join(&process), 0);
}

/* ---- who they are ---------------------------------------------------------------------------- */

typedef struct answer {
    parmap_process self, parent;
} answer;

static int answer_who(void *argument)
{
    const parmap_connection *connection = argument;
    const answer mine = {parmap_process_current(), parmap_process_parent()};
    CHECK_INT(mine.self.rank, parmap_rank());
    CHECK_TEXT(parmap_thread_name(), "MainThread");
    CHECK(!parmap_cancelled());
    return (int)parmap_connection_send(connection, &mine, sizeof mine, shared_long_s);
}

static void who_they_are(void)
{
    parmap_connection receiver, sender;
    const parmap_process self = parmap_process_current();
    CHECK_OK(parmap_pipe_create(&receiver, &sender, false));
    CHECK_INT(self.id, 0);
    CHECK_INT(self.rank, parmap_rank());
    CHECK_TEXT(self.name, "MainProcess");
    CHECK_INT(parmap_process_parent().id, -1);
    int64_t before = 0;
    for (int i = 0; i < 2 * parmap_size() + 1; i++) {
        parmap_process process;
        answer theirs;
        START(&process, answer_who, sender);
        CHECK_INT(served_join(&process), 0);
        CHECK_OK(parmap_connection_receive(&receiver, &theirs, sizeof theirs, NULL, 0));
        CHECK_INT(theirs.self.id, process.id);
        CHECK_INT(theirs.self.rank, process.rank);
        CHECK_INT(process.rank, process.id % parmap_size());
        CHECK_TEXT(theirs.self.name, process.name);
        CHECK(!strncmp(process.name, "Process-", 8));
        CHECK_INT(theirs.parent.id, 0);
        CHECK_INT(theirs.parent.rank, 0);
        CHECK_TEXT(theirs.parent.name, "MainProcess");
        if (i > 0)
            CHECK_INT(process.id, before + 1);
        before = process.id;
    }
    CHECK_OK(parmap_connection_close(&receiver));
    CHECK_OK(parmap_connection_close(&sender));
}

static void names(void)
{
    const int zero = 0;
    const char *const endless =
        "a name that is much longer than the bytes that there are for names";
    parmap_process process;
    CHECK_OK(parmap_process_start_as(&process, square, &zero, sizeof zero,
                                     &(parmap_process_options){.name = "worker"}));
    CHECK_TEXT(process.name, "worker");
    CHECK_INT(served_join(&process), 0);
    CHECK_OK(parmap_process_start_as(&process, square, &zero, sizeof zero,
                                     &(parmap_process_options){.name = endless}));
    CHECK_INT(strlen(process.name), PARMAP_NAME_BYTES - 1);
    CHECK_INT(served_join(&process), 0);
}

/* ---- all at once ----------------------------------------------------------------------------- */

static int meet(void *argument)
{
    int64_t index;
    CHECK_OK(parmap_barrier_wait(argument, shared_long_s, &index));
    return (int)index;
}

static void all_at_once(void)
{
    enum { MOST = 64 };
    parmap_process processes[MOST];
    parmap_barrier barrier;
    const int parties = 3 * parmap_size() + 2;
    bool seen[MOST] = {false};
    CHECK_OK(parmap_barrier_create(&barrier, parties, NULL));
    for (int i = 0; i < parties; i++)
        START(&processes[i], meet, barrier);
    for (int i = 0; i < parties; i++)
        seen[served_join(&processes[i]) % MOST] = true;
    for (int i = 0; i < parties; i++)
        CHECK(seen[i]);
    CHECK_OK(parmap_barrier_free(&barrier));
}

/* ---- children -------------------------------------------------------------------------------- */

static int wait_for_event(void *argument)
{
    return (int)parmap_event_wait(argument, shared_long_s);
}

static void children_are_listed(void)
{
    enum { CHILDREN = 5 };
    parmap_process processes[CHILDREN], found[CHILDREN];
    parmap_event events[CHILDREN];
    int64_t count;
    for (int i = 0; i < CHILDREN; i++) {
        CHECK_OK(parmap_event_create(&events[i]));
        START(&processes[i], wait_for_event, events[i]);
    }
    CHECK_OK(parmap_process_children(found, 2, &count));
    CHECK_INT(count, CHILDREN);
    CHECK_INT(found[0].id, processes[0].id);
    CHECK_INT(found[1].id, processes[1].id);
    CHECK_OK(parmap_event_set(&events[1]));
    CHECK_INT(served_join(&processes[1]), 0);
    CHECK_OK(parmap_process_children(found, CHILDREN, &count));
    CHECK_INT(count, CHILDREN - 1);
    CHECK_INT(found[1].id, processes[2].id);
    for (int i = 0; i < CHILDREN; i++) {
        CHECK_OK(parmap_event_set(&events[i]));
        CHECK_INT(served_join(&processes[i]), 0);
        CHECK_OK(parmap_event_free(&events[i]));
    }
    CHECK_OK(parmap_process_children(NULL, 0, &count));
    CHECK_INT(count, 0);
}

/* CPython's test_recursion: a binary tree of depth 2, each joined before the next. */
typedef struct node {
    parmap_connection out;
    int depth;
    int path[2];
} node;

static int grow(void *argument)
{
    node *n = argument;
    CHECK_OK(
        parmap_connection_send(&n->out, n->path, sizeof(int) * (size_t)n->depth, shared_long_s));
    for (int i = 0; n->depth < 2 && i < 2; i++) {
        node child = *n;
        parmap_process process;
        char name[PARMAP_NAME_BYTES + 8];
        child.path[child.depth++] = i;
        START(&process, grow, child);
        if (n->depth > 0) {
            snprintf(name, sizeof name, "%s:%d", parmap_process_current().name, i + 1);
            CHECK_TEXT(process.name, name);
        }
        CHECK_INT(served_join(&process), 0);
    }
    return 0;
}

static void a_tree(void)
{
    static const int expected[][3] = {{0},    {1, 0},    {2, 0, 0}, {2, 0, 1},
                                      {1, 1}, {2, 1, 0}, {2, 1, 1}};
    parmap_connection receiver, sender;
    parmap_process root;
    CHECK_OK(parmap_pipe_create(&receiver, &sender, false));
    const node n = {.out = sender};
    START(&root, grow, n);
    CHECK_INT(served_join(&root), 0);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        int path[2];
        size_t bytes = 0;
        CHECK_OK(parmap_connection_receive(&receiver, path, sizeof path, &bytes, 0));
        CHECK_INT(bytes, sizeof(int) * (size_t)expected[i][0]);
        for (size_t d = 0; d < bytes / sizeof(int); d++)
            CHECK_INT(path[d], expected[i][1 + d]);
    }
    bool more = true;
    CHECK_OK(parmap_connection_poll(&receiver, 0, &more));
    CHECK(!more);
    CHECK_OK(parmap_connection_close(&receiver));
    CHECK_OK(parmap_connection_close(&sender));
}

/* ---- an identity of their own ---------------------------------------------------------------- */

static int take_lock(void *argument)
{
    const parmap_status status = parmap_lock_acquire(argument, shared_long_s);
    return status == PARMAP_OK ? (int)parmap_lock_release(argument) : (int)status;
}

static void mains_lock_is_not_theirs(void)
{
    parmap_lock lock;
    parmap_process process;
    bool alive;
    CHECK_OK(parmap_rlock_create(&lock));
    CHECK_OK(parmap_lock_acquire(&lock, 0));
    START(&process, take_lock, lock);
    CHECK_STATUS(parmap_process_join(&process, 0.3), PARMAP_TIMED_OUT);
    CHECK_OK(parmap_process_is_alive(&process, &alive));
    CHECK(alive);
    CHECK_OK(parmap_lock_release(&lock));
    CHECK_INT(served_join(&process), 0);
    CHECK_OK(parmap_lock_free(&lock));
}

static int get_number(void *argument)
{
    int number = -1;
    CHECK_OK(parmap_queue_get(argument, &number, sizeof number, NULL, shared_long_s));
    return number;
}

static void it_gets_what_main_puts(void)
{
    parmap_queue queue;
    parmap_process process;
    const int number = 42;
    CHECK_OK(parmap_queue_create(&queue, 0));
    START(&process, get_number, queue);
    shared_sleep(0.05);
    CHECK_OK(parmap_queue_put(&queue, &number, sizeof number, 0));
    CHECK_INT(served_join(&process), number);
    CHECK_OK(parmap_queue_free(&queue));
}

static const check_case cases[] = {
    {"start and join", start_and_join},
    {"exit codes", exit_codes},
    {"arguments are copied", arguments_are_copied},
    {"no argument", no_argument},
    {"who they are", who_they_are},
    {"names", names},
    {"all at once", all_at_once},
    {"children are listed", children_are_listed},
    {"a tree", a_tree},
    {"main's lock is not theirs", mains_lock_is_not_theirs},
    {"it gets what main puts", it_gets_what_main_puts},
};

SERVED_MAIN(cases)
