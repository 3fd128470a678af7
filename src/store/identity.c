/* The probe is a number, or, where items can fail, digits for each item. */
#include "store/identity.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* So that all of them fit, with the probe behind them; an input with the time of its file. */
enum { FACT = 72, INPUT_FACT = 200 };

static const char before_probe[] = ", probe ";

/* What an identity consists of, in this order.  Some mappings lack some. */
static const char *const parts[] = {"kernel",     "range", "type", "formula",
                                    "parameters", "input", "nan",  "data set"};

/* The value of an attribute, or its beginning and a hash.  Commas part the facts. */
static char *fact_of(char *fact, size_t room, const pm_record *data, const char *name,
                     const char *other)
{
    pm_text_digest(fact, room, pm_record_get_text(data, name, other));
    for (char *comma = fact; (comma = strstr(comma, ", ")) != NULL; comma++)
        *comma = ';';
    return fact;
}

/* What only some mappings have. */
static void add_fact(char *facts, size_t room, const pm_record *data, const char *name)
{
    char fact[INPUT_FACT];
    const size_t used = strlen(facts), most = strcmp(name, "input") == 0 ? INPUT_FACT : FACT;
    if (fact_of(fact, most, data, name, "")[0])
        snprintf(facts + used, room - used, ", %s %s", name, fact);
}

char *pm_identity(char text[PM_IDENTITY], const pm_file *file)
{
    static const char *const names[] = {"formula", "parameters", "input", "nan"};
    const pm_record *d = &file->data;
    char probe[32], type[FACT], dataset[FACT],
        facts[sizeof names / sizeof names[0] * (FACT + 16) + INPUT_FACT] = "";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        add_fact(facts, sizeof facts, d, names[i]);
    snprintf(probe, sizeof probe, "%" PRIx64, pm_record_get_uint(d, "probe", 0));
    snprintf(text, PM_IDENTITY,
             "kernel %s version %" PRId64 ", range %s, type %s%s%s, data set %s%s%s",
             pm_record_get_text(d, "kernel", "?"), pm_record_get_int(d, "kernel_version", -1),
             pm_record_get_text(d, "range", "?"), fact_of(type, sizeof type, d, "type", "?"),
             pm_record_get_int(d, "rounding", 0) ? " with rounding" : "", facts,
             pm_text_digest(dataset, sizeof dataset, file->dataset), before_probe,
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

/* The length of the part that begins with this name; 0 = there is none.  A data set may have any
 * name, so it ends where the probe begins. */
static int part_length(const char *text, const char *name)
{
    const size_t length = strlen(name);
    const char *comma = strstr(text, ", ");
    if (strncmp(text, name, length) != 0 || text[length] != ' ')
        return 0;
    if (strcmp(name, "data set") == 0)
        return readable(text);
    return comma ? (int)(comma - text) : (int)strlen(text);
}

static const char *behind(const char *text, int length)
{
    text += length;
    return length > 0 && strncmp(text, ", ", 2) == 0 ? text + 2 : text;
}

static int say_part(char *text, size_t room, const char *name, const char *part, int length)
{
    return length > 0 ? snprintf(text, room, "%.*s", length, part)
                      : snprintf(text, room, "no %s", name);
}

char *pm_identity_differences(char *list, size_t room, const char *there, const char *wanted)
{
    size_t used = 0;
    list[0] = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const int a = part_length(there, parts[i]), b = part_length(wanted, parts[i]);
        if (a != b || strncmp(there, wanted, (size_t)a) != 0) {
            char has[INPUT_FACT + 16], wants[INPUT_FACT + 16];
            say_part(has, sizeof has, parts[i], there, a);
            say_part(wants, sizeof wants, parts[i], wanted, b);
            if (used < room)
                used += (size_t)snprintf(list + used, room - used, "%s%s, not %s",
                                         used > 0 ? "; " : "", has, wants);
        }
        there = behind(there, a);
        wanted = behind(wanted, b);
    }
    if (used == 0)
        snprintf(list, room, "the same, but its kernel computes different results");
    return list;
}
