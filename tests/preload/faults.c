/* faults - a library for LD_PRELOAD: a file system that fails, or a process that dies, at a call
 * chosen beforehand.
 *
 * FAULTS holds words key=value, separated by blanks:
 *   path=TEXT    the calls on files whose path contains it are counted, from 1 on
 *   rank=N       ... in this rank only
 *   calls=A,B    ... of these kinds: create write sync resize rename unlink; open (of
 *                what is there) and read only when they are named
 *   at=N         the first call that something happens to (1)
 *   times=N      to so many calls (all from there on)
 *   do=kill-before, kill-after, kill-half   SIGKILL, or that after half of the bytes
 *   do=fail      with errno=NUMBER
 *   do=short     half of the bytes are moved, and no error
 *   do=sleep     the call is made ms=NUMBER milliseconds later
 *   do=count     nothing happens
 *   log=FILE     gets a line "N kind path" for each call that something happens to
 *
 * The calls are made by syscall(), past any library that comes after this one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

typedef enum call_kind { CREATE, WRITE, SYNC, RESIZE, RENAME, UNLINK, OPEN, READ, KINDS } call_kind;
typedef enum action { COUNT, KILL_BEFORE, KILL_HALF, KILL_AFTER, FAIL, SHORT, SLEEP } action;
typedef enum key { PATH, RANK, CALLS, DO, LOG, AT, TIMES, ERRNO, MS, KEYS } key;

static const char *const kind_words[] = {"create", "write", "sync", "resize", "rename",
                                         "unlink", "open",  "read", NULL};
static const char *const action_words[] = {"count", "kill-before", "kill-half", "kill-after",
                                           "fail",  "short",       "sleep",     NULL};
static const char *const key_words[] = {"path", "rank",  "calls", "do", "log",
                                        "at",   "times", "errno", "ms", NULL};

static struct {
    char path[PATH_MAX], log[PATH_MAX];
    unsigned kinds;
    action what;
    long numbers[KEYS]; /* of the keys that are numbers */
    bool armed;         /* calls are counted in this process */
} plan = {.kinds = (1u << KINDS) - 1 - (1u << OPEN) - (1u << READ),
          .numbers = {[AT] = 1, [TIMES] = LONG_MAX}};

static atomic_long calls;

/* ---- what is wanted ------------------------------------------------------------------------- */

/* The place of a word in a list.  A wrong word must not pass for a fault that never came. */
static int find(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    dprintf(2, "faults: \"%s\" is not known\n", word);
    abort();
}

static unsigned kinds_of(char *list)
{
    unsigned kinds = 0;
    char *rest = NULL;
    for (char *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
        kinds |= 1u << find(kind_words, word);
    return kinds;
}

static bool is_rank(const char *number)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    if (!rank)
        rank = getenv("PMI_RANK");
    return atol(rank ? rank : "0") == atol(number);
}

static void read_word(const char *word, char *value)
{
    const key which = (key)find(key_words, word);
    switch (which) {
    case PATH:
        snprintf(plan.path, sizeof plan.path, "%s", value);
        break;
    case RANK:
        plan.armed = is_rank(value);
        break;
    case CALLS:
        plan.kinds = kinds_of(value);
        break;
    case DO:
        plan.what = (action)find(action_words, value);
        break;
    case LOG:
        snprintf(plan.log, sizeof plan.log, "%s", value);
        break;
    default:
        plan.numbers[which] = strtol(value, NULL, 0);
    }
}

static void read_plan(void)
{
    char words[2 * PATH_MAX + 512], *rest = NULL;
    const char *given = getenv("FAULTS");
    if (!given)
        return;
    plan.armed = true;
    snprintf(words, sizeof words, "%s", given);
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        if (value)
            *value++ = '\0';
        read_word(word, value ? value : "");
    }
}

/* The first call may come before any constructor of this library has run. */
static bool counted(call_kind kind)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_plan);
    return plan.armed && plan.kinds >> kind & 1;
}

/* ---- what happens --------------------------------------------------------------------------- */

static void die(void)
{
    for (;;)
        syscall(SYS_kill, getpid(), SIGKILL);
}

