/* From the text of an option to its value, kind by kind.
 * The messages lack the subject ("not a range; ..."): settings.c puts place, option and text before
 * them. */
#include "app/options.h"

#include "base/text.h"
#include "store/file.h"

#include <string.h>

/* ---- ranges ---------------------------------------------------------------------------------- */

static const char range_form[] =
    "write FIRST..LAST or FIRST..LAST:STEP, for example 1..1000000 or 10..0:-2";

/* How many steps lead from first to last: one less than the elements, and so never too large. */
static parmap_uint128 steps_between(const pm_typed_range *bounds)
{
    return pm_range_steps(bounds->first, bounds->last, bounds->step);
}

int64_t pm_typed_range_count(const pm_typed_range *bounds)
{
    return (int64_t)steps_between(bounds) + 1;
}

/* Copies the `length` bytes at `from` and reads them as a number. */
static parmap_status read_number(const char *from, size_t length, parmap_int128 *value)
{
    char part[PM_SETTING_WHERE];
    if (length == 0 || length >= sizeof part)
        return pm_fail(PARMAP_USAGE, "not a range; %s", range_form);
    memcpy(part, from, length);
    part[length] = '\0';
    return pm_parse_integer(part, value);
}

static parmap_status check_direction(const pm_typed_range *bounds)
{
    char first[PM_NUMBER_TEXT], last[PM_NUMBER_TEXT], step[PM_NUMBER_TEXT];
    pm_format_int128(first, bounds->first);
    pm_format_int128(last, bounds->last);
    if (bounds->step == 0)
        return pm_fail(PARMAP_USAGE,
                       "the step is 0; use 1 or more, or a negative step to count down");
    if (bounds->step > 0 && bounds->first > bounds->last)
        return pm_fail(PARMAP_USAGE, "empty, since %s lies above %s; write %s..%s:%s to count down",
                       first, last, first, last, pm_format_int128(step, -bounds->step));
    if (bounds->step < 0 && bounds->first < bounds->last)
        return pm_fail(PARMAP_USAGE,
                       "empty, since a negative step counts down; write %s..%s:%s to do that", last,
                       first, pm_format_int128(step, bounds->step));
    return PARMAP_OK;
}

