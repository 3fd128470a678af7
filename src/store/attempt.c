/* The order of writes decides what is left when it is killed: journals that know of no data yet,
 * the file, then the journals that do. */
#include "store/attempt.h"

#include "base/types.h"
#include "store/identity.h"
#include "store/repair.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Appends to what the user is told: clauses, with a semicolon between them. */
static void tell(pm_output *output, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(pm_output *output, const char *format, ...)
{
    size_t used = strlen(output->note);
    if (used > 0)
        used += (size_t)snprintf(output->note + used, sizeof output->note - used, "; ");
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(output->note + used, sizeof output->note - used, format, arguments);
    va_end(arguments);
}

static parmap_status note_file(pm_output *output)
{
    struct stat made;
    if (stat(output->path, &made) != 0)
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "cannot find %s any more: %s; run the same command again", output->path,
                       strerror(errno));
    output->device = (int64_t)made.st_dev;
    output->inode = (int64_t)made.st_ino;
    return PARMAP_OK;
}

static int64_t blocks_of(const pm_file *file, int64_t block_items)
{
    return (file->items + block_items - 1) / block_items;
}

/* The journals know how the file is laid out only once it is there: until then there is nothing to
 * resume. */
static parmap_status announce(const pm_output *output, const pm_file *file, int nodes,
                              pm_journal_head *head)
{
    head->inode = output->inode;
    PM_TRY(pm_metadata_take(output->path, file, &head->layout));
    for (int node = 0; node < nodes; node++)
        PM_TRY(pm_journal_head_write(output->path, node, head));
    return PARMAP_OK;
}

static parmap_status create(pm_output *output, pm_file *wanted, const pm_wish *wish,
                            const char *text, pm_todo *todo)
{
    pm_journal_head head;
    memset(&head, 0, sizeof head); /* the padding too */
    head.block_items = pm_record_get_int(&wanted->data, "block_items", 1);
    const int64_t blocks = blocks_of(wanted, head.block_items);
    head.blocks = wish->journal ? blocks : 0;
    head.session = output->past.session = 1;
    output->keeps = wish->journal;
    snprintf(head.identity, sizeof head.identity, "%s", text);
    PM_TRY(pm_journal_create(output->path, 0, wish->nodes, &head));
    PM_TRY(pm_file_create(output->path, wanted));
    PM_TRY(note_file(output));
    PM_TRY(announce(output, wanted, wish->nodes, &head));
    return pm_todo_all(todo, blocks);
}

parmap_status pm_attempt_afresh(pm_output *output, pm_file *wanted, const pm_wish *wish,
                                const char *identity, const char *why, pm_todo *todo)
{
    if (wish->rerun)
        return pm_fail(PARMAP_CANNOT_CREATE, "cannot compute only the failed items of %s: %s; %s",
                       output->path, *why ? why : "it was not begun",
                       *why ? "use --force to compute all of it again"
                            : "leave out --rerun-failed");
    if (wish->resume)
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "there is nothing to resume in %s: %s; leave out --resume to compute it",
                       output->path, *why ? why : "it was not begun");
    if (*why)
        tell(output, "%s, so it is computed from the start", why);
    const parmap_status status = create(output, wanted, wish, identity, todo);
    if (status != PARMAP_OK)
        pm_journal_remove(output->path);
    return status;
}

/* ---- taken up -------------------------------------------------------------------------------- */

/* Every block of a file that was damaged, or that the journal was not written with, is suspect. */
static pm_recheck suspect(pm_output *output, const pm_journal_head *head, bool readable,
                          pm_recheck recheck)
{
    if (!readable)
        tell(output,
             "its metadata was damaged and is written again, and every block is read again");
    else if (head->inode != 0 && head->inode != output->inode)
        tell(output, "it was replaced since, so every block is read again");
    else
        return recheck;
    return PM_RECHECK_SUSPECT;
}

/* What the file says of its data, and of this attempt what fits its attributes. */
static void adopt(pm_file *wanted, const pm_file *there)
{
    pm_file file = *there;
    for (int i = 0; i < wanted->run.count; i++) {
        const pm_field *field = &wanted->run.fields[i];
        if (strcmp(field->name, "started") != 0)
            pm_record_update(&file.run, field);
    }
    *wanted = file;
}

/* The metadata is written again, as the run would lay it out today. */
static parmap_status repair(pm_output *output, pm_file *wanted, const pm_journal_head *head,
                            pm_present *there)
{
    pm_record_int(&wanted->data, "block_items", head->block_items);
    if (wanted->has_statuses) /* as the run began */
        pm_record_text(&wanted->data, "probe", pm_identity_probe(head->identity));
    PM_TRY(pm_file_repair(output->path, wanted, &head->layout));
    return pm_file_read(output->path, &there->file);
}

/* What the journals shall say from now on. */
static parmap_status describe(const pm_output *output, const pm_present *there, const pm_file *file,
                              pm_journal_head *head)
{
    memset(head, 0, sizeof *head);
    if (there->marks.known)
        *head = there->marks.head;
    else
        pm_identity(head->identity, file);
    if (there->readable)
        head->block_items = pm_file_block_items(file);
    if (head->block_items == 0)
        return pm_fail(PARMAP_BAD_DATA,
                       "%s does not say rightly how long its blocks are: it is damaged; compute it "
                       "again with --force",
                       output->path);
    head->blocks = blocks_of(file, head->block_items);
    return PARMAP_OK;
}

static parmap_status resume(pm_output *output, pm_present *there, const pm_file *file,
                            pm_journal_head *head, const pm_wish *wish, pm_recheck recheck,
                            pm_todo *todo)
{
    pm_data statuses = {.fd = -1};
    if (file->has_statuses)
        PM_TRY(pm_data_open(&statuses, output->path,
                            there->readable ? file->statuses_offset : head->layout.statuses.begin,
                            1, false));
    const pm_resuming how = {.items = file->items,
                             .nodes = wish->nodes,
                             .recheck = recheck,
                             .rerun = wish->rerun,
                             .statuses = file->has_statuses ? &statuses : NULL};
    const parmap_status status = pm_resume(&there->marks, head, &how, todo, &output->past);
    pm_data_close(&statuses);
    return status;
}

/* A damaged file is repaired only when its marks are doubted for good: this may be killed too. */
parmap_status pm_attempt_take_up(pm_output *output, pm_file *wanted, pm_present *there,
                                 const pm_wish *wish, pm_todo *todo)
{
    pm_journal_head head;
    const pm_file *file = there->readable ? &there->file : wanted;
    PM_TRY(describe(output, there, file, &head));
    PM_TRY(note_file(output));
    const bool needs_all = pm_record_find(&file->data, "min") != NULL; /* values, for statistics */
    const pm_recheck asked = needs_all ? PM_RECHECK_ALL : wish->recheck;
    const pm_recheck recheck = suspect(output, &head, there->readable, asked);
    output->keeps = true;
    pm_marks_assume(&there->marks, &head);
    PM_TRY(resume(output, there, file, &head, wish, recheck, todo));
    if (!there->readable)
        PM_TRY(repair(output, wanted, &head, there));
    else if (there->file.complete)
        PM_TRY(pm_file_reopen(output->path, &there->file));
    PM_TRY(announce(output, &there->file, wish->nodes, &head));
    if (there->marks.damaged)
        tell(output, "the header of a journal was damaged");
    if (output->past.torn > 0)
        tell(output, "%" PRId64 " of its marks were torn or damaged", output->past.torn);
    adopt(wanted, &there->file);
    return PARMAP_OK;
}
