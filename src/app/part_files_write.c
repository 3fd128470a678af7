/* The joined file is made as one run of the whole range would have made it: the same attributes,
 * the same blocks, the same checksum.  The probe is taken from the items that such a run would
 * probe. */
#include "app/part_files.h"

#include "app/alone.h"
#include "app/plan.h"
#include "app/summary.h"
#include "base/log.h"
#include "base/types.h"
#include "comm/pause.h"
#include "map/ends.h"
#include "map/parts.h"
#include "work/kernel.h"
#include "work/probe.h"

#include <stdlib.h>
#include <string.h>

typedef struct writing {
    const pm_part_files *parts;
    const pm_data **data; /* of each file */
    pm_parts_source source;
    parmap_kernel kernel; /* as far as the files know it */
    pm_mapping mapping;
    pm_topology topology;
    pm_plan plan;
    pm_file file;
    pm_output output;
    pm_todo todo;
} writing;

static bool has_checksum(const pm_part_file *part)
{
    return part->has_checksum;
}

static bool has_stats(const pm_part_file *part)
{
    return part->has_stats;
}

/* Whoever wanted it of some parts only hears why the whole has it not. */
static bool all_have(const pm_part_files *parts, bool (*has)(const pm_part_file *part),
                     const char *what)
{
    const char *without = NULL;
    int with = 0;
    for (int i = 0; i < parts->count; i++) {
        if (has(&parts->files[i]))
            with++;
        else if (!without)
            without = parts->files[i].path;
    }
    if (with > 0 && without)
        pm_log_note("%s gets no %s, because %s has none", parts->output, what, without);
    return !without;
}

/* What blocks of the whole go by (pm_plan_item_bytes). */
static size_t block_bytes(const pm_part_files *parts)
{
    pm_layout input;
    const pm_record *first = &parts->first.data;
    const bool read =
        pm_record_find(first, "input") &&
        pm_layout_parse(pm_record_get_text(first, "input_type", ""), &input) == PARMAP_OK;
    return parts->first.item.bytes + (read ? input.bytes : 0);
}

static void make_plan(writing *w)
{
    const pm_part_files *parts = w->parts;
    const pm_record *first = &parts->first.data;
    const pm_range *whole = &parts->join.whole;
    const double cost_s = parts->files[parts->join.shares.items[0].part].cost_s;
    w->kernel = (parmap_kernel){.name = pm_record_get_text(first, "kernel", "?"),
                                .version = (int)pm_record_get_int(first, "kernel_version", 0),
                                .cost_s = cost_s};
    w->mapping.kernel = &w->kernel;
    w->plan = (pm_plan){.range = *whole,
                        .whole = *whole,
                        .blocks = pm_blocks_plan(whole->count, block_bytes(parts), cost_s),
                        .result = parts->first.item,
                        .goal = PM_GOAL_WRITE,
                        .schedule = PM_SCHEDULE_STATIC,
                        .vector = -1,
                        .checksum = all_have(parts, has_checksum, "checksum"),
                        .stats = all_have(parts, has_stats, "statistics"),
                        .allow_rounding = pm_record_get_int(first, "rounding", 0) != 0};
}

static parmap_status read_probed(void *source, int64_t item, void *result)
{
    return pm_parts_read(source, item, 1, result);
}

static parmap_status describe(writing *w, const char *command)
{
    uint64_t probe;
    PM_TRY(pm_layout_parse(pm_record_get_text(&w->parts->first.data, "input_type", ""),
                           &w->plan.input));
    PM_TRY(pm_alone_topology(&w->topology));
    PM_TRY(pm_probe(w->plan.range.count, pm_probe_count(w->kernel.cost_s), w->plan.result.bytes,
                    read_probed, &w->source, &probe));
    pm_plan_describe_known(&w->plan, &w->mapping, &w->parts->first.data, probe,
                           w->parts->first.dataset, &w->topology, command, &w->file);
    return PARMAP_OK;
}

