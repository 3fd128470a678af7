/* Pieces grow and shrink with the time that they take. */
#include "map/pieces.h"

#include "comm/pause.h"

enum {
    GROWTH = 8, /* the next items may be slower: from one piece to the next it grows by this */
    MOST_AT_ONCE = 1 << 30
};

static const double piece_s = 0.010;

pm_pace pm_pace_of(double cost_s)
{
    const double items = cost_s > 0 ? piece_s / cost_s : 1;
    return (pm_pace){items < 1 ? 1 : items > MOST_AT_ONCE ? MOST_AT_ONCE : (int64_t)items};
}

/* After a piece of `items` took so many seconds. */
static void adapt(pm_pace *pace, int64_t items, double seconds)
{
    if (seconds > piece_s) {
        pace->at_once = (int64_t)((double)items * piece_s / seconds);
        pace->at_once = pace->at_once < 1 ? 1 : pace->at_once;
    } else if (seconds < piece_s / 2 && items > pace->at_once / 2) {
        pace->at_once =
            pace->at_once < MOST_AT_ONCE / GROWTH ? pace->at_once * GROWTH : MOST_AT_ONCE;
    }
}

parmap_status pm_compute_in_pieces(pm_compute_some *compute, void *self, int64_t count,
                                   pm_pace *pace, bool (*give_up)(void *context), void *context)
{
    double begun = pm_now();
    for (int64_t at = 0, some; at < count; at += some) {
        if (at > 0 && give_up(context))
            return PARMAP_STOPPED;
        some = count - at < pace->at_once ? count - at : pace->at_once;
        PM_TRY(compute(self, at, some));
        const double now = pm_now();
        adapt(pace, some, now - begun);
        begun = now;
    }
    return PARMAP_OK;
}
