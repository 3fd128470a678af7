/* Which items are probed, and their hash. */
#include "work/probe.h"

#include "base/hash.h"

#include <stdio.h>

static const double probe_seconds = 0.1; /* at most, at the start of a run */

int pm_probe_count(double cost_s)
{
    return cost_s * PM_PROBES > probe_seconds ? (int)(probe_seconds / cost_s) : PM_PROBES;
}

static int64_t probed_item(int64_t items, int i, int count)
{
    return (int64_t)((parmap_int128)(items - 1) * i / (count > 1 ? count - 1 : 1));
}

parmap_status pm_probe(int64_t items, int count, size_t result_bytes, pm_probe_result *result,
                       void *context, uint64_t *probe)
{
    _Alignas(64) unsigned char bytes[64] = {0};
    *probe = 0;
    for (int i = 0; i < count; i++) {
        PM_TRY(result(context, probed_item(items, i, count), bytes));
        *probe += pm_hash_block(bytes, result_bytes, (uint64_t)i);
    }
    return PARMAP_OK;
}

void pm_probe_items(int64_t items, int count, size_t result_bytes, pm_probe_result *result,
                    void *context, char probe[PM_PROBE_TEXT])
{
    _Alignas(64) unsigned char bytes[64] = {0};
    probe[0] = '\0';
    for (int i = 0; i < count; i++) {
        const bool good = result(context, probed_item(items, i, count), bytes) == PARMAP_OK;
        const uint64_t hash = pm_hash_block(bytes, result_bytes, (uint64_t)i);
        snprintf(probe + 4 * i, 5, good ? "%04x" : "----", (unsigned)(hash & 0xffff));
    }
}
