/* parmap info. */
#include "app/commands.h"

#include "base/text.h"
#include "store/failed_collect.h"
#include "store/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static parmap_status status_of(pm_output_state state)
{
    return state == PM_OUTPUT_MISSING   ? PARMAP_NO_INPUT
           : state == PM_OUTPUT_FOREIGN ? PARMAP_BAD_DATA
                                        : PARMAP_OK;
}

parmap_status pm_command_state(const char *path)
{
    static pm_file file;
    const pm_output_state state = pm_output_inspect(path, &file);
    puts(pm_output_state_word(state));
    const parmap_status status = status_of(state);
    return status == PARMAP_OK
               ? status
               : pm_fail(status, "%s is %s; give a file that a parmap program wrote", path,
                         pm_output_state_word(state));
}

static void print_field(const pm_field *field)
{
    printf("%s: ", field->name);
    switch (field->kind) {
    case PM_FIELD_TEXT_VALUE:
        puts(field->text);
        break;
    case PM_FIELD_INT:
        printf("%" PRId64 "\n", field->number.i);
        break;
    case PM_FIELD_UINT:
        printf("%016" PRIx64 "\n", field->number.u);
        break;
    case PM_FIELD_REAL:
        printf("%.6g\n", field->number.r);
        break;
    }
}

/* What is known at the end only. */
static bool comes_last(const char *name)
{
    static const char *const names[] = {"checksum", "failed", "seconds"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Empty texts say nothing: no Slurm job, a run that has not ended. */
static void print_record(const pm_record *record, bool complete)
{
    for (int i = 0; i < record->count; i++) {
        const pm_field *field = &record->fields[i];
        const bool says = field->kind != PM_FIELD_TEXT_VALUE || field->text[0];
        if (says && (complete || !comes_last(field->name)))
            print_field(field);
    }
}

static void print_failed_so_far(const char *path, const pm_file *file)
{
    int64_t failed;
    if (pm_failed_count(path, file, &failed, NULL, NULL) == PARMAP_OK)
        printf("failed: %" PRId64 " so far\n", failed);
}

static void print_unfinished(const char *path, pm_output_state state)
{
    pm_journal_head head;
    pm_lease writer;
    int64_t done;
    if (pm_marks_count(path, &head, &done) != PARMAP_OK)
        return;
    if (head.blocks > 0)
        printf("done: %" PRId64 " of %" PRId64 " blocks\n", done, head.blocks);
    else
        puts("done: not known, it keeps no journal");
    if (state == PM_OUTPUT_RUNNING && pm_lock_is_held(path, &writer) && writer.pid != 0)
        printf("writer: process %" PRId64 " on %s\n", writer.pid, writer.host);
}

parmap_status pm_command_info(const char *path)
{
    static pm_file file;
    char size[PM_NUMBER_TEXT], layout[PM_LAYOUT_TEXT];
    const pm_output_state state = pm_output_inspect(path, &file);
    if (status_of(state) != PARMAP_OK)
        return pm_output_read(path, &file); /* says it in words */
    printf("file: %s\nstate: %s\n", path, pm_output_state_word(state));
    if (file.dataset[0]) {
        pm_format_scaled(size, (double)file.items * (double)file.item.bytes, "B");
        printf("data set: /%s, %" PRId64 " x %s, %s at byte %" PRId64 "\n", file.dataset,
               file.items, pm_layout_format(layout, &file.item), size, file.offset);
        print_record(&file.data, file.complete);
        print_record(&file.run, file.complete);
    }
    if (state != PM_OUTPUT_COMPLETE)
        print_unfinished(path, state);
    if (file.has_statuses && !file.complete)
        print_failed_so_far(path, &file);
    return PARMAP_OK;
}
