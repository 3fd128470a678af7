/* The probe is a number, or, where items can fail, digits for each item. */
#include "store/identity.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FACT = 72 }; /* so that all of them fit, with the probe behind them */

static const char before_probe[] = ", probe ";

/* A short form of a text.  In differences commas part the facts.  Returns `fact`. */
static char *without_commas(char fact[FACT], const char *text)
{
    pm_text_digest(fact, FACT, text);
    for (char *comma = fact; (comma = strstr(comma, ", ")) != NULL; comma++)
        *comma = ';';
    return fact;
}

/* What only some mappings have. */
static void add_fact(char *facts, size_t room, const pm_record *data, const char *name)
{
    char fact[FACT];
    const size_t used = strlen(facts);
    const char *value = pm_record_get_text(data, name, "");
    if (!value[0])
        return;
    without_commas(fact, value);
    snprintf(facts + used, room - used, ", %s %s", name, fact);
}

char *pm_identity(char text[PM_IDENTITY], const pm_file *file)
{
    static const char *const names[] = {"formula", "parameters", "input", "nan"};
    const pm_record *d = &file->data;
    char probe[32], type[FACT], dataset[FACT],
        facts[sizeof names / sizeof names[0] * (FACT + 16)] = "";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        add_fact(facts, sizeof facts, d, names[i]);
    snprintf(probe, sizeof probe, "%" PRIx64, pm_record_get_uint(d, "probe", 0));
    snprintf(text, PM_IDENTITY,
             "kernel %s version %" PRId64 ", range %s, type %s%s%s, data set %s%s%s",
             pm_record_get_text(d, "kernel", "?"), pm_record_get_int(d, "kernel_version", -1),
             pm_record_get_text(d, "range", "?"),
             without_commas(type, pm_record_get_text(d, "type", "?")),
             pm_record_get_int(d, "rounding", 0) ? " with rounding" : "", facts,
             without_commas(dataset, file->dataset), before_probe,
             file->has_statuses ? pm_record_get_text(d, "probe", "") : probe);
    return text;
}

/* The length of the part that a person reads; behind it follows the probe. */
static int readable(const char *text)
{
    const char *found = strstr(text, before_probe);
    for (const char *next = found; next; next = strstr(found + 1, before_probe))
        found = next; /* the last: a data set may have any name */
    return found ? (int)(found - text) : (int)strlen(text);
}

const char *pm_identity_probe(const char *text)
{
    const char *end = text + readable(text);
    return *end ? end + strlen(before_probe) : end;
}

bool pm_identity_agree(const char *a, const char *b)
{
    const int length = readable(a);
    const char *x = pm_identity_probe(a), *y = pm_identity_probe(b);
    if (length != readable(b) || strncmp(a, b, (size_t)length) != 0 || strlen(x) != strlen(y))
        return false;
    for (; *x; x++, y++)
        if (*x != *y && *x != '-' && *y != '-')
            return false;
    return true;
}

/* The length of an identity's first part, up to the next comma. */
static int part_length(const char *text)
{
    const char *comma = strstr(text, ", ");
    return comma ? (int)(comma - text) : (int)strlen(text);
}

char *pm_identity_differences(char *list, size_t room, const char *there, const char *wanted)
{
    size_t used = 0;
    list[0] = '\0';
    while (*there && *wanted) {
        const int a = part_length(there), b = part_length(wanted);
        const bool same = a == b && strncmp(there, wanted, (size_t)a) == 0;
        if (!same && strncmp(there, "probe ", 6) != 0 && used < room)
            used += (size_t)snprintf(list + used, room - used, "%s%.*s, not %.*s",
                                     used > 0 ? "; " : "", a, there, b, wanted);
        there += there[a] ? a + 2 : a;
        wanted += wanted[b] ? b + 2 : b;
    }
    if (used == 0)
        snprintf(list, room, "the same, but its kernel computes different results");
    return list;
}
