/* contend WHAT SECONDS: rank 0 alone, then all ranks at once, again and again, for so long, on
 * something of the last rank; all calls together per second.
 *   lock          parmap_lock_acquire + parmap_lock_release
 *   a typecode    parmap_value_add to a value of it */
#include "ours.h"

typedef struct objects {
    parmap_value value;
    parmap_lock lock;
} objects;

static void add(void *value)
{
    PARMAP_MUST(parmap_value_add((const parmap_value *)value, 1));
}

static void take(void *lock)
{
    PARMAP_MUST(parmap_lock_acquire(lock, PARMAP_FOREVER));
    PARMAP_MUST(parmap_lock_release(lock));
}

/* Collective.  With the first `ranks` ranks; the others wait in parmap. */
static double together(int ranks, const objects *o, bool locks, double seconds)
{
    start_together();
    double rate = 0;
    if (parmap_rank() < ranks && locks)
        rate = rate_of(take, (void *)&o->lock, 64, seconds);
    else if (parmap_rank() < ranks)
        rate = rate_of(add, (void *)&o->value, 256, seconds);
    return sum_of(rate);
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (argc != 3)
        return parmap_finish() ? 71 : 64;
    const bool locks = !strcmp(argv[1], "lock");
    const double seconds = atof(argv[2]);
    objects o = {0};
    if (parmap_rank() == parmap_size() - 1) {
        PARMAP_MUST(parmap_value_create(&o.value, locks ? 'q' : argv[1][0], 0));
        PARMAP_MUST(parmap_lock_create(&o.lock));
    }
    share_of_last(&o, sizeof o);
    const double one = together(1, &o, locks, seconds);
    const double all = together(parmap_size(), &o, locks, seconds);
    if (parmap_rank() == 0) {
        printf("{\"one\": %.0f, \"all\": %.0f}\n", one, all);
        PARMAP_MUST(parmap_value_free(&o.value));
        PARMAP_MUST(parmap_lock_free(&o.lock));
    }
    return parmap_finish();
}
