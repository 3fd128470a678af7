/* What is wrong with a file keeps nobody from looking at the others: the user hears of all at once.
 */
#include "app/part_files.h"

#include "app/options.h"
#include "app/plan.h"
#include "base/text.h"
#include "base/types.h"
#include "store/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* ---- which files ----------------------------------------------------------------------------- */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_nlink > 0 && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* No file may be read twice, or be read and written.  Files that are not there are found later. */
static parmap_status check_names(const pm_part_files *parts, pm_complaints *complaints)
{
    const int count = parts->count;
    struct stat output = {.st_nlink = 0}, *places = calloc((size_t)count, sizeof *places);
    if (!places)
        return pm_fail(PARMAP_SYSTEM, "out of memory for %d parts", count);
    if (stat(parts->output, &output) != 0)
        output.st_nlink = 0;
    for (int i = 0; i < count; i++) {
        const char *path = parts->files[i].path;
        if (stat(path, &places[i]) != 0)
            places[i].st_nlink = 0;
        if (same_file(&output, &places[i]))
            pm_complain(complaints, pm_fail(PARMAP_USAGE,
                                            "the output %s is also given as a part, %s; choose "
                                            "another name for the output",
                                            parts->output, path));
        for (int j = 0; j < i; j++)
            if (same_file(&places[j], &places[i])) {
                pm_complain(complaints,
                            pm_fail(PARMAP_USAGE, "%s and %s are the same file; give it once",
                                    parts->files[j].path, path));
                break;
            }
    }
    free(places);
    return PARMAP_OK;
}

/* All files stay open, and a job array may have more tasks than a shell allows open files. */
static parmap_status allow_files(int count)
{
    struct rlimit limit;
    const rlim_t needed = (rlim_t)count + 64;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
        return PARMAP_OK;
    limit.rlim_cur = needed;
    if (needed <= limit.rlim_max && setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return PARMAP_OK;
    return pm_fail(PARMAP_SYSTEM,
                   "%d parts are more than the files that may be open at a time; raise the limit "
                   "(ulimit -n %llu)",
                   count, (unsigned long long)needed);
}

/* ---- what a file says ------------------------------------------------------------------------ */

static parmap_status damaged(const char *path)
{
    return pm_fail(PARMAP_BAD_DATA,
                   "%s does not say rightly what was computed: it is damaged; compute it again "
                   "with --force",
                   path);
}

static parmap_status read_complete(const char *path, pm_file *file)
{
    const pm_output_state state = pm_output_inspect(path, file);
    const char *command = pm_record_get_text(&file->run, "command", "");
    switch (state) {
    case PM_OUTPUT_COMPLETE:
        return PARMAP_OK;
    case PM_OUTPUT_RUNNING:
        return pm_fail(PARMAP_BAD_DATA, "%s is still being written; wait until its run has ended",
                       path);
    case PM_OUTPUT_INCOMPLETE:
        return pm_fail(PARMAP_BAD_DATA, "%s is incomplete; finish it first: run %s again", path,
                       *command ? command : "its program");
    case PM_OUTPUT_MISSING:
    case PM_OUTPUT_FOREIGN:
        break;
    }
    return pm_output_read(path, file); /* says it in words */
}

/* A part says of what. */
static bool read_part(pm_part_file *part, const pm_record *d)
{
    pm_value value;
    if (!pm_record_find(d, "part"))
        return true;
    if (pm_option_read(&pm_options[PM_OPTION_PART], pm_record_get_text(d, "part", "-"), &value) !=
            PARMAP_OK ||
        pm_plan_read_range(d, "whole_range", &part->whole) != PARMAP_OK)
        return false;
    part->part = value.part;
    if (part->part.of < 1 || part->part.of > part->whole.count)
        return false;
    if (part->range.count == 1)
        part->range.step = part->whole.step; /* a text of one item does not name it */
    const pm_range own = pm_range_part(&part->whole, part->part);
    return own.first == part->range.first && own.count == part->range.count &&
           own.step == part->range.step;
}

static parmap_status describe(pm_part_file *part, const pm_file *file)
{
    const pm_record *d = &file->data;
    if (pm_record_find(d, "failed"))
        return pm_fail(PARMAP_BAD_DATA,
                       "%s is of a kernel whose items can fail, and their statuses are not merged; "
                       "compute the whole range in one run",
                       part->path);
    if (pm_file_block_items(file) == 0 ||
        pm_plan_read_range(d, "range", &part->range) != PARMAP_OK ||
        part->range.count != file->items || !read_part(part, d))
        return damaged(part->path);
    part->blocks = pm_blocks_of(file->items, pm_file_block_items(file));
    part->cost_s = pm_record_get_real(d, "cost_s", 0);
    part->has_checksum = pm_record_find(d, "checksum") != NULL;
    part->checksum = pm_record_get_uint(d, "checksum", 0);
    part->has_stats = pm_record_find(d, "min") != NULL;
    return pm_data_open(&part->data, part->path, file->offset, file->item.bytes, false);
}

/* ---- whether they belong together ------------------------------------------------------------ */

/* An attribute as a text that a person reads. */
static const char *shown(const pm_file *file, const char *name, char number[PM_NUMBER_TEXT])
{
    if (strcmp(name, "dataset") == 0)
        return file->dataset;
    const char *text = pm_record_get_text(&file->data, name, NULL);
    if (text)
        return text;
    snprintf(number, PM_NUMBER_TEXT, "%" PRId64, pm_record_get_int(&file->data, name, -1));
    return number;
}

static void check_agreement(const pm_part_files *parts, const char *path, const pm_file *file,
                            pm_complaints *complaints)
{
    static const char *const names[][2] = {
        {"kernel", "kernel"},         {"kernel_version", "kernel version"}, {"type", "type"},
        {"input_type", "input type"}, {"rounding", "allow-rounding"},       {"dataset", "data set"},
        {"formula", "formula"},       {"parameters", "parameters"},         {"input", "input"},
    };
    char one[PM_NUMBER_TEXT], other[PM_NUMBER_TEXT];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *here = shown(file, names[i][0], one);
        const char *there = shown(&parts->first, names[i][0], other);
        if (strcmp(here, there) != 0)
            pm_complain(complaints,
                        pm_fail(PARMAP_BAD_DATA,
                                "%s has %s %s, but %s has %s; merge only parts of the same run",
                                path, names[i][1], here, parts->first_path, there));
    }
}

