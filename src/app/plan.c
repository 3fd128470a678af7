/* From settings to a plan, and from a plan to what the file says of it. */
#include "app/plan.h"

#include "app/options.h"
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

const char *pm_schedule_name(pm_schedule_kind kind)
{
    return kind == PM_SCHEDULE_DYNAMIC ? "dynamic" : "static";
}

parmap_vector pm_plan_vector(const pm_plan *plan)
{
    const parmap_vector best = pm_vector_best();
    return plan->vector < 0 || plan->vector > (int)best ? best : (parmap_vector)plan->vector;
}

static pm_range range_of(const pm_typed_range *bounds)
{
    return (pm_range){bounds->first, bounds->step, pm_typed_range_count(bounds)};
}

parmap_status pm_plan_read_range(const pm_record *record, const char *name, pm_range *range)
{
    pm_value value;
    *range = pm_range_of_none();
    if (strcmp(pm_record_get_text(record, name, "-"), PM_RANGE_NONE) == 0)
        return PARMAP_OK;
    PM_TRY(pm_option_read(&pm_options[PM_OPTION_RANGE], pm_record_get_text(record, name, "-"),
                          &value));
    *range = range_of(&value.bounds);
    return PARMAP_OK;
}

static bool same_range(const pm_range *a, const pm_range *b)
{
    return a->first == b->first && a->count == b->count && (a->step == b->step || a->count == 1);
}

static parmap_status not_ours(const char *path, const char *what, const char *stored,
                              const char *wanted, const char *way_out)
{
    return pm_fail(PARMAP_BAD_DATA, "%s was computed with %s %s, not %s; %s", path, what, stored,
                   wanted, way_out);
}

static parmap_status damaged(const char *path)
{
    return pm_fail(PARMAP_BAD_DATA,
                   "%s does not say rightly what was computed: it is damaged; compute it "
                   "again with --force",
                   path);
}

/* Attributes that tell a mapping from others: what the file says, and what this one would. */
static parmap_status same_mapping(const pm_mapping *mapping, const pm_range *range,
                                  const char *path, const pm_record *stored)
{
    static const struct {
        const char *name, *way_out;
    } attributes[] = {{"formula", "give the formula that it was computed with"},
                      {"parameters", "give them with --param"},
                      {"input", "give the inputs that it was computed from"}};
    pm_record wanted = {.count = 0};
    pm_mapping_describe(mapping, range, &wanted);
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        const char *there = pm_record_get_text(stored, attributes[i].name, "none"),
                   *here = pm_record_get_text(&wanted, attributes[i].name, "none");
        if (strcmp(there, here) != 0)
            return not_ours(path, attributes[i].name, there, here, attributes[i].way_out);
    }
    return PARMAP_OK;
}

/* What was computed stands in the file; what the user says besides must agree. */
static parmap_status adopt(pm_plan *plan, pm_mapping *mapping, const pm_settings *settings,
                           const pm_file *file)
{
    const pm_record *d = &file->data;
    const parmap_kernel *kernel = mapping->kernel;
    const char *name = pm_record_get_text(d, "kernel", "?");
    pm_layout input;
    if (!file->complete)
        return pm_fail(PARMAP_BAD_DATA, "%s is incomplete; finish the run before verifying it",
                       settings->verify);
    if (strcmp(name, kernel->name) != 0)
        return not_ours(settings->verify, "kernel", name, kernel->name,
                        "verify it with the program that wrote it");
    if (pm_record_get_int(d, "kernel_version", -1) != kernel->version)
        return pm_fail(PARMAP_BAD_DATA,
                       "%s was computed with another version of kernel %s; compute it "
                       "again with --force",
                       settings->verify, name);
    PM_TRY(same_mapping(mapping, &plan->range, settings->verify, d));
    if (pm_layout_parse(pm_record_get_text(d, "input_type", ""), &input) != PARMAP_OK ||
        pm_plan_read_range(d, "range", &plan->range) != PARMAP_OK)
        return damaged(settings->verify);
    if (!mapping->columns && pm_layout_is_number(&input))
        mapping->type = input.fields[0].type;
    plan->type = mapping->type;
    if (pm_file_block_items(file) == 0 || plan->range.count != file->items)
        return damaged(settings->verify);
    plan->allow_rounding = pm_record_get_int(d, "rounding", 0) != 0;
    const pm_range wanted = pm_range_part(&plan->whole, settings->part);
    char stored_text[PM_RANGE_TEXT], wanted_text[PM_RANGE_TEXT];
    if ((settings->range_given || settings->part.of > 0) && !same_range(&plan->range, &wanted))
        return not_ours(settings->verify, "--range", pm_range_format(stored_text, &plan->range),
                        pm_range_format(wanted_text, &wanted),
                        settings->part.of > 0 ? "leave out --range and --part"
                                              : "leave out --range");
    if (settings->type_given && settings->type != plan->type)
        return not_ours(settings->verify, "--type", pm_type_name(plan->type),
                        pm_type_name(settings->type), "leave out --type");
    return PARMAP_OK;
}

