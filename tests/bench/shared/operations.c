/* operations SECONDS: what rank 0 pays for each operation on objects of rank 1, which waits inside
 * parmap, in nanoseconds. */
#include "ours.h"

enum { WORDS = 512 };

typedef struct objects {
    parmap_value value;
    parmap_lock lock;
    parmap_semaphore semaphore;
    parmap_event event;
    parmap_array array;
    parmap_queue queue;
} objects;

static int64_t words[WORDS];

static void value_add(void *o)
{
    PARMAP_MUST(parmap_value_add(&((objects *)o)->value, 1));
}

static void value_load(void *o)
{
    PARMAP_MUST(parmap_value_load(&((objects *)o)->value, words));
}

static void lock(void *o)
{
    PARMAP_MUST(parmap_lock_acquire(&((objects *)o)->lock, PARMAP_FOREVER));
    PARMAP_MUST(parmap_lock_release(&((objects *)o)->lock));
}

static void semaphore(void *o)
{
    PARMAP_MUST(parmap_semaphore_acquire(&((objects *)o)->semaphore, PARMAP_FOREVER));
    PARMAP_MUST(parmap_semaphore_release(&((objects *)o)->semaphore));
}

static void event_is_set(void *o)
{
    bool set;
    PARMAP_MUST(parmap_event_is_set(&((objects *)o)->event, &set));
}

static void slice_8(void *o)
{
    PARMAP_MUST(parmap_array_read(&((objects *)o)->array, 0, 1, words));
}

static void slice_4096(void *o)
{
    PARMAP_MUST(parmap_array_read(&((objects *)o)->array, 0, WORDS, words));
}

static void queue(void *o)
{
    PARMAP_MUST(parmap_queue_put(&((objects *)o)->queue, words, 8, PARMAP_FOREVER));
    PARMAP_MUST(parmap_queue_get(&((objects *)o)->queue, words, 8, NULL, PARMAP_FOREVER));
}

static void make(objects *o)
{
    PARMAP_MUST(parmap_value_create(&o->value, 'q', 0));
    PARMAP_MUST(parmap_lock_create(&o->lock));
    PARMAP_MUST(parmap_semaphore_create(&o->semaphore, 1));
    PARMAP_MUST(parmap_event_create(&o->event));
    PARMAP_MUST(parmap_array_create(&o->array, 'q', WORDS));
    PARMAP_MUST(parmap_queue_create(&o->queue, 64));
}

static void unmake(objects *o)
{
    PARMAP_MUST(parmap_value_free(&o->value));
    PARMAP_MUST(parmap_lock_free(&o->lock));
    PARMAP_MUST(parmap_semaphore_free(&o->semaphore));
    PARMAP_MUST(parmap_event_free(&o->event));
    PARMAP_MUST(parmap_array_free(&o->array));
    PARMAP_MUST(parmap_queue_free(&o->queue));
}

static void measure(objects *o, double seconds)
{
    printf("{\"value add\": %.1f, ", ns_of(value_add, o, seconds));
    printf("\"value load\": %.1f, ", ns_of(value_load, o, seconds));
    printf("\"lock\": %.1f, ", ns_of(lock, o, seconds));
    printf("\"semaphore\": %.1f, ", ns_of(semaphore, o, seconds));
    printf("\"event is_set\": %.1f, ", ns_of(event_is_set, o, seconds));
    printf("\"slice of 8\": %.1f, ", ns_of(slice_8, o, seconds));
    printf("\"slice of 4096\": %.1f, ", ns_of(slice_4096, o, seconds));
    printf("\"queue\": %.1f}\n", ns_of(queue, o, seconds));
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (argc != 2 || parmap_size() != 2)
        return parmap_finish() ? 71 : 64;
    objects o = {0};
    if (parmap_rank() == 1)
        make(&o);
    share_of_last(&o, sizeof o);
    if (parmap_rank() == 0)
        measure(&o, atof(argv[1]));
    PARMAP_MUST(parmap_sync_all());
    if (parmap_rank() == 1)
        unmake(&o);
    return parmap_finish();
}
