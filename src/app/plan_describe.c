/* What a file says of a plan, before the run and after it. */
#include "app/plan.h"

#include "base/types.h"
#include "comm/pause.h"
#include "comm/world.h"
#include "work/compute.h"
#include "work/finite.h"
#include "work/kernel.h"
#include "work/probe.h"

#include "build_info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUN_TEXT = 192 }; /* bytes that a text about a run has in the file */

char *pm_format_now(char text[32])
{
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text;
}

/* A kernel and one input at a time. */
typedef struct pm_probed {
    pm_computer computer;
    const pm_plan *plan;
    const pm_mapping *mapping;
    void *input;
} pm_probed;

static parmap_status compute_probed(void *context, int64_t item, void *result)
{
    const pm_probed *p = context;
    const pm_computer *computer = &p->computer;
    const pm_range *range = &p->plan->range;
    const bool reads = p->mapping->reader;
    if (reads)
        PM_TRY(
            pm_columns_read(p->mapping->reader, (int64_t)pm_range_item(range, item), 1, p->input));
    else if (computer->code->item)
        pm_range_input(range, item, computer->code->input, p->input);
    if (computer->code->item && reads && p->plan->nan == PM_NAN_FAIL)
        PM_TRY(pm_finite_check(&computer->input, p->input));
    if (computer->code->item)
        return pm_compute_item(computer, p->input, result);
    return reads ? pm_compute_items(computer, p->input, item, 1, result)
                 : pm_compute_range(computer, range, item, 1, p->input, result);
}

static parmap_status probe_with(pm_probed *p, pm_record *data)
{
    const pm_plan *plan = p->plan;
    const int count = plan->range.count > 0 ? pm_probe_count(p->mapping->kernel->cost_s) : 0;
    char items[PM_PROBE_TEXT];
    uint64_t probed;
    p->computer.vector = PARMAP_VECTOR_BASELINE;
    if (plan->can_fail) {
        PM_TRY(
            pm_probe_items(plan->range.count, count, plan->result.bytes, compute_probed, p, items));
        pm_record_text(data, "probe", items);
    } else {
        PM_TRY(pm_probe(plan->range.count, count, plan->result.bytes, compute_probed, p, &probed));
        pm_record_uint(data, "probe", probed);
    }
    return PARMAP_OK;
}

static parmap_status add_probe(const pm_plan *plan, const pm_mapping *mapping, pm_record *data)
{
    pm_probed p = {.plan = plan, .mapping = mapping};
    PM_TRY(pm_plan_computer(plan, mapping, &p.computer));
    p.input = calloc(1, plan->input.bytes + sizeof(parmap_int128));
    if (!p.input)
        return pm_fail(PARMAP_SYSTEM, "out of memory for an item of %zu bytes", plan->input.bytes);
    const parmap_status status = probe_with(&p, data);
    free(p.input);
    return status;
}

/* A slow kernel that does not say so gets blocks that are too large to share out. */
static parmap_status probe(const pm_plan *plan, const pm_mapping *mapping, pm_record *data)
{
    const parmap_kernel *kernel = mapping->kernel;
    static const double long_block_s = 0.2;
    const double begun = pm_now();
    PM_TRY(add_probe(plan, mapping, data));
    const double each_s = (pm_now() - begun) / PM_PROBES;
    const bool unknown = kernel->cost_s == 0 && !kernel->text && !mapping->columns;
    if (unknown && each_s * (double)pm_block_length(&plan->blocks, 0) > long_block_s)
        pm_log_warning(
            "an item of kernel %s takes %.1e s, so a block of %lld is too long to share out; add "
            ".cost_s = %.0e to its PARMAP_DOMAIN",
            kernel->name, each_s, (long long)pm_block_length(&plan->blocks, 0), each_s);
    return PARMAP_OK;
}

static void describe_data(const pm_plan *plan, const pm_mapping *mapping, pm_record *d)
{
    const parmap_kernel *kernel = mapping->kernel;
    char range[PM_RANGE_TEXT], part[PM_PART_TEXT], layout[PM_LAYOUT_TEXT];
    pm_record_text(d, "kernel", kernel->name);
    pm_record_int(d, "kernel_version", kernel->version);
    pm_record_text(d, "type", pm_layout_format(layout, &plan->result));
    pm_record_text(d, "input_type", pm_layout_format(layout, &plan->input));
    pm_record_text(d, "range", pm_range_format(range, &plan->range));
    if (plan->part.of > 0) {
        pm_record_text(d, "part", pm_part_format(part, plan->part));
        pm_record_text(d, "whole_range", pm_range_format(range, &plan->whole));
    }
    if (plan->nan == PM_NAN_FAIL)
        pm_record_text(d, "nan", "fail");
    pm_record_int(d, "rounding", plan->allow_rounding);
    pm_record_int(d, "count", plan->range.count);
    pm_record_int(d, "block_items", plan->blocks.block_items);
    pm_record_real(d, "cost_s", pm_plan_cost(plan, kernel));
    if (plan->checksum) {
        pm_record_uint(d, "checksum", 0);
        pm_record_text(d, "checksum_method",
                       plan->can_fail ? "sum mod 2^64 of XXH3_64bits(block, seed = block number), "
                                        "of the results and of their statuses"
                                      : "sum mod 2^64 of XXH3_64bits(block, seed = block number)");
    }
    static const char *const folds[] = {"min", "max", "sum"};
    for (int i = 0; plan->stats && i < (plan->result.fields[0].type == PARMAP_INT128 ? 2 : 3);
         i++) {
        pm_record_text(d, folds[i], "");
        pm_record_room(d, folds[i], PM_STATS_TEXT);
    }
}

