/* The probe is a number, or, where items can fail, digits for each item. */
#include "store/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char before_probe[] = ", probe ";

char *pm_identity(char text[PM_IDENTITY], const pm_file *file)
{
    const pm_record *d = &file->data;
    char probe[32];
    snprintf(probe, sizeof probe, "%" PRIx64, pm_record_get_uint(d, "probe", 0));
    snprintf(text, PM_IDENTITY, "%s version %" PRId64 ", range %s, %s%s, data set %s%s%s",
             pm_record_get_text(d, "kernel", "?"), pm_record_get_int(d, "kernel_version", -1),
             pm_record_get_text(d, "range", "?"), pm_record_get_text(d, "type", "?"),
             pm_record_get_int(d, "rounding", 0) ? " with rounding" : "", file->dataset,
             before_probe, file->has_statuses ? pm_record_get_text(d, "probe", "") : probe);
    return text;
}

int pm_identity_readable(const char *text)
{
    const char *found = strstr(text, before_probe);
    for (const char *next = found; next; next = strstr(found + 1, before_probe))
        found = next; /* the last: a data set may have any name */
    return found ? (int)(found - text) : (int)strlen(text);
}

const char *pm_identity_probe(const char *text)
{
    const char *end = text + pm_identity_readable(text);
    return *end ? end + strlen(before_probe) : end;
}

bool pm_identity_agree(const char *a, const char *b)
{
    const int length = pm_identity_readable(a);
    const char *x = pm_identity_probe(a), *y = pm_identity_probe(b);
    if (length != pm_identity_readable(b) || strncmp(a, b, (size_t)length) != 0 ||
        strlen(x) != strlen(y))
        return false;
    for (; *x; x++, y++)
        if (*x != *y && *x != '-' && *y != '-')
            return false;
    return true;
}