static parmap_status read_all(pm_part_files *parts, pm_complaints *complaints)
{
    pm_file *file = calloc(1, sizeof *file); /* large */
    if (!file)
        return pm_fail(PARMAP_SYSTEM, "out of memory for %d parts", parts->count);
    for (int i = 0; i < parts->count; i++) {
        pm_part_file *part = &parts->files[i];
        parmap_status status = read_complete(part->path, file);
        if (status == PARMAP_OK)
            status = describe(part, file);
        pm_complain(complaints, status);
        if (status != PARMAP_OK)
            continue;
        if (parts->first_path)
            check_agreement(parts, part->path, file, complaints);
        else
            parts->first = *file;
        if (!parts->first_path)
            parts->first_path = part->path;
    }
    free(file);
    return PARMAP_OK;
}

/* The part that says by which step the inputs follow each other: one of several items, or of a
 * range of several. */
static const pm_part_file *with_step(const pm_part_files *parts)
{
    for (int i = 0; i < parts->count; i++)
        if (parts->files[i].range.count > 1 || parts->files[i].whole.count > 1)
            return &parts->files[i];
    return &parts->files[0];
}

static void check_steps(const pm_part_files *parts, pm_complaints *complaints)
{
    const pm_part_file *guide = with_step(parts);
    const pm_range *range =
        guide->range.count > 1 || guide->part.of == 0 ? &guide->range : &guide->whole;
    char one[PM_RANGE_TEXT], other[PM_RANGE_TEXT];
    for (int i = 0; i < parts->count; i++) {
        const pm_part_file *part = &parts->files[i];
        if (!pm_range_meets(&part->range, range))
            pm_complain(complaints,
                        pm_fail(PARMAP_BAD_DATA,
                                "%s has range %s and %s range %s, which do not continue each "
                                "other: %s; merge only parts of one range",
                                part->path, pm_range_format(one, &part->range), guide->path,
                                pm_range_format(other, &guide->range),
                                part->range.count > 1 && part->range.step != range->step
                                    ? "their steps differ"
                                    : "their inputs lie between each other's"));
    }
}

/* ---- what they make up ----------------------------------------------------------------------- */