static void describe_run(const pm_plan *plan, const pm_topology *topology, pm_record *r)
{
    char now[32];
    const char *job = getenv("SLURM_JOB_ID");
    pm_record_int(r, "format", 1);
    pm_record_text(r, "version", PARMAP_VERSION);
    pm_record_text(r, "build", PM_BUILD_INFO);
    pm_record_text(r, "mpi", pm_world_library());
    pm_record_text(r, "hdf5", pm_file_library());
    pm_record_int(r, "nodes", topology->nodes);
    pm_record_int(r, "ranks", topology->size);
    pm_record_int(r, "threads", topology->threads_total);
    pm_record_text(r, "schedule", pm_schedule_name(plan->schedule));
    pm_record_text(r, "vector", pm_vector_name(pm_plan_vector(plan)));
    pm_record_text(r, "host", topology->host);
    pm_record_text(r, "started", pm_format_now(now));
    pm_record_int(r, "sessions", 1);
    pm_record_text(r, "ended", "");
    pm_record_room(r, "ended", sizeof now);
    pm_record_real(r, "seconds", 0);
    pm_record_text(r, "slurm_job_id", job ? job : "");
    /* a later attempt may have longer ones */
    static const char *const texts[] = {"version",  "build",  "mpi",  "hdf5",
                                        "schedule", "vector", "host", "slurm_job_id"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        pm_record_room(r, texts[i], RUN_TEXT);
}

/* All but the probe. */
static void describe(const pm_plan *plan, const pm_mapping *mapping, const char *dataset,
                     const pm_topology *topology, const char *command, pm_file *file)
{
    *file =
        (pm_file){.item = plan->result, .items = plan->range.count, .has_statuses = plan->can_fail};
    snprintf(file->dataset, sizeof file->dataset, "%s", dataset);
    describe_data(plan, mapping, &file->data);
    describe_run(plan, topology, &file->run);
    pm_record_text(&file->run, "command", command);
    pm_record_room(&file->run, "command", PM_FIELD_TEXT);
}

parmap_status pm_plan_describe(const pm_plan *plan, const pm_mapping *mapping,
                               const pm_settings *settings, const pm_topology *topology,
                               const char *command, pm_file *file)
{
    describe(plan, mapping, settings->dataset, topology, command, file);
    pm_mapping_describe(mapping, &plan->range, &file->data);
    return probe(plan, mapping, &file->data);
}

/* What the parts of a range say of the mapping, their whole says too. */
static void copy_mapping(const pm_record *known, pm_record *data)
{
    static const char *const names[] = {"formula", "parameters", "input", "arithmetic"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (pm_record_find(known, names[i]))
            pm_record_text(data, names[i], pm_record_get_text(known, names[i], ""));
}

void pm_plan_describe_known(const pm_plan *plan, const pm_mapping *mapping, const pm_record *known,
                            uint64_t probed, const char *dataset, const pm_topology *topology,
                            const char *command, pm_file *file)
{
    describe(plan, mapping, dataset, topology, command, file);
    copy_mapping(known, &file->data);
    pm_record_uint(&file->data, "probe", probed);
}

void pm_plan_adopt(pm_plan *plan, const pm_file *file)
{
    plan->offset = file->offset;
    plan->statuses_offset = file->statuses_offset;
    plan->checksum = pm_record_find(&file->data, "checksum") != NULL;
    plan->stats = pm_record_find(&file->data, "min") != NULL;
    plan->blocks = pm_blocks_of(file->items, pm_record_get_int(&file->data, "block_items", 0));
}

void pm_plan_conclude(const pm_plan *plan, uint64_t checksum, const pm_stats *stats, double seconds,
                      pm_file *file)
{
    char now[32], min[PM_STATS_TEXT], max[PM_STATS_TEXT], sum[PM_STATS_TEXT];
    if (plan->checksum)
        pm_record_uint(&file->data, "checksum", checksum);
    if (plan->stats) {
        pm_stats_format(stats, plan->result.fields[0].type, min, max, sum);
        pm_record_text(&file->data, "min", min);
        pm_record_text(&file->data, "max", max);
        if (*sum)
            pm_record_text(&file->data, "sum", sum);
    }
    pm_record_int(&file->run, "sessions", plan->session);
    pm_record_text(&file->run, "ended", pm_format_now(now));
    pm_record_real(&file->run, "seconds", seconds);
}
