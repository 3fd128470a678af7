/* From settings to a plan; plan_describe.c has what the file says of it. */
#include "app/plan.h"

#include "app/options.h"
#include "base/types.h"
#include "work/compute.h"
#include "work/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
double pm_plan_cost(const pm_plan *plan, const parmap_kernel *kernel)
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
        plan->blocks =
            pm_blocks_plan(plan->range.count, bytes, pm_plan_cost(plan, mapping->kernel));
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