static parmap_status read_range(const char *text, pm_typed_range *bounds)
{
    const char *dots = strstr(text, "..");
    if (dots == NULL)
        return pm_fail(PARMAP_USAGE, "not a range; %s", range_form);
    const char *last = dots + strlen("..");
    const char *colon = strchr(last, ':');
    const size_t last_length = colon != NULL ? (size_t)(colon - last) : strlen(last);
    PM_TRY(read_number(text, (size_t)(dots - text), &bounds->first));
    PM_TRY(read_number(last, last_length, &bounds->last));
    bounds->step = 1;
    if (colon != NULL)
        PM_TRY(read_number(colon + 1, strlen(colon + 1), &bounds->step));
    PM_TRY(check_direction(bounds));

    const parmap_uint128 steps = steps_between(bounds);
    if (steps >= INT64_MAX)
        return pm_fail(PARMAP_USAGE,
                       "more than 2^63-1 elements; narrow the range or take a larger step");
    /* from here on, the end is an element, whatever the step */
    bounds->last =
        (parmap_int128)((parmap_uint128)bounds->first + steps * (parmap_uint128)bounds->step);
    return PARMAP_OK;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static parmap_status read_part(const char *text, pm_part *part)
{
    parmap_int128 number, of;
    *part = (pm_part){0, 0};
    if (strcmp(text, "none") == 0)
        return PARMAP_OK;
    const char *slash = strchr(text, '/');
    if (slash == NULL || read_number(text, (size_t)(slash - text), &number) != PARMAP_OK ||
        pm_parse_integer(slash + 1, &of) != PARMAP_OK)
        return pm_fail(PARMAP_USAGE, "not a part; write K/N, for example 3/8, or none");
    if (of < 1 || of > INT64_MAX)
        return pm_fail(PARMAP_USAGE, "not a number of parts; N goes from 1 to the elements of the "
                                     "range");
    if (number < 1 || number > of)
        return pm_fail(PARMAP_USAGE, "there is no such part; K goes from 1 to N");
    *part = (pm_part){(int64_t)number, (int64_t)of};
    return PARMAP_OK;
}

/* ---- the other kinds ------------------------------------------------------------------------- */

static parmap_status read_word(const pm_option *option, const char *text, int *word)
{
    size_t count = 0;
    for (; option->words[count] != NULL; count++) {
        if (strcmp(text, option->words[count]) == 0) {
            *word = (int)count;
            return PARMAP_OK;
        }
    }
    char list[PM_OPTION_TEXT];
    const char *nearest = pm_nearest_word(text, option->words, count);
    if (nearest != NULL)
        return pm_fail(PARMAP_USAGE, "unknown; did you mean %s?", nearest);
    return pm_fail(PARMAP_USAGE, "unknown; use %s", pm_option_words(list, option));
}

/* A time, -1 seconds for one of the option's words. */
static parmap_status read_time(const pm_option *option, const char *text, pm_value *value)
{
    char list[PM_OPTION_TEXT];
    value->seconds = -1;
    for (value->word = 0; option->words[value->word] != NULL; value->word++)
        if (strcmp(text, option->words[value->word]) == 0)
            return PARMAP_OK;
    value->word = -1;
    if (pm_parse_duration(text, &value->seconds) != PARMAP_OK)
        return pm_fail(PARMAP_USAGE,
                       "not a time; write one like 90, 90s, 5m, 1.5h, 01:30:00, or %s",
                       pm_option_words(list, option));
    return PARMAP_OK;
}

static parmap_status read_threads(const char *text, int64_t *threads)
{
    parmap_int128 number = 0;
    if (strcmp(text, "auto") != 0 && pm_parse_integer_within(text, 1, 4096, &number) != PARMAP_OK)
        return pm_fail(PARMAP_USAGE, "not a number of threads; use 1 to 4096, or auto");
    *threads = (int64_t)number;
    return PARMAP_OK;
}

static parmap_status read_count(const char *text, int64_t *count)
{
    parmap_int128 number;
    if (pm_parse_integer_within(text, 1, INT64_MAX, &number) != PARMAP_OK)
        return pm_fail(PARMAP_USAGE, "not a number of elements; use 1 to 2^63-1");
    *count = (int64_t)number;
    return PARMAP_OK;
}

static parmap_status read_retries(const char *text, int64_t *retries)
{
    parmap_int128 number;
    if (pm_parse_integer_within(text, 0, 1000000, &number) != PARMAP_OK)
        return pm_fail(PARMAP_USAGE, "not a number of retries; use 0 to 1000000");
    *retries = (int64_t)number;
    return PARMAP_OK;
}

/* HDF5 takes "a//b" and "./a" for other names than they look like, and /parmap is parmap's own. */
static parmap_status read_dataset(const char *text, const char **name)
{
    text += strspn(text, "/");
    *name = text;
    if (strlen(text) >= PM_DATASET_NAME)
        return pm_fail(PARMAP_USAGE, "longer than %d bytes; shorten it", PM_DATASET_NAME - 1);
    size_t length;
    for (const char *part = text; part != NULL;
         part = part[length] == '/' ? part + length + 1 : NULL) {
        length = strcspn(part, "/");
        if (length == 0 || strspn(part, ".") == length)
            return pm_fail(PARMAP_USAGE, "not the name of a data set; write NAME or GROUP/NAME");
    }
    if (strncmp(text, "parmap", 6) == 0 && (text[6] == '\0' || text[6] == '/'))
        return pm_fail(PARMAP_USAGE, "parmap keeps notes of its own there; use another name");
    return PARMAP_OK;
}

parmap_status pm_option_read(const pm_option *option, const char *text, pm_value *value)
{
    if (*text == '\0')
        return pm_fail(PARMAP_USAGE, "empty; give a value, or leave the setting out");
    value->text = text;
    switch (option->kind) {
    case PM_VALUE_RANGE:
        return read_range(text, &value->bounds);
    case PM_VALUE_PART:
        return read_part(text, &value->part);
    case PM_VALUE_WORD:
        return read_word(option, text, &value->word);
    case PM_VALUE_SWITCH:
        if (pm_parse_switch(text, &value->on) != PARMAP_OK)
            return pm_fail(PARMAP_USAGE, "neither on nor off; use one of these two words");
        return PARMAP_OK;
    case PM_VALUE_OUTPUT:
        value->text = strcmp(text, "none") == 0 ? NULL : text;
        return PARMAP_OK;
    case PM_VALUE_DATASET:
        return read_dataset(text, &value->text);
    case PM_VALUE_THREADS:
        return read_threads(text, &value->number);
    case PM_VALUE_COUNT:
        return read_count(text, &value->number);
    case PM_VALUE_RETRIES:
        return read_retries(text, &value->number);
    case PM_VALUE_ON_ERROR:
        return pm_on_error_read(text, &value->on_error);
    case PM_VALUE_TIME:
        return read_time(option, text, value);
    case PM_VALUE_LIST:
    case PM_VALUE_FILE:
    case PM_VALUE_NONE:
        break;
    }
    return PARMAP_OK;
}
