/* TEST ranks=1,2,3,4 seconds=120 */
/* A program that initialises MPI itself, at any thread level, and uses shared objects within;
 * started and finished several times. */
#include "check.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int levels[] = {MPI_THREAD_SINGLE, MPI_THREAD_FUNNELED, MPI_THREAD_MULTIPLE,
                             MPI_THREAD_SERIALIZED};

static void use_objects(void)
{
    const int rounds = 50;
    struct {
        parmap_value sum;
        parmap_lock lock;
        parmap_queue queue;
    } our;
    int64_t value = 0;
    if (parmap_rank() == 0) {
        CHECK_INT(parmap_value_create(&our.sum, 'q', 0), PARMAP_OK);
        CHECK_INT(parmap_lock_create(&our.lock), PARMAP_OK);
        CHECK_INT(parmap_queue_create(&our.queue, 0), PARMAP_OK);
    }
    CHECK_INT(parmap_broadcast(&our, sizeof our, 0), PARMAP_OK);
    for (int i = 0; i < rounds; i++) {
        CHECK_INT(parmap_lock_acquire(&our.lock, 60), PARMAP_OK);
        CHECK_INT(parmap_value_load(&our.sum, &value), PARMAP_OK);
        CHECK_INT(parmap_value_store(&our.sum, value + 1), PARMAP_OK);
        CHECK_INT(parmap_lock_release(&our.lock), PARMAP_OK);
    }
    CHECK_INT(parmap_queue_put(&our.queue, &rounds, sizeof rounds, 60), PARMAP_OK);
    CHECK_INT(parmap_sync_all(), PARMAP_OK);
    CHECK_INT(parmap_value_load(&our.sum, &value), PARMAP_OK);
    CHECK_INT(value, rounds * parmap_size());
    int item = 0;
    CHECK_INT(parmap_queue_get(&our.queue, &item, sizeof item, NULL, 60), PARMAP_OK);
    CHECK_INT(item, rounds);
    CHECK_INT(parmap_sync_all(), PARMAP_OK);
    if (parmap_rank() == 0) {
        CHECK_INT(parmap_value_free(&our.sum), PARMAP_OK);
        CHECK_INT(parmap_lock_free(&our.lock), PARMAP_OK);
        CHECK_INT(parmap_queue_free(&our.queue), PARMAP_OK);
    }
}

/* The program's own messages are left alone, whatever their tags. */
static void own_message(void)
{
    const int rank = parmap_rank(), size = parmap_size();
    int mine = rank, other = -1;
    MPI_Request request;
    MPI_Irecv(&other, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &request);
    use_objects();
    MPI_Send(&mine, 1, MPI_INT, (rank + 1) % size, 1, MPI_COMM_WORLD);
    for (int done = 0; MPI_Test(&request, &done, MPI_STATUS_IGNORE), !done;)
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    CHECK_INT(other, (rank + size - 1) % size);
}

/* What was not freed must not be there when parmap is started again. */
static void leave_something(void)
{
    parmap_array array;
    parmap_lock lock;
    CHECK_INT(parmap_array_create_distributed(&array, 'i', 1000), PARMAP_OK);
    CHECK_INT(parmap_lock_create(&lock), PARMAP_OK);
    CHECK_INT(parmap_array_store(&array, 7, parmap_rank()), PARMAP_OK);
}

static void run_with(const char *window)
{
    setenv("PARMAP_WINDOW", window, 1);
    const parmap_status status = parmap_start(NULL, NULL);
    if (strcmp(window, "rma") == 0 && status == PARMAP_USAGE) { /* known not to work here */
        CHECK_HOLDS(parmap_message(), "PARMAP_WINDOW=msg");
        return;
    }
    CHECK_TEXT(status == PARMAP_OK ? "" : parmap_message(), "");
    CHECK_TEXT(parmap_window(), *window ? window : "shm");
    own_message();
    leave_something();
    CHECK_INT(parmap_finish(), 0);
    CHECK_TEXT(parmap_window(), "");
}

static void each_window(void)
{
    run_with("");
    run_with("msg");
    run_with("rma");
    run_with("shm");
    run_with("msg");
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {{"own MPI: each window", each_window}};
    const char *size =
        getenv("OMPI_COMM_WORLD_SIZE") ? getenv("OMPI_COMM_WORLD_SIZE") : getenv("PMI_SIZE");
    const int level = levels[((size ? atoi(size) : 1) - 1) % 4];
    int got = 0, rank = 0, finalized = 1;
    MPI_Init_thread(&argc, &argv, level, &got);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    check_set_rank(rank);
    const int code = check_main(cases, 1);
    MPI_Finalized(&finalized); /* by parmap_finish it must not be */
    MPI_Finalize();
    return finalized ? 1 : code;
}
