/* Slots of 16 bytes at fixed places: marking is one small pwrite, and whatever moment a process is
 * killed at, a slot is either whole or does not check. */
#include "store/journal.h"

#include "base/hash.h"
#include "comm/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COPY_BYTES = 4096, HEADER_BYTES = 2 * COPY_BYTES, FORMAT = 3 };

static const char magic[16] = "parmap journal\n";

typedef struct header {
    char magic[16];
    uint32_t format;
    uint32_t header_bytes;
    uint32_t slot_bytes;
    uint32_t node;
    uint64_t check; /* of the head */
    pm_journal_head head;
} header;

_Static_assert(sizeof(header) <= PM_JOURNAL_LEASE, "the lease has its place behind the header");

char *pm_journal_path(char path[PM_JOURNAL_PATH], const char *output, int node)
{
    snprintf(path, PM_JOURNAL_PATH, "%s.journal-%d", output, node);
    return path;
}

uint64_t pm_journal_seed(const char *identity)
{
    return pm_hash_block(identity, strlen(identity), 0);
}

int64_t pm_journal_place(int64_t block)
{
    return HEADER_BYTES + block * (int64_t)sizeof(pm_slot);
}

int64_t pm_journal_end(int64_t blocks)
{
    return (pm_journal_place(blocks) + COPY_BYTES - 1) / COPY_BYTES * COPY_BYTES;
}

bool pm_journal_exists(const char *output)
{
    char path[PM_JOURNAL_PATH];
    return access(pm_journal_path(path, output, 0), F_OK) == 0;
}

/* Of a file in the output's folder: the node whose journal it is, or -1.  Only the name that
 * pm_journal_path would give it counts: "-02" is somebody else's. */
static int node_of(const char *file, const char *output)
{
    char path[PM_JOURNAL_PATH];
    const size_t length = strlen(output);
    int node;
    if (strncmp(file, output, length) != 0 || sscanf(file + length, ".journal-%d", &node) != 1)
        return -1;
    return node >= 0 && strcmp(file, pm_journal_path(path, output, node)) == 0 ? node : -1;
}

bool pm_journal_each(const char *output, void (*visit)(const char *path, int node, void *context),
                     void *context)
{
    char folder[PM_PATH], base[PM_PATH], path[PM_JOURNAL_PATH];
    snprintf(folder, sizeof folder, "%s", output);
    snprintf(base, sizeof base, "%s", output);
    const char *name = basename(base);
    DIR *entries = opendir(dirname(folder));
    if (!entries)
        return errno == ENOENT;
    for (struct dirent *entry; (entry = readdir(entries));) {
        const int node = node_of(entry->d_name, name);
        if (node >= 0)
            visit(pm_journal_path(path, output, node), node, context);
    }
    closedir(entries);
    return true;
}

static parmap_status cannot_write(const char *path, int error)
{
    return pm_fail(PARMAP_WRITE_ERROR, "cannot write %s: %s; %s", path, strerror(error),
                   pm_data_way_out(error));
}