/* The range from the first to the last item of all files, and of all ranges that were divided. */
static parmap_status find_whole(const pm_part_files *parts, pm_range *whole)
{
    *whole = parts->files[0].range;
    whole->step = with_step(parts)->range.step;
    for (int i = 0; i < parts->count; i++) {
        PM_TRY(pm_range_widen(whole, &parts->files[i].range));
        if (parts->files[i].part.of > 0)
            PM_TRY(pm_range_widen(whole, &parts->files[i].whole));
    }
    return PARMAP_OK;
}

static parmap_status lay(pm_part_files *parts)
{
    pm_range whole, *ranges = calloc((size_t)parts->count, sizeof *ranges);
    if (!ranges)
        return pm_fail(PARMAP_SYSTEM, "out of memory for %d parts", parts->count);
    for (int i = 0; i < parts->count; i++)
        ranges[i] = parts->files[i].range;
    parmap_status status = find_whole(parts, &whole);
    if (status == PARMAP_OK)
        status = pm_join_make(&parts->join, &whole, ranges, parts->count);
    free(ranges);
    return status;
}

/* "part 3/8", "parts 3/8 to 5/8": those of a divided range that have items of a gap; false when
 * none has. */
static bool missing_parts(const pm_part_files *parts, const pm_part_file *file, const pm_share *gap,
                          char *text, size_t bytes)
{
    char first[PM_PART_TEXT], last[PM_PART_TEXT];
    if (file->part.of == 0)
        return false;
    const pm_range *divided = &file->whole;
    const int64_t begin =
        (int64_t)pm_range_steps(parts->join.whole.first, divided->first, parts->join.whole.step);
    const int64_t from = gap->begin > begin ? gap->begin - begin : 0;
    const int64_t to = gap->end - begin < divided->count ? gap->end - begin : divided->count;
    if (from >= to)
        return false;
    const int64_t of = file->part.of, low = pm_range_part_of(divided, of, from),
                  high = pm_range_part_of(divided, of, to - 1);
    pm_part_format(first, (pm_part){low, of});
    pm_part_format(last, (pm_part){high, of});
    snprintf(text, bytes, low == high ? "part %s" : "parts %s to %s", first, last);
    return true;
}

static parmap_status fail_gap(const pm_part_files *parts, const pm_share *gap)
{
    char inputs[PM_RANGE_TEXT], whole[PM_RANGE_TEXT], names[2 * PM_PART_TEXT + 16];
    const pm_range missing = pm_range_between(&parts->join.whole, gap->begin, gap->end);
    pm_range_format(inputs, &missing);
    for (int i = 0; i < parts->count; i++)
        if (missing_parts(parts, &parts->files[i], gap, names, sizeof names))
            return pm_fail(PARMAP_BAD_DATA,
                           "inputs %s are in none of the files: %s of range %s; compute them with "
                           "--range and --part, or give their files, too",
                           inputs, names, pm_range_format(whole, &parts->files[i].whole));
    return pm_fail(PARMAP_BAD_DATA,
                   "inputs %s are in none of the files; compute them with --range %s, or give "
                   "their file, too",
                   inputs, inputs);
}

parmap_status pm_part_files_open(pm_part_files *parts, const char *output, char *const *paths,
                                 int count, pm_complaints *complaints)
{
    *parts = (pm_part_files){.count = count, .output = output};
    parts->files = calloc((size_t)count, sizeof *parts->files);
    if (!parts->files)
        return pm_fail(PARMAP_SYSTEM, "out of memory for %d parts", count);
    for (int i = 0; i < count; i++)
        parts->files[i] = (pm_part_file){.path = paths[i], .data.fd = -1};
    PM_TRY(allow_files(count));
    PM_TRY(check_names(parts, complaints));
    PM_TRY(read_all(parts, complaints));
    if (complaints->status != PARMAP_OK)
        return PARMAP_OK;
    check_steps(parts, complaints);
    if (complaints->status != PARMAP_OK)
        return PARMAP_OK;
    PM_TRY(lay(parts));
    for (int i = 0; i < parts->join.gaps.count; i++)
        pm_complain(complaints, fail_gap(parts, &parts->join.gaps.items[i]));
    return PARMAP_OK;
}

void pm_part_files_close(pm_part_files *parts)
{
    for (int i = 0; i < parts->count && parts->files; i++)
        pm_data_close(&parts->files[i].data);
    free(parts->files);
    pm_join_free(&parts->join);
    *parts = (pm_part_files){.files = NULL};
}
