/* stall SECONDS: rank 1 computes for so long without a call of MPI or parmap; the longest that rank
 * 0 waits for something of rank 1 meanwhile, in milliseconds. */
#include "ours.h"

enum { WORDS = 512 };

typedef struct objects {
    parmap_value value;
    parmap_lock lock;
    parmap_array array;
} objects;

static void add(void *o)
{
    PARMAP_MUST(parmap_value_add(&((objects *)o)->value, 1));
}

static void take(void *o)
{
    PARMAP_MUST(parmap_lock_acquire(&((objects *)o)->lock, PARMAP_FOREVER));
    PARMAP_MUST(parmap_lock_release(&((objects *)o)->lock));
}

static void get(void *o)
{
    int64_t words[WORDS];
    PARMAP_MUST(parmap_array_read(&((objects *)o)->array, 0, WORDS, words));
}

static void make(objects *o)
{
    PARMAP_MUST(parmap_value_create(&o->value, 'q', 0));
    PARMAP_MUST(parmap_lock_create(&o->lock));
    PARMAP_MUST(parmap_array_create(&o->array, 'q', WORDS));
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (argc != 2 || parmap_size() != 2)
        return parmap_finish() ? 71 : 64;
    const double seconds = atof(argv[1]), third = (seconds - 0.1) / 3;
    objects o = {0};
    if (parmap_rank() == 1)
        make(&o);
    share_of_last(&o, sizeof o);
    const double start = start_together();
    if (parmap_rank() == 1) {
        compute_until(start + seconds);
    } else {
        printf("{\"add\": %.4f, ", longest_ms(add, &o, start + third));
        printf("\"lock\": %.4f, ", longest_ms(take, &o, start + 2 * third));
        printf("\"get\": %.4f}\n", longest_ms(get, &o, start + 3 * third));
    }
    PARMAP_MUST(parmap_sync_all());
    if (parmap_rank() == 1) {
        PARMAP_MUST(parmap_value_free(&o.value));
        PARMAP_MUST(parmap_lock_free(&o.lock));
        PARMAP_MUST(parmap_array_free(&o.array));
    }
    return parmap_finish();
}
