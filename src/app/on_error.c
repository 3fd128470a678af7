/* The words of --on-error. */
#include "app/on_error.h"

#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char fail_after[] = "fail-after";

static parmap_status read_percent(const char *text, double *percent)
{
    char *end;
    *percent = isdigit((unsigned char)text[0]) ? strtod(text, &end) : 0;
    if (*percent > 0 && *percent <= 100 && strcmp(end, "%") == 0)
        return PARMAP_OK;
    return pm_fail(PARMAP_USAGE, "not a part of all items; write fail-after:5%%, above 0 and up "
                                 "to 100");
}

static parmap_status read_count(const char *text, int64_t *count)
{
    parmap_int128 number;
    if (pm_parse_integer_within(text, 1, INT64_MAX, &number) != PARMAP_OK)
        return pm_fail(PARMAP_USAGE,
                       "not a number of failed items; write fail-after:10 or fail-after:5%%");
    *count = (int64_t)number;
    return PARMAP_OK;
}

parmap_status pm_on_error_read(const char *text, pm_on_error *on_error)
{
    const size_t length = strlen(fail_after);
    *on_error = (pm_on_error){.count = strcmp(text, "stop") == 0};
    if (on_error->count > 0 || strcmp(text, "continue") == 0)
        return PARMAP_OK;
    if (strncmp(text, fail_after, length) != 0 || !strchr(" =:", text[length]))
        return pm_fail(PARMAP_USAGE,
                       "unknown; use continue, stop, fail-after:10 or fail-after:5%%");
    const char *limit = text + length;
    limit += strspn(limit, " =:");
    return strchr(limit, '%') ? read_percent(limit, &on_error->percent)
                              : read_count(limit, &on_error->count);
}

int64_t pm_on_error_limit(const pm_on_error *on_error, int64_t items)
{
    if (on_error->count > 0)
        return on_error->count;
    if (on_error->percent == 0)
        return INT64_MAX;
    return (int64_t)fmax(1, ceil(on_error->percent / 100 * (double)items));
}
