/* The static schedule: equal parts, computed; no communication.  Ranks get parts in proportion to
 * their threads, threads equal parts of their rank's.  Where there are several nodes, the borders
 * between ranks lie on whole pages of the file. */
#include "map/claim.h"

#include <stdatomic.h>
#include <stdlib.h>

/* The first block of the part that begins after `before` of `total` equal shares. */
static int64_t border(int64_t blocks, int64_t before, int64_t total, int64_t unit)
{
    if (before == total)
        return blocks;
    const int64_t exact = (int64_t)((parmap_int128)blocks * before / total);
    return exact - exact % unit;
}

static parmap_status open_static(pm_claims *claims)
{
    claims->state = calloc((size_t)claims->threads, sizeof(_Atomic bool)); /* which are claimed */
    if (!claims->state)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the claims of %d threads",
                       claims->threads);
    return PARMAP_OK;
}

/* The thread's own part, or one that no thread has begun: OpenMP may give fewer threads than asked
 * for. */
static int unclaimed_part(pm_claims *claims, int thread)
{
    _Atomic bool *claimed = claims->state;
    for (int i = 0; i < claims->threads; i++) {
        const int part = (thread + i) % claims->threads;
        if (!atomic_exchange(&claimed[part], true))
            return part;
    }
    return -1;
}

static bool claim_static(pm_claims *claims, int thread, pm_chunk *chunk)
{
    const pm_topology *t = claims->topology;
    const int part = unclaimed_part(claims, thread);
    if (part < 0)
        return false;
    const int64_t unit = t->nodes > 1 ? claims->unit : 1;
    const int64_t begin = border(claims->places, t->threads_before, t->threads_total, unit);
    const int64_t end =
        border(claims->places, t->threads_before + t->threads, t->threads_total, unit);
    *chunk = (pm_chunk){begin + border(end - begin, part, claims->threads, 1),
                        begin + border(end - begin, part + 1, claims->threads, 1)};
    return true;
}

static void close_static(pm_claims *claims)
{
    free(claims->state);
    claims->state = NULL;
}

const pm_schedule pm_schedule_static = {
    .name = "static", .open = open_static, .claim = claim_static, .close = close_static};