static void tell(call_kind kind, const char *path, long number)
{
    char line[PATH_MAX + 64];
    const int length = snprintf(line, sizeof line, "%ld %s %s\n", number, kind_words[kind], path);
    const long fd =
        syscall(SYS_openat, AT_FDCWD, plan.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    syscall(SYS_write, fd, line, length);
    syscall(SYS_close, fd);
}

/* Counts a call and says what is to happen to it. */
static action meet(call_kind kind, const char *path)
{
    if (!strstr(path, plan.path))
        return COUNT;
    const long number = atomic_fetch_add(&calls, 1) + 1;
    if (number < plan.numbers[AT] || number - plan.numbers[AT] >= plan.numbers[TIMES])
        return COUNT;
    if (plan.log[0])
        tell(kind, path, number);
    if (plan.what == KILL_BEFORE)
        die();
    const long ms = plan.numbers[MS];
    if (plan.what == SLEEP)
        nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
    return plan.what;
}

static action meet_path(call_kind kind, const char *path)
{
    const int saved = errno;
    const action what = counted(kind) ? meet(kind, path) : COUNT;
    errno = saved;
    return what;
}

/* The kernel knows the path of an open file; of one that was removed, with a remark behind it. */
static bool path_of(int fd, char path[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static action meet_fd(call_kind kind, int fd)
{
    const int saved = errno;
    char path[PATH_MAX];
    const action what = counted(kind) && path_of(fd, path) ? meet(kind, path) : COUNT;
    errno = saved;
    return what;
}

/* A call that is made whole or not at all. */
#define WHOLE(meeting, call)                                                                       \
    const action what = (meeting);                                                                 \
    if (what == FAIL) {                                                                            \
        errno = (int)plan.numbers[ERRNO];                                                          \
        return -1;                                                                                 \
    }                                                                                              \
    const long result = (call);                                                                    \
    if (what == KILL_AFTER || what == KILL_HALF)                                                   \
        die();                                                                                     \
    return (int)result

/* ---- calls that move bytes ------------------------------------------------------------------ */

static ssize_t write_all(int fd, const void *bytes, size_t count, off_t at)
{
    return at < 0 ? syscall(SYS_write, fd, bytes, count)
                  : syscall(SYS_pwrite64, fd, bytes, count, at);
}

static ssize_t write_some(int fd, const void *bytes, size_t count, off_t at)
{
    const action what = meet_fd(WRITE, fd);
    if (what == FAIL) {
        errno = (int)plan.numbers[ERRNO];
        return -1;
    }
    const bool part = what == KILL_HALF || (what == SHORT && count > 1);
    const ssize_t written = write_all(fd, bytes, part ? count / 2 : count, at);
    if (what == KILL_HALF || what == KILL_AFTER)
        die();
    return written;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    return write_some(fd, bytes, count, -1);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
    return write_some(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
    return write_some(fd, bytes, count, at);
}

/* One piece after the other, each of them a call of its own here. */
static ssize_t write_pieces(int fd, const struct iovec *pieces, int count, off_t at)
{
    ssize_t total = 0;
    for (int i = 0; i < count; i++) {
        const ssize_t written =
            write_some(fd, pieces[i].iov_base, pieces[i].iov_len, at < 0 ? at : at + total);
        if (written < 0)
            return total ? total : -1;
        total += written;
        if ((size_t)written < pieces[i].iov_len)
            break;
    }
    return total;
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    return write_pieces(fd, pieces, count, -1);
}
ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t at)
{
    return write_pieces(fd, pieces, count, at);
}
ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off64_t at)
{
    return write_pieces(fd, pieces, count, at);
}

static ssize_t read_some(int fd, void *bytes, size_t count, off_t at)
{
    const action what = meet_fd(READ, fd);
    if (what == FAIL) {
        errno = (int)plan.numbers[ERRNO];
        return -1;
    }
    if (what == SHORT && count > 1)
        count /= 2;
    return at < 0 ? syscall(SYS_read, fd, bytes, count)
                  : syscall(SYS_pread64, fd, bytes, count, at);
}

ssize_t read(int fd, void *bytes, size_t count)
{
    return read_some(fd, bytes, count, -1);
}
ssize_t pread(int fd, void *bytes, size_t count, off_t at)
{
    return read_some(fd, bytes, count, at);
}
ssize_t pread64(int fd, void *bytes, size_t count, off64_t at)
{
    return read_some(fd, bytes, count, at);
}

/* ---- calls that open, bring to disk, resize, rename, remove --------------------------------- */

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    WHOLE(meet_path(flags & (O_CREAT | O_TRUNC) ? CREATE : OPEN, path),
          syscall(SYS_openat, folder, path, flags, mode));
}

#define OPENER(name, first, ...)                                                                   \
    int name(__VA_ARGS__ const char *path, int flags, ...)                                         \
    {                                                                                              \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        const mode_t mode =                                                                        \
            (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;      \
        va_end(rest);                                                                              \
        return open_at(first, path, flags, mode);                                                  \
    }
#define FOLDER int folder,
OPENER(open, AT_FDCWD)
OPENER(open64, AT_FDCWD)
OPENER(openat, folder, FOLDER)
OPENER(openat64, folder, FOLDER)

int creat(const char *path, mode_t mode)
{
    return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int fsync(int fd)
{
    WHOLE(meet_fd(SYNC, fd), syscall(SYS_fsync, fd));
}
int fdatasync(int fd)
{
    WHOLE(meet_fd(SYNC, fd), syscall(SYS_fdatasync, fd));
}
int sync_file_range(int fd, off64_t from, off64_t bytes, unsigned flags)
{
    WHOLE(meet_fd(SYNC, fd), syscall(SYS_sync_file_range, fd, from, bytes, flags));
}

static int resize(int fd, off_t bytes)
{
    WHOLE(meet_fd(RESIZE, fd), syscall(SYS_ftruncate, fd, bytes));
}
int ftruncate(int fd, off_t bytes)
{
    return resize(fd, bytes);
}
int ftruncate64(int fd, off64_t bytes)
{
    return resize(fd, bytes);
}

static int allocate(int fd, int mode, off_t from, off_t bytes)
{
    WHOLE(meet_fd(RESIZE, fd), syscall(SYS_fallocate, fd, mode, from, bytes));
}
int fallocate(int fd, int mode, off_t from, off_t bytes)
{
    return allocate(fd, mode, from, bytes);
}
int fallocate64(int fd, int mode, off64_t from, off64_t bytes)
{
    return allocate(fd, mode, from, bytes);
}
int posix_fallocate(int fd, off_t from, off_t bytes)
{
    return allocate(fd, 0, from, bytes) == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off64_t from, off64_t bytes)
{
    return allocate(fd, 0, from, bytes) == 0 ? 0 : errno;
}

int rename(const char *from, const char *to)
{
    WHOLE(meet_path(RENAME, to), syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int unlink(const char *path)
{
    WHOLE(meet_path(UNLINK, path), syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}
int unlinkat(int folder, const char *path, int flags)
{
    WHOLE(meet_path(UNLINK, path), syscall(SYS_unlinkat, folder, path, flags));
}
