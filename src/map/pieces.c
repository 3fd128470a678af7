/* Pieces grow and shrink with the time that they take. */
#include "map/pieces.h"

#include "base/types.h"
#include "comm/pause.h"
#include "work/range.h"

#include <string.h>

enum {
    LINE_BYTES = 64, /* a kernel's loop takes results that are aligned so */
    GROWTH = 8,      /* the next items may be slower: from one piece to the next it grows by this */
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

/* The length of the piece that begins at item `at` of `count`.  It ends with a line where it can:
 * one that begins within a line cannot be computed in place. */
static int64_t cut(int64_t at, int64_t count, int64_t at_once, int64_t line_items)
{
    const int64_t rest = count - at, line_rest = line_items - at % line_items;
    const int64_t items = rest < at_once ? rest : at_once;
    if (line_rest < line_items)
        return items < line_rest ? items : line_rest;
    return items < rest && items > line_items ? items - items % line_items : items;
}

static void compute(parmap_loop *loop, const parmap_span *span, char *to, size_t bytes)
{
    _Alignas(LINE_BYTES) char line[LINE_BYTES];
    const bool in_place = (uintptr_t)to % LINE_BYTES == 0;
    loop(span, in_place ? to : line);
    if (!in_place)
        memcpy(to, line, bytes);
}

bool pm_compute_in_pieces(parmap_loop *loop, const parmap_span *span, void *results,
                          size_t item_bytes, pm_pace *pace, bool (*give_up)(void *context),
                          void *context)
{
    const int64_t line_items = LINE_BYTES / (int64_t)item_bytes;
    const pm_range range = {span->first, span->step, span->count};
    double begun = pm_now();
    for (int64_t at = 0, items; at < span->count; at += items) {
        if (at > 0 && give_up(context))
            return false;
        items = cut(at, span->count, pace->at_once, line_items);
        const parmap_span piece = {pm_range_item(&range, at), span->step, items};
        compute(loop, &piece, (char *)results + (size_t)at * item_bytes,
                (size_t)items * item_bytes);
        const double now = pm_now();
        adapt(pace, items, now - begun);
        begun = now;
    }
    return true;
}

parmap_status pm_compute_items_in_pieces(const pm_items *items, int64_t first, int64_t count,
                                         void *results, uint8_t *statuses, pm_pace *pace,
                                         bool (*give_up)(void *context), void *context)
{
    const size_t item_bytes = pm_type_bytes(items->result);
    double begun = pm_now();
    for (int64_t at = 0, some; at < count; at += some) {
        if (at > 0 && give_up(context))
            return PARMAP_STOPPED;
        some = count - at < pace->at_once ? count - at : pace->at_once;
        PM_TRY(pm_items_compute(items, first + at, some, (char *)results + (size_t)at * item_bytes,
                                statuses + at));
        const double now = pm_now();
        adapt(pace, some, now - begun);
        begun = now;
    }
    return PARMAP_OK;
}