static parmap_status plan_verification(pm_plan *plan, pm_mapping *mapping,
                                       const pm_settings *settings, pm_file *file)
{
    char *real = realpath(settings->verify, NULL);
    snprintf(plan->path, sizeof plan->path, "%s", real ? real : settings->verify);
    free(real);
    PM_TRY(pm_output_read(settings->verify, file));
    plan->goal = PM_GOAL_VERIFY;
    plan->offset = file->offset;
    plan->statuses_offset = file->statuses_offset;
    plan->checksum = plan->stats = false;
    plan->samples = settings->sample < file->items ? settings->sample : 0;
    return adopt(plan, mapping, settings, file);
}

/* What items can fail at takes its time, even where the kernel does not say so. */
static double cost_of(const pm_plan *plan, const parmap_kernel *kernel)
{
    static const double least_s = 1e-6;
    return kernel->cost_s == 0 && plan->can_fail ? least_s : kernel->cost_s;
}

size_t pm_plan_item_bytes(const pm_plan *plan)
{
    return plan->result.bytes + (plan->mapping.columns_bytes > 0 ? plan->input.bytes : 0);
}

static parmap_status plan_blocks(pm_plan *plan, const pm_mapping *mapping, const pm_file *file)
{
    const size_t bytes = pm_plan_item_bytes(plan);
    if (plan->range.count > (INT64_MAX - (INT64_C(1) << 30)) / (int64_t)bytes)
        return pm_fail(PARMAP_USAGE,
                       "more elements than a file can hold; choose a smaller --range");
    if (plan->samples > 0)
        plan->blocks = pm_blocks_of(plan->samples, 1);
    else if (plan->goal == PM_GOAL_VERIFY)
        plan->blocks = pm_blocks_of(plan->range.count, pm_file_block_items(file));
    else
        plan->blocks = pm_blocks_plan(plan->range.count, bytes, cost_of(plan, mapping->kernel));
    return PARMAP_OK;
}

static parmap_status check_vector(int vector)
{
    if (vector <= (int)pm_vector_best())
        return PARMAP_OK;
    return pm_fail(PARMAP_USAGE, "this processor has no vector unit %s; choose --vector auto or %s",
                   pm_vector_name((parmap_vector)vector), pm_vector_name(pm_vector_best()));
}

/* What is asked for must fit a kernel whose items can fail, or cannot. */
static parmap_status check_failing(const pm_plan *plan, const parmap_kernel *kernel,
                                   const pm_settings *settings, const pm_file *file)
{
    if (plan->part.of > 0 && plan->can_fail && plan->goal == PM_GOAL_WRITE)
        return pm_fail(PARMAP_USAGE,
                       "items of kernel %s can fail, and parmap merge does not join such files; "
                       "leave out --part, and use more nodes",
                       kernel->name);
    if (plan->nan == PM_NAN_FAIL && !plan->can_fail)
        return pm_fail(PARMAP_USAGE, "items of %s cannot fail; use --nan stop or --nan pass",
                       kernel->name);
    if (settings->rerun_failed && !plan->can_fail)
        return pm_fail(PARMAP_USAGE, "items of %s cannot fail; leave out --rerun-failed",
                       pm_kernel_name(kernel));
    if (settings->rerun_failed && plan->goal != PM_GOAL_WRITE)
        return pm_fail(PARMAP_USAGE, "--rerun-failed needs the file with the failed items; name it "
                                     "with --output");
    if (settings->verify && plan->can_fail != file->has_statuses)
        return pm_fail(PARMAP_BAD_DATA,
                       "%s was computed with a kernel whose items %s fail; compute it again with "
                       "--force",
                       settings->verify, file->has_statuses ? "can" : "cannot");
    return PARMAP_OK;
}

parmap_status pm_plan_computer(const pm_plan *plan, const pm_mapping *mapping,
                               pm_computer *computer)
{
    return pm_computer_make(computer, mapping->kernel, plan->type, pm_plan_vector(plan),
                            plan->allow_rounding);
}

