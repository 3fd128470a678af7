/* A text that grows. */
#ifndef PM_FORMULA_WRITER_H
#define PM_FORMULA_WRITER_H

#include "base/status.h"

#include <stdarg.h>

/* All zeros is an empty one. */
typedef struct pm_writer {
    char *text; /* ends with '\0'; NULL while nothing was written.  The owner frees it */
    size_t length, room;
    bool failed; /* without memory; what follows is lost */
} pm_writer;

void pm_write(pm_writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));

void pm_write_list(pm_writer *writer, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* A text of any length, as it is. */
void pm_write_text(pm_writer *writer, const char *text, size_t length);

/* PARMAP_SYSTEM when memory has run out. */
parmap_status pm_writer_status(const pm_writer *writer);

#endif
