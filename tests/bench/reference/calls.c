/* calls SECONDS: what rank 0 pays for MPI's calls to rank 1, which waits in MPI, in nanoseconds
 * each: one-sided ones with their flush on a window that stands open, and round trips of messages.
 */
#include "bench.h"

#include <string.h>

enum { WORDS = 512, HOME = 1, LAST = 1 };

static MPI_Win window;
static int64_t words[WORDS];

static void fetch_and_op(void *context)
{
    const int64_t one = 1;
    MPI_Fetch_and_op(&one, words, MPI_INT64_T, HOME, 0, *(MPI_Op *)context, window);
    MPI_Win_flush(HOME, window);
}

static void compare_and_swap(void *context)
{
    const int64_t old = 0, new = 0;
    (void)context;
    MPI_Compare_and_swap(&new, &old, words, MPI_INT64_T, HOME, 1, window);
    MPI_Win_flush(HOME, window);
}

/* Elements that are never torn need the accumulating forms of get and put. */
static void get(void *context)
{
    const int count = *(int *)context / 8;
    MPI_Get_accumulate(NULL, 0, MPI_INT64_T, words, count, MPI_INT64_T, HOME, 0, count, MPI_INT64_T,
                       MPI_NO_OP, window);
    MPI_Win_flush(HOME, window);
}

static void put(void *context)
{
    const int count = *(int *)context / 8;
    MPI_Accumulate(words, count, MPI_INT64_T, HOME, 0, count, MPI_INT64_T, MPI_REPLACE, window);
    MPI_Win_flush(HOME, window);
}

typedef struct ball {
    const char *name;
    int there, back; /* bytes */
} ball;

static const ball balls[] = {{"ping 8", 8, 8}, {"ping 64", 64, 64}, {"ping 4096", 64, 4096}};

static void ping(void *context)
{
    const ball *b = context;
    MPI_Send(words, b->there, MPI_BYTE, HOME, 0, MPI_COMM_WORLD);
    MPI_Recv(words, b->back, MPI_BYTE, HOME, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

/* Until a message has the tag LAST. */
static void answer(const ball *b)
{
    for (;;) {
        MPI_Status status;
        MPI_Recv(words, b->there, MPI_BYTE, 0, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
        if (status.MPI_TAG == LAST)
            return;
        MPI_Send(words, b->back, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
    }
}

static void print(const char *name, double ns)
{
    printf("\"%s\": %.1f, ", name, ns);
}

static void measure_messages(int rank, double seconds)
{
    for (size_t i = 0; i < sizeof balls / sizeof *balls; i++)
        if (rank == 0) {
            print(balls[i].name, ns_of(ping, (void *)&balls[i], seconds));
            MPI_Send(words, 0, MPI_BYTE, HOME, LAST, MPI_COMM_WORLD);
        } else if (rank == HOME) {
            answer(&balls[i]);
        }
}

static void measure_window(double seconds)
{
    MPI_Op sum = MPI_SUM, none = MPI_NO_OP, replace = MPI_REPLACE;
    int bytes[] = {8, 16, 32, 64, 4096};
    print("add", ns_of(fetch_and_op, &sum, seconds));
    print("load", ns_of(fetch_and_op, &none, seconds));
    print("store", ns_of(fetch_and_op, &replace, seconds));
    print("compare_swap", ns_of(compare_and_swap, NULL, seconds));
    print("get 8", ns_of(get, &bytes[0], seconds));
    print("get 32", ns_of(get, &bytes[2], seconds));
    print("get 64", ns_of(get, &bytes[3], seconds));
    print("get 4096", ns_of(get, &bytes[4], seconds));
    print("put 16", ns_of(put, &bytes[1], seconds));
}

int main(int argc, char **argv)
{
    int rank, level;
    int64_t *memory;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    const double seconds = argc > 1 ? atof(argv[1]) : 0.02;
    MPI_Win_allocate(sizeof words, sizeof *words, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window);
    memset(memory, 0, sizeof words);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, window);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0) {
        printf("{");
        measure_window(seconds);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    measure_messages(rank, seconds);
    if (rank == 0)
        printf("\"level\": %d}\n", level);
    MPI_Win_unlock_all(window);
    MPI_Win_free(&window);
    MPI_Finalize();
    return 0;
}
