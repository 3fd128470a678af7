/* Lines to stderr: formatted on the stack, written whole under one lock. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 4096 };

static struct {
    pthread_mutex_t lock;
    const char *program;
    pm_log_level level;
    bool muted;
    bool drawn; /* something stands on the terminal without a line end */
} log_state = {.lock = PTHREAD_MUTEX_INITIALIZER, .program = "parmap", .level = PM_LOG_NORMAL};

/* The wrong way round, so that reading and writing them fails as on a closed one. */
static void occupy_closed_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            return;
}

void pm_log_open(const char *program)
{
    static char buffer[8192];
    occupy_closed_streams();
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    pthread_mutex_lock(&log_state.lock);
    log_state.program = program;
    pthread_mutex_unlock(&log_state.lock);
}

parmap_status pm_log_finish_stdout(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return PARMAP_OK;
    return pm_fail(PARMAP_WRITE_ERROR,
                   "cannot write to stdout: %s; give it a place that takes the output",
                   strerror(errno));
}

void pm_log_set_level(pm_log_level level)
{
    pthread_mutex_lock(&log_state.lock);
    log_state.level = level;
    pthread_mutex_unlock(&log_state.lock);
}

pm_log_level pm_log_get_level(void)
{
    pthread_mutex_lock(&log_state.lock);
    const pm_log_level level = log_state.level;
    pthread_mutex_unlock(&log_state.lock);
    return level;
}

void pm_log_mute(bool muted)
{
    pthread_mutex_lock(&log_state.lock);
    log_state.muted = muted;
    pthread_mutex_unlock(&log_state.lock);
}

/* One write in all but the rarest cases: a pipe may take a part, a signal may come before any.
 * A stderr that takes nothing is no reason to stop a run. */
static void write_whole(const char *text, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(STDERR_FILENO, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        text += written;
        length -= (size_t)written;
    }
}

/* The lock is held. */
static void erase_drawn(void)
{
    static const char back_and_clear[] = "\r\033[K";
    if (log_state.drawn)
        write_whole(back_and_clear, strlen(back_and_clear));
    log_state.drawn = false;
}

bool pm_log_draw(const char *text)
{
    pthread_mutex_lock(&log_state.lock);
    const bool drawn = log_state.drawn;
    if (!log_state.muted) {
        erase_drawn();
        write_whole(text, strlen(text));
        log_state.drawn = *text != '\0';
    }
    pthread_mutex_unlock(&log_state.lock);
    return drawn;
}

/* Makes one line of the text, and returns its length with the '\n'. */
static size_t finish_line(char line[LINE_BYTES])
{
    size_t length = 0;
    for (; line[length] != '\0'; length++)
        if ((unsigned char)line[length] < ' ' || line[length] == 127)
            line[length] = '?';
    if (length == LINE_BYTES - 1)
        memcpy(line + length - 4, "...", 3); /* cut short; the last byte makes room for the '\n' */
    else
        length++;
    line[length - 1] = '\n';
    return length;
}

static void log_line(pm_log_level level, const char *prefix, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void log_line(pm_log_level level, const char *prefix, const char *format, va_list arguments)
{
    char line[LINE_BYTES];
    pthread_mutex_lock(&log_state.lock);
    if (!log_state.muted && level <= log_state.level) {
        const int start = snprintf(line, sizeof line, "%s: %s", log_state.program, prefix);
        if (start >= 0 && start < LINE_BYTES)
            vsnprintf(line + start, sizeof line - (size_t)start, format, arguments);
        erase_drawn();
        write_whole(line, finish_line(line));
    }
    pthread_mutex_unlock(&log_state.lock);
}

void pm_log_lines(pm_log_level level, const char *text)
{
    char part[LINE_BYTES];
    pthread_mutex_lock(&log_state.lock);
    const bool heard = !log_state.muted && level <= log_state.level && *text != '\0';
    if (heard)
        erase_drawn();
    while (heard && *text != '\0') {
        size_t length = 0;
        for (; *text != '\0' && length + 1 < sizeof part; text++) {
            const bool drawn =
                ((unsigned char)*text >= ' ' && *text != 127) || *text == '\n' || *text == '\t';
            part[length++] = drawn ? *text : '?';
        }
        if (*text == '\0' && part[length - 1] != '\n')
            part[length++] = '\n';
        write_whole(part, length);
    }
    pthread_mutex_unlock(&log_state.lock);
}

#define LOG_LINE(level, prefix)                                                                    \
    do {                                                                                           \
        va_list arguments;                                                                         \
        va_start(arguments, format);                                                               \
        log_line(level, prefix, format, arguments);                                                \
        va_end(arguments);                                                                         \
    } while (0)

void pm_log_error(const char *format, ...)
{
    LOG_LINE(PM_LOG_QUIET, "error: ");
}

void pm_log_warning(const char *format, ...)
{
    LOG_LINE(PM_LOG_QUIET, "warning: ");
}

void pm_log_note(const char *format, ...)
{
    LOG_LINE(PM_LOG_NORMAL, "");
}

void pm_log_detail(const char *format, ...)
{
    LOG_LINE(PM_LOG_VERBOSE, "");
}

/* Further lines stay below the first as they were meant to. */
void pm_log_failure(void)
{
    const char *at = parmap_message();
    const int margin = (int)strlen(log_state.program) + (int)strlen(": error: ");
    int length = (int)strcspn(at, "\n");
    pm_log_error("%.*s", length, at);
    for (at += length; *at == '\n'; at += length) {
        char line[LINE_BYTES];
        length = (int)strcspn(++at, "\n");
        snprintf(line, sizeof line, "%*s%.*s\n", margin, "", length, at);
        pm_log_lines(PM_LOG_QUIET, line);
    }
}
