/* Which items are probed, and their hash. */
#include "work/probe.h"

#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>

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
    parmap_status status = PARMAP_OK;
    unsigned char *bytes = calloc(1, result_bytes);
    *probe = 0;
    if (!bytes)
        return pm_fail(PARMAP_SYSTEM, "out of memory for an item of %zu bytes", result_bytes);
    for (int i = 0; i < count && status == PARMAP_OK; i++) {
        status = result(context, probed_item(items, i, count), bytes);
        *probe += pm_hash_block(bytes, result_bytes, (uint64_t)i);
    }
    free(bytes);
    return status;
}

parmap_status pm_probe_items(int64_t items, int count, size_t result_bytes, pm_probe_result *result,
                             void *context, char probe[PM_PROBE_TEXT])
{
    unsigned char *bytes = calloc(1, result_bytes);
    if (!bytes)
        return pm_fail(PARMAP_SYSTEM, "out of memory for an item of %zu bytes", result_bytes);
    probe[0] = '\0';
    for (int i = 0; i < count; i++) {
        const bool good = result(context, probed_item(items, i, count), bytes) == PARMAP_OK;
        const uint64_t hash = pm_hash_block(bytes, result_bytes, (uint64_t)i);
        snprintf(probe + 4 * i, 5, good ? "%04x" : "----", (unsigned)(hash & 0xffff));
    }
    free(bytes);
    return PARMAP_OK;
}
