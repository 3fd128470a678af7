/* Slots of 16 bytes at fixed places: marking is one small pwrite, and whatever moment a process is
 * killed at, a slot is either whole or absent. */
#include "store/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_BYTES = 4096, FORMAT = 1, DONE = 1, READ_SLOTS = 4096 };

static const char magic[16] = "parmap journal\n";

typedef struct header {
    char magic[16];
    uint32_t format;
    uint32_t header_bytes;
    uint32_t slot_bytes;
    uint32_t node;
    pm_journal_head head;
} header;

typedef struct slot {
    uint32_t state;   /* 0 = nothing is known, DONE */
    uint32_t session; /* which attempt wrote it, from 1 */
    uint64_t hash;    /* of the block's data */
} slot;

_Static_assert(sizeof(header) <= HEADER_BYTES, "the header has its page");
_Static_assert(sizeof(slot) == 16, "a slot is 16 bytes in the file");

static void path_of(char path[PM_PATH + 32], const char *output, int node)
{
    snprintf(path, PM_PATH + 32, "%s.journal-%d", output, node);
}

/* An open-file-description lock: unlike the older kind it is not lost when another descriptor
 * closes. */
static int lock(int fd, int command, struct flock *lock)
{
    *lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, command, lock);
}

static bool same_file(int fd, const char *path)
{
    struct stat open_one, named_one;
    return fstat(fd, &open_one) == 0 && stat(path, &named_one) == 0 &&
           open_one.st_ino == named_one.st_ino && open_one.st_dev == named_one.st_dev;
}

/* What comes from a disk may be anything: its texts get an end. */
static bool read_header(int fd, header *h)
{
    if (pread(fd, h, sizeof *h, 0) != (ssize_t)sizeof *h)
        return false;
    h->head.identity[sizeof h->head.identity - 1] = '\0';
    h->head.host[sizeof h->head.host - 1] = '\0';
    return memcmp(h->magic, magic, sizeof magic) == 0 && h->format == FORMAT &&
           h->head.blocks >= 1 && h->head.block_items >= 1;
}

static parmap_status held(int fd, const char *output)
{
    header h;
    if (!read_header(fd, &h))
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "%s is being written by another run; wait for it, or choose "
                       "another --output",
                       output);
    return pm_fail(PARMAP_CANNOT_CREATE,
                   "%s is being written by another run (host %s, process %lld); wait "
                   "for it, or choose another --output",
                   output, h.head.host, (long long)h.head.pid);
}

parmap_status pm_journal_lock(const char *output, int *lock_fd, bool *had_journal)
{
    char path[PM_PATH + 32];
    path_of(path, output, 0);
    for (;;) {
        struct flock record;
        *had_journal = access(path, F_OK) == 0;
        const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0)
            return pm_fail(PARMAP_CANNOT_CREATE,
                           "cannot create %s: %s; choose an --output in a folder you "
                           "may write to",
                           path, strerror(errno));
        if (lock(fd, F_OFD_SETLK, &record) != 0 && (errno == EAGAIN || errno == EACCES)) {
            const parmap_status status = held(fd, output);
            close(fd);
            return status;
        } /* where the file system knows no locks, the run goes on without */
        if (same_file(fd, path)) {
            *lock_fd = fd;
            return PARMAP_OK;
        }
        close(fd); /* a run that just ended took the name away */
    }
}

bool pm_journal_is_locked(const char *output)
{
    char path[PM_PATH + 32];
    path_of(path, output, 0);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct flock record;
    const bool locked = lock(fd, F_OFD_GETLK, &record) == 0 && record.l_type != F_UNLCK;
    close(fd);
    return locked;
}

bool pm_journal_is_ours(const char *output, int lock_fd)
{
    char path[PM_PATH + 32];
    path_of(path, output, 0);
    return same_file(lock_fd, path);
}

bool pm_journal_exists(const char *output)
{
    char path[PM_PATH + 32];
    path_of(path, output, 0);
    return access(path, F_OK) == 0;
}

/* Calls `visit` for each journal of `output`, with its node number. */
static void each_journal(const char *output,
                         void (*visit)(const char *path, int node, void *context), void *context)
{
    char folder[PM_PATH], base[PM_PATH], path[PM_PATH + 32];
    snprintf(folder, sizeof folder, "%s", output);
    snprintf(base, sizeof base, "%s", output);
    const char *name = basename(base);
    const size_t length = strlen(name);
    DIR *entries = opendir(dirname(folder));
    if (!entries)
        return;
    for (struct dirent *entry; (entry = readdir(entries));) {
        char end;
        int node;
        if (strncmp(entry->d_name, name, length) == 0 &&
            sscanf(entry->d_name + length, ".journal-%d%c", &node, &end) == 1) {
            path_of(path, output, node);
            visit(path, node, context);
        }
    }
    closedir(entries);
}