static parmap_status write_at(int fd, const char *path, const void *bytes, size_t count, off_t at)
{
    const char *from = bytes;
    while (count > 0) {
        const ssize_t written = pwrite(fd, from, count, at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return cannot_write(path, written < 0 ? errno : ENOSPC);
        from += written;
        at += written;
        count -= (size_t)written;
    }
    return PARMAP_OK;
}

/* ---- header ---------------------------------------------------------------------------------- */

static uint64_t check_of(const pm_journal_head *head)
{
    return pm_hash_block(head, sizeof *head, 0);
}

static bool read_copy(int fd, off_t at, header *h)
{
    return pread(fd, h, sizeof *h, at) == (ssize_t)sizeof *h &&
           memcmp(h->magic, magic, sizeof magic) == 0 && h->format == FORMAT &&
           h->check == check_of(&h->head);
}

bool pm_journal_head_read(int fd, pm_journal_head *head)
{
    header h;
    if (!read_copy(fd, 0, &h) && !read_copy(fd, COPY_BYTES, &h))
        return false;
    *head = h.head;
    return true;
}

/* The second copy only after the first is on its way: one of them is always whole. */
static parmap_status write_copies(int fd, const char *path, int node, const pm_journal_head *head)
{
    header h;
    memset(&h, 0, sizeof h);
    memcpy(h.magic, magic, sizeof magic);
    h.format = FORMAT;
    h.header_bytes = HEADER_BYTES;
    h.slot_bytes = sizeof(pm_slot);
    h.node = (uint32_t)node;
    h.check = check_of(head);
    h.head = *head;
    PM_TRY(write_at(fd, path, &h, sizeof h, 0));
    return write_at(fd, path, &h, sizeof h, COPY_BYTES);
}

parmap_status pm_journal_head_write(const char *output, int node, const pm_journal_head *head)
{
    char path[PM_JOURNAL_PATH];
    const int fd = open(pm_journal_path(path, output, node), O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return cannot_write(path, errno);
    const parmap_status status = write_copies(fd, path, node, head);
    close(fd);
    return status;
}

/* ---- making and removing --------------------------------------------------------------------- */

static void remove_from(const char *path, int node, void *context)
{
    if (node >= *(const int *)context)
        unlink(path);
}

/* Older slots go before the header names a new run. */
static parmap_status create_one(const char *output, int node, const pm_journal_head *head)
{
    char path[PM_JOURNAL_PATH];
    const int fd = open(pm_journal_path(path, output, node), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return cannot_write(path, errno);
    parmap_status status = PARMAP_OK;
    if (ftruncate(fd, HEADER_BYTES) != 0 || ftruncate(fd, pm_journal_end(head->blocks)) != 0)
        status = cannot_write(path, errno);
    if (status == PARMAP_OK)
        status = write_copies(fd, path, node, head);
    close(fd);
    return status;
}

parmap_status pm_journal_create(const char *output, int first, int nodes,
                                const pm_journal_head *head)
{
    pm_journal_each(output, remove_from, &nodes);
    for (int node = first; node < nodes; node++)
        PM_TRY(create_one(output, node, head));
    return PARMAP_OK;
}

void pm_journal_remove(const char *output)
{
    pm_journal_each(output, remove_from, &(int){0});
}

/* ---- marking --------------------------------------------------------------------------------- */

static parmap_status sign(const char *output, int node, pm_journal_head *head)
{
    pm_host here;
    pm_host_describe(&here);
    head->boot = here.boot;
    return pm_journal_head_write(output, node, head);
}

parmap_status pm_journal_disown(const pm_journal *journal)
{
    pm_journal_head head;
    if (!pm_journal_head_read(journal->fd, &head))
        return PARMAP_OK; /* nobody trusts it then */
    head.boot = 0;
    return write_copies(journal->fd, journal->path, journal->node, &head);
}

parmap_status pm_journal_open(pm_journal *journal, const char *output, int node, bool leader)
{
    pm_journal_head head;
    pm_journal_path(journal->path, output, node);
    journal->fd = open(journal->path, O_RDWR | O_CLOEXEC);
    journal->marks = journal->fd;
    char first[PM_JOURNAL_PATH];
    pm_journal_path(first, output, 0);
    if (node > 0 && journal->fd >= 0)
        journal->marks = open(first, O_RDONLY | O_CLOEXEC);
    if (journal->fd < 0 || journal->marks < 0)
        return pm_fail(PARMAP_WRITE_ERROR,
                       "cannot open %s: %s; its folder must be one that all nodes share",
                       journal->fd < 0 ? journal->path : first, strerror(errno));
    if (!pm_journal_head_read(journal->fd, &head))
        return pm_fail(PARMAP_WRITE_ERROR,
                       "%s was changed while the run began; run the same command again",
                       journal->path);
    journal->seed = pm_journal_seed(head.identity);
    journal->session = (uint16_t)head.session;
    journal->keeps = head.blocks > 0;
    journal->node = node;
    return leader && journal->keeps ? sign(output, node, &head) : PARMAP_OK;
}

parmap_status pm_journal_sync(int fd, const char *path)
{
    if (fdatasync(fd) == 0)
        return PARMAP_OK;
    return pm_fail(PARMAP_WRITE_ERROR, "cannot bring %s onto the disk: %s; %s", path,
                   strerror(errno), pm_data_way_out(errno));
}

void pm_journal_close(pm_journal *journal)
{
    if (journal->marks >= 0 && journal->marks != journal->fd)
        close(journal->marks);
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = journal->marks = -1;
}

parmap_status pm_journal_mark(const pm_journal *journal, int64_t block, uint64_t hash,
                              uint8_t flags)
{
    if (!journal->keeps)
        return PARMAP_OK;
    pm_slot slot = {
        .state = PM_SLOT_WRITTEN, .flags = flags, .session = journal->session, .hash = hash};
    pm_slot_seal(&slot, block, journal->seed);
    return write_at(journal->fd, journal->path, &slot, sizeof slot, pm_journal_place(block));
}

bool pm_journal_slots_read(int fd, int64_t first, int64_t count, pm_slot *slots)
{
    const size_t bytes = (size_t)count * sizeof *slots;
    size_t have = 0;
    while (have < bytes) {
        const ssize_t got =
            pread(fd, (char *)slots + have, bytes - have, pm_journal_place(first) + (off_t)have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    memset((char *)slots + have, 0, bytes - have);
    return true;
}

parmap_status pm_journal_slots_write(int fd, const char *path, int64_t first, int64_t count,
                                     const pm_slot *slots)
{
    return write_at(fd, path, slots, (size_t)count * sizeof *slots, pm_journal_place(first));
}
