/* Records are written whole, with one append; a torn one does not check and is passed over. */
#include "store/failed.h"

#include "base/hash.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct record {
    uint32_t check; /* of the rest */
    uint32_t attempts;
    int64_t item;
    uint32_t rank;
    uint32_t session;
    char host[PM_FAILED_HOST];
    char message[PM_FAILED_MESSAGE];
} record;

_Static_assert(sizeof(record) == PM_FAILED_BYTES, "a record is 256 bytes in the file");

enum { LEAST_RECORDS = 100, READ_RECORDS = 256 };

static uint32_t check_of(const record *r, uint64_t seed)
{
    return (uint32_t)pm_hash_block((const char *)r + sizeof r->check, sizeof *r - sizeof r->check,
                                   seed);
}

void pm_failed_texts(pm_failed *failed, const char *host, const char *message)
{
    pm_copy_line(failed->host, sizeof failed->host, host);
    pm_copy_line(failed->message, sizeof failed->message, message);
}

/* ---- writing --------------------------------------------------------------------------------- */

parmap_status pm_failed_log_open(pm_failed_log *log, const char *journal, uint64_t seed, int ranks)
{
    int64_t room = PM_FAILED_RECORDS_ALL / ranks;
    room = room > PM_FAILED_RECORDS ? PM_FAILED_RECORDS : room;
    room = room < LEAST_RECORDS ? LEAST_RECORDS : room;
    *log = (pm_failed_log){.seed = seed, .room = room};
    log->fd = open(journal, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (log->fd >= 0)
        return PARMAP_OK;
    return pm_fail(PARMAP_WRITE_ERROR,
                   "cannot open %s: %s; its folder must be one that all nodes share", journal,
                   strerror(errno));
}

void pm_failed_log_close(pm_failed_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}

parmap_status pm_failed_log_add(pm_failed_log *log, const pm_failed *failed)
{
    if (log->fd < 0 || atomic_fetch_add(&log->records, 1) >= log->room)
        return PARMAP_OK;
    record r = {.attempts = (uint32_t)failed->attempts,
                .item = failed->item,
                .rank = (uint32_t)failed->rank,
                .session = (uint32_t)failed->session};
    memcpy(r.host, failed->host, sizeof r.host);
    memcpy(r.message, failed->message, sizeof r.message);
    r.check = check_of(&r, log->seed);
    ssize_t written;
    do
        written = write(log->fd, &r, sizeof r);
    while (written < 0 && errno == EINTR);
    if (written == (ssize_t)sizeof r)
        return PARMAP_OK;
    return pm_fail(PARMAP_WRITE_ERROR,
                   "cannot note failed items in the journal: %s; make room, or choose another "
                   "--output",
                   strerror(written < 0 ? errno : ENOSPC));
}

/* ---- reading --------------------------------------------------------------------------------- */

parmap_status pm_failed_list_add(pm_failed_list *list, const pm_failed *failed)
{
    if (list->count == list->room) {
        const int64_t room = list->room > 0 ? 2 * list->room : 64;
        pm_failed *items = realloc(list->items, (size_t)room * sizeof *items);
        if (!items)
            return pm_fail(PARMAP_SYSTEM, "out of memory for the list of failed items");
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = *failed;
    return PARMAP_OK;
}

static parmap_status take(record *r, uint64_t seed, pm_failed_list *list)
{
    if (r->check != check_of(r, seed))
        return PARMAP_OK;
    pm_failed failed = {
        .item = r->item, .attempts = r->attempts, .session = r->session, .rank = r->rank};
    r->host[sizeof r->host - 1] = r->message[sizeof r->message - 1] = '\0';
    pm_failed_texts(&failed, r->host, r->message);
    return pm_failed_list_add(list, &failed);
}

parmap_status pm_failed_read(const char *journal, int64_t begin, uint64_t seed,
                             pm_failed_list *list)
{
    record some[READ_RECORDS];
    const int fd = open(journal, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return PARMAP_OK;
    if (fd < 0)
        return pm_fail(PARMAP_NO_INPUT, "cannot open %s: %s; make it readable", journal,
                       strerror(errno));
    parmap_status status = PARMAP_OK;
    for (ssize_t got; status == PARMAP_OK && (got = pread(fd, some, sizeof some, begin)) > 0;) {
        const ssize_t whole = got / (ssize_t)sizeof *some;
        for (ssize_t i = 0; i < whole && status == PARMAP_OK; i++)
            status = take(&some[i], seed, list);
        if (whole == 0)
            break;
        begin += whole * (ssize_t)sizeof *some;
    }
    close(fd);
    return status;
}

parmap_status pm_failed_bring(const char *to, const char *from, int64_t begin, uint64_t seed)
{
    pm_failed_log log;
    pm_failed_list list = {.count = 0};
    PM_TRY(pm_failed_log_open(&log, to, seed, 1));
    log.room = INT64_MAX;
    parmap_status status = pm_failed_read(from, begin, seed, &list);
    for (int64_t i = 0; i < list.count && status == PARMAP_OK; i++)
        status = pm_failed_log_add(&log, &list.items[i]);
    pm_failed_log_close(&log);
    pm_failed_list_free(&list);
    return status;
}

static int by_item(const void *a, const void *b)
{
    const pm_failed *x = a, *y = b;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    return x->session < y->session ? -1 : x->session > y->session;
}

void pm_failed_list_settle(pm_failed_list *list)
{
    int64_t kept = 0;
    if (list->count > 0)
        qsort(list->items, (size_t)list->count, sizeof *list->items, by_item);
    int64_t attempts = 0; /* of the item in earlier attempts of the run */
    for (int64_t i = 0; i < list->count; i++) {
        pm_failed next = list->items[i];
        const pm_failed *last = kept > 0 ? &list->items[kept - 1] : NULL;
        const bool again = last && last->item == next.item;
        if (!again)
            attempts = 0;
        else if (last->session != next.session) /* or it is the same, brought from elsewhere */
            attempts = last->attempts;
        next.attempts += attempts;
        kept -= again;
        list->items[kept++] = next;
    }
    list->count = kept;
}

void pm_failed_list_keep(pm_failed_list *list, bool (*keep)(void *context, const pm_failed *failed),
                         void *context)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < list->count; i++)
        if (keep(context, &list->items[i]))
            list->items[kept++] = list->items[i];
    list->count = kept;
}

void pm_failed_list_free(pm_failed_list *list)
{
    free(list->items);
    *list = (pm_failed_list){.items = NULL};
}