static void remove_from(const char *path, int node, void *context)
{
    if (node >= *(const int *)context)
        unlink(path);
}

static parmap_status cannot_write(const char *path)
{
    return pm_fail(PARMAP_WRITE_ERROR, "cannot write %s: %s; make room, or choose another --output",
                   path, strerror(errno));
}

/* The file of the lock must keep its inode, so it is emptied rather than replaced. */
static parmap_status create_one(const char *output, int node, const pm_journal_head *head)
{
    char path[PM_PATH + 32], page[HEADER_BYTES] = {0};
    const header h = {.format = FORMAT,
                      .header_bytes = HEADER_BYTES,
                      .slot_bytes = sizeof(slot),
                      .node = (uint32_t)node,
                      .head = *head};
    memcpy(page, &h, sizeof h);
    memcpy(page, magic, sizeof magic);
    path_of(path, output, node);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return cannot_write(path);
    const off_t bytes = HEADER_BYTES + head->blocks * (off_t)sizeof(slot);
    const bool good = ftruncate(fd, 0) == 0 && ftruncate(fd, bytes) == 0 &&
                      pwrite(fd, page, sizeof page, 0) == (ssize_t)sizeof page;
    const parmap_status status = good ? PARMAP_OK : cannot_write(path);
    close(fd);
    return status;
}

parmap_status pm_journal_create(const char *output, int nodes, const pm_journal_head *head)
{
    each_journal(output, remove_from, &nodes);
    for (int node = 0; node < nodes; node++)
        PM_TRY(create_one(output, node, head));
    return PARMAP_OK;
}

parmap_status pm_journal_open(pm_journal *journal, const char *output, int node)
{
    path_of(journal->path, output, node);
    journal->fd = open(journal->path, O_RDWR | O_CLOEXEC);
    if (journal->fd >= 0)
        return PARMAP_OK;
    return pm_fail(PARMAP_WRITE_ERROR,
                   "cannot open %s: %s; its folder must be one that all nodes share", journal->path,
                   strerror(errno));
}

void pm_journal_close(pm_journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = -1;
}

parmap_status pm_journal_mark(const pm_journal *journal, int64_t block, uint64_t hash)
{
    const slot mark = {.state = DONE, .session = 1, .hash = hash};
    const off_t at = HEADER_BYTES + block * (off_t)sizeof mark;
    for (;;) {
        const ssize_t written = pwrite(journal->fd, &mark, sizeof mark, at);
        if (written == (ssize_t)sizeof mark)
            return PARMAP_OK;
        if (written >= 0)
            errno = ENOSPC;
        if (errno != EINTR)
            return cannot_write(journal->path);
    }
}

typedef struct reading {
    pm_journal_head head;
    bool found;   /* the first node's, with the header */
    bool present; /* any */
    int64_t done;
} reading;

static int64_t count_done(int fd)
{
    static slot slots[READ_SLOTS];
    int64_t done = 0;
    off_t at = HEADER_BYTES;
    for (ssize_t got; (got = pread(fd, slots, sizeof slots, at)) >= (ssize_t)sizeof(slot);) {
        const size_t whole = (size_t)got / sizeof(slot);
        for (size_t i = 0; i < whole; i++)
            done += slots[i].state == DONE;
        at += (off_t)(whole * sizeof(slot));
    }
    return done;
}

static void read_one(const char *path, int node, void *context)
{
    reading *r = context;
    header h;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    r->present = true;
    if (read_header(fd, &h) && h.node == (uint32_t)node) {
        r->done += count_done(fd);
        if (node == 0) {
            r->found = true;
            r->head = h.head;
        }
    }
    close(fd);
}

parmap_status pm_journal_read(const char *output, pm_journal_head *head, int64_t *done)
{
    reading r = {0};
    each_journal(output, read_one, &r);
    *head = r.head;
    *done = r.done;
    if (r.found)
        return PARMAP_OK;
    return r.present
               ? pm_fail(PARMAP_BAD_DATA,
                         "the journal of %s is damaged; compute it again with --force", output)
               : pm_fail(PARMAP_NO_INPUT, "%s has no journal", output);
}

void pm_journal_remove(const char *output)
{
    each_journal(output, remove_from, &(int){0});
}