/* Rows of data sets: all, or those that --range chooses. */
static parmap_status choose_rows(const pm_settings *settings, const pm_columns *columns,
                                 pm_range *whole)
{
    const int64_t rows = columns->rows;
    *whole = rows > 0 ? (pm_range){0, 1, rows} : pm_range_of_none();
    if (settings->part.of > rows)
        return pm_fail(PARMAP_USAGE, "--part: more parts than there are rows, %lld; use fewer",
                       (long long)rows);
    if (!settings->range_given)
        return PARMAP_OK;
    const pm_typed_range *r = &settings->range;
    if (r->step != 1 || r->first < 0 || r->last >= rows || r->last < r->first)
        return pm_fail(PARMAP_USAGE,
                       "--range chooses rows of the inputs, and there are %lld: from 0 to %lld, "
                       "without a step",
                       (long long)rows, (long long)rows - 1);
    *whole = range_of(r);
    return PARMAP_OK;
}

/* Of records, whose fields differ, there is no least one. */
static parmap_status check_stats(const pm_plan *plan)
{
    char layout[PM_LAYOUT_TEXT];
    if (!plan->stats || pm_layout_is_plain(&plan->result))
        return PARMAP_OK;
    return pm_fail(
        PARMAP_USAGE,
        "--stats is for results that are numbers or arrays of numbers, and these are %s; "
        "leave it out",
        pm_layout_format(layout, &plan->result));
}

parmap_status pm_plan_make(pm_plan *plan, pm_mapping *mapping, const pm_settings *settings,
                           pm_file *file)
{
    pm_computer computer;
    if (mapping->columns)
        PM_TRY(choose_rows(settings, mapping->columns, &plan->whole));
    else if (settings->range.step != 0)
        plan->whole = range_of(&settings->range);
    plan->part = settings->part;
    plan->range = pm_range_part(&plan->whole, plan->part);
    plan->type = mapping->type;
    plan->mapping = mapping->head;
    plan->nan = settings->nan;
    plan->goal = settings->output ? PM_GOAL_WRITE : PM_GOAL_COMPUTE;
    plan->schedule = settings->schedule;
    plan->vector = settings->vector;
    plan->threads = settings->threads;
    plan->checksum = settings->checksum;
    plan->stats = settings->stats;
    plan->allow_rounding = settings->allow_rounding;
    plan->sync_s = settings->sync_s;
    plan->session = 1;
    if (settings->verify)
        PM_TRY(plan_verification(plan, mapping, settings, file));
    PM_TRY(check_vector(plan->vector));
    PM_TRY(pm_plan_computer(plan, mapping, &computer));
    if (!mapping->columns)
        PM_TRY(pm_kernel_check_domain(mapping->kernel, plan->type, &plan->range,
                                      plan->allow_rounding));
    if (!mapping->columns && computer.code->checked_loops[0])
        PM_TRY(pm_compute_beyond(&computer, &plan->range));
    plan->input = computer.input;
    plan->result = computer.result;
    PM_TRY(check_stats(plan));
    if (settings->verify && !pm_layout_equal(&plan->result, &file->item))
        return damaged(settings->verify);
    plan->can_fail = computer.code->item != NULL;
    plan->retries = settings->retries;
    plan->failed_limit =
        settings->verify ? INT64_MAX : pm_on_error_limit(&settings->on_error, plan->range.count);
    PM_TRY(check_failing(plan, mapping->kernel, settings, file));
    return plan_blocks(plan, mapping, file);
}

static void print_fact(const char *name, int64_t value)
{
    printf("%s = %lld\n", name, (long long)value);
}

void pm_plan_print(const pm_plan *plan, const pm_settings *settings)
{
    char range[PM_RANGE_TEXT], part[PM_PART_TEXT];
    print_fact("items", plan->blocks.items);
    print_fact("blocks", plan->blocks.count);
    print_fact("block_items", plan->blocks.block_items);
    print_fact("bytes", plan->blocks.items * (int64_t)plan->result.bytes);
    printf("range = %s\n", pm_range_format(range, &plan->range));
    if (plan->part.of > 0)
        printf("part = %s\n", pm_part_format(part, plan->part));
    printf("output = %s\n", plan->goal == PM_GOAL_WRITE ? settings->output : "none");
}

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
        return computer->code->item(p->input, result);
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
    pm_record_real(d, "cost_s", cost_of(plan, kernel));
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