static parmap_status open_output(writing *w, bool force, bool *already)
{
    char path[PM_PATH];
    const pm_wish wish = {.nodes = 1,
                          .force = force,
                          .journal = true,
                          .recheck = w->plan.stats ? PM_RECHECK_ALL : PM_RECHECK_DOUBTED};
    PM_TRY(pm_output_resolve(w->parts->output, path));
    PM_TRY(pm_output_begin(&w->output, path, &w->file, &wish, &w->todo, already));
    if (*already)
        return PARMAP_OK;
    strcpy(w->plan.path, path);
    pm_plan_adopt(&w->plan, &w->file);
    w->plan.session = w->output.past.session;
    if (w->output.note[0])
        pm_log_warning("%s: %s", w->parts->output, w->output.note);
    return pm_todo_seal(&w->todo, 1, w->plan.blocks.count);
}

static parmap_status copy_to(const writing *w, pm_file_sink *sink, pm_tally *tally)
{
    const pm_flow flow = {.blocks = w->plan.blocks,
                          .todo = &w->todo,
                          .result = w->plan.result,
                          .vector = pm_vector_best(),
                          .checksum = w->plan.checksum,
                          .stats = w->plan.stats,
                          .source = &pm_source_parts,
                          .source_self = (void *)&w->source,
                          .sink = &pm_sink_file,
                          .sink_self = sink};
    PM_TRY(pm_data_open(&sink->data, w->plan.path, w->plan.offset, w->plan.result.bytes, true));
    PM_TRY(pm_journal_open(&sink->journal, w->plan.path, 0, true));
    PM_TRY(pm_alone_run(&flow, tally));
    return pm_data_sync(&sink->data);
}

static parmap_status copy(const writing *w, pm_tally *tally)
{
    pm_file_sink sink = {
        .data.fd = -1, .journal = {.fd = -1, .marks = -1}, .checksum = w->plan.checksum};
    const parmap_status status = copy_to(w, &sink, tally);
    pm_data_close(&sink.data);
    pm_journal_close(&sink.journal);
    return status;
}

static parmap_status print(const writing *w, const char *status, double seconds)
{
    const pm_record *d = &w->file.data;
    const pm_summary summary = {.program = "parmap",
                                .status = status,
                                .kernel = w->kernel.name,
                                .arithmetic = "",
                                .plan = &w->plan,
                                .topology = &w->topology,
                                .items = w->plan.range.count,
                                .before = seconds > 0 ? w->output.past.items : 0,
                                .seconds = seconds,
                                .balance = 1,
                                .has_checksum = pm_record_find(d, "checksum") != NULL,
                                .checksum = pm_record_get_uint(d, "checksum", 0),
                                .min = pm_record_get_text(d, "min", NULL),
                                .max = pm_record_get_text(d, "max", NULL),
                                .sum = pm_record_get_text(d, "sum", NULL),
                                .output = w->parts->output,
                                .dataset = w->file.dataset};
    return pm_summary_print(&summary, PM_SUMMARY_TEXT);
}

static parmap_status write_out(writing *w, bool force, const char *command)
{
    bool already;
    pm_tally tally;
    const double begun = pm_now();
    make_plan(w);
    PM_TRY(describe(w, command));
    PM_TRY(open_output(w, force, &already));
    if (already)
        return print(w, "already complete", 0);
    PM_TRY(copy(w, &tally));
    const double seconds = pm_now() - begun;
    pm_plan_conclude(&w->plan, w->output.past.checksum + tally.checksum, &tally.stats, seconds,
                     &w->file);
    PM_TRY(pm_output_finish(&w->output, &w->file, NULL));
    return print(w, "merged", seconds);
}

parmap_status pm_part_files_write(const pm_part_files *parts, bool force, const char *command)
{
    writing *w = calloc(1, sizeof *w); /* large */
    const pm_data **data = calloc((size_t)parts->count, sizeof *data);
    parmap_status status = PARMAP_SYSTEM;
    if (w && data) {
        for (int i = 0; i < parts->count; i++)
            data[i] = &parts->files[i].data;
        *w = (writing){.parts = parts, .source = {&parts->join, data}, .output.lock.fd = -1};
        status = write_out(w, force, command);
        pm_output_abandon(&w->output);
        pm_todo_free(&w->todo);
    } else {
        pm_fail(status, "out of memory for %d parts", parts->count);
    }
    free(data);
    free(w);
    return status;
}
