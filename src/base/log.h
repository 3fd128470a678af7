/* The one way to stderr: whole lines, "program: text", written with one write each.
 * Only the rank that speaks (rank 0) is heard: the others are muted. */
#ifndef PM_BASE_LOG_H
#define PM_BASE_LOG_H

#include "base/status.h"

typedef enum pm_log_level {
    PM_LOG_QUIET,  /* errors and warnings */
    PM_LOG_NORMAL, /* and notes: placement, progress */
    PM_LOG_VERBOSE /* and details: what was chosen and why */
} pm_log_level;

/* Before the first line: what stands in front of each.  The text is kept by reference.  Closed
 * standard streams become /dev/null, so that no file of ours takes their place; stdout is buffered
 * whole. */
void pm_log_open(const char *program);

/* After the last of the results: PARMAP_WRITE_ERROR when stdout did not take them all. */
parmap_status pm_log_finish_stdout(void);
void pm_log_set_level(pm_log_level level);
pm_log_level pm_log_get_level(void);
void pm_log_mute(bool muted);

/* Draws `text` as the terminal's last line, in place of what was drawn before; "" takes it away.  A
 * line that is logged takes it away first.  Returns whether something was drawn before. */
bool pm_log_draw(const char *text);

/* Lines of another program, a compiler for instance, as they are. */
void pm_log_lines(pm_log_level level, const char *text);

/* The message of this thread's last failure, as an error.  Its further lines, if it has any, show a
 * place in what the user wrote. */
void pm_log_failure(void);

void pm_log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void pm_log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void pm_log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void pm_log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
