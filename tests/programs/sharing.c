/* Shared objects as a user's program has them, for tests of what surrounds it:
 *
 *   sharing count        every rank adds 1 to a value; says the window and the sum
 *   sharing leak         frees nothing
 *   sharing fill MIB     every rank fills so much of its heap, or says why not
 *   sharing hold         rank 0 holds a lock for ever, the others wait for it
 *   sharing fail         the last rank's PARMAP_MUST fails, the others wait for it
 */
#include <parmap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One write, so that lines of several ranks do not mix. */
static void say(const char *text)
{
    char line[2048];
    const int length = snprintf(line, sizeof line, "%s\n", text);
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        abort();
}

static int count(void)
{
    char line[64];
    parmap_value value = {0};
    int64_t sum = 0;
    if (parmap_rank() == 0)
        PARMAP_MUST(parmap_value_create(&value, 'i', 0));
    PARMAP_MUST(parmap_broadcast(&value, sizeof value, 0));
    PARMAP_MUST(parmap_value_add(&value, 1));
    PARMAP_MUST(parmap_sync_all());
    PARMAP_MUST(parmap_value_load(&value, &sum));
    snprintf(line, sizeof line, "%s %d of %d", parmap_window(), (int)sum, parmap_size());
    if (parmap_rank() == 0)
        say(line);
    PARMAP_MUST(parmap_sync_all());
    if (parmap_rank() == parmap_size() - 1)
        PARMAP_MUST(parmap_value_free(&value));
    return parmap_finish();
}

/* Rank 0 leaves 2 locks and an event, the last rank a queue with an item in it. */
static int leak(void)
{
    parmap_lock locks[2];
    parmap_event event;
    parmap_queue queue, freed;
    const char item[1000] = "";
    if (parmap_rank() == 0) {
        PARMAP_MUST(parmap_lock_create(&locks[0]));
        PARMAP_MUST(parmap_lock_create(&locks[1]));
        PARMAP_MUST(parmap_event_create(&event));
#ifdef NDEBUG
        say("release");
#else
        say("debug");
#endif
    }
    if (parmap_rank() == parmap_size() - 1) {
        PARMAP_MUST(parmap_queue_create(&queue, 0));
        PARMAP_MUST(parmap_queue_put(&queue, item, sizeof item, 0));
        PARMAP_MUST(parmap_queue_create(&freed, 0));
        PARMAP_MUST(parmap_queue_put(&freed, item, sizeof item, 0));
        PARMAP_MUST(parmap_queue_free(&freed));
    }
    return parmap_finish();
}

static int fill(int64_t mebibytes)
{
    parmap_array array;
    char line[1024];
    char *ones = malloc(1 << 20);
    int64_t done = 0;
    parmap_status status = PARMAP_OK;
    memset(ones, 1, 1 << 20);
    for (; done < mebibytes && status == PARMAP_OK; done += status == PARMAP_OK) {
        status = parmap_array_create(&array, 'c', 1 << 20);
        if (status == PARMAP_OK)
            PARMAP_MUST(parmap_array_write(&array, 0, 1 << 20, ones));
    }
    snprintf(line, sizeof line, "rank %d: %s after %d MiB: %s", parmap_rank(),
             parmap_status_name(status), (int)done, status == PARMAP_OK ? "" : parmap_message());
    say(line);
    free(ones);
    return parmap_finish();
}

static int hold(void)
{
    parmap_lock lock = {0};
    if (parmap_rank() == 0) {
        PARMAP_MUST(parmap_lock_create(&lock));
        PARMAP_MUST(parmap_lock_acquire(&lock, 0));
    }
    PARMAP_MUST(parmap_broadcast(&lock, sizeof lock, 0));
    PARMAP_MUST(parmap_sync_all());
    if (parmap_rank() == 0) {
        fputs("sharing: holding\n", stderr);
        sleep(100);
    }
    PARMAP_MUST(parmap_lock_acquire(&lock, PARMAP_FOREVER));
    return parmap_finish();
}

static int fail(void)
{
    const parmap_lock never_created = {.handle = {.rank = 0}};
    PARMAP_MUST(parmap_sync_all());
    if (parmap_rank() == parmap_size() - 1)
        PARMAP_MUST(parmap_lock_acquire(&never_created, 0));
    PARMAP_MUST(parmap_sync_all());
    return parmap_finish();
}

int main(int argc, char **argv)
{
    const parmap_status status = parmap_start(&argc, &argv);
    if (status != PARMAP_OK) {
        if (parmap_rank() == 0)
            fprintf(stderr, "sharing: error: %s\n", parmap_message());
        parmap_finish();
        return (int)status;
    }
    const char *command = argc > 1 ? argv[1] : "count";
    if (strcmp(command, "leak") == 0)
        return leak();
    if (strcmp(command, "fill") == 0)
        return fill(argc > 2 ? atoi(argv[2]) : 1);
    if (strcmp(command, "fail") == 0)
        return fail();
    return strcmp(command, "hold") == 0 ? hold() : count();
}
