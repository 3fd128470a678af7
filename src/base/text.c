/* Numbers as people write and read them, and the nearest word.
 * Numbers are read as a magnitude of at most 2^127 and a sign, so that -2^127 needs no special
 * case. */
#include "base/text.h"

#include "base/hash.h"

#include "base/status.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const double longest_s = 1e4 * 86400; /* 10,000 days */

/* ---- reading --------------------------------------------------------------------------------- */

static const parmap_uint128 largest_magnitude = (parmap_uint128)1 << 127;
static const parmap_uint128 too_large = ~(parmap_uint128)0; /* where sums and products saturate */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static parmap_uint128 multiply_add(parmap_uint128 value, parmap_uint128 factor, unsigned addend)
{
    parmap_uint128 product;
    if (__builtin_mul_overflow(value, factor, &product) || product > largest_magnitude - addend)
        return too_large;
    return product + addend;
}

/* Appends the digits at `at`, single underscores between them, to `value` and adds their number to
 * `count`.  Returns where they end, or NULL when there are none or an underscore stands astray. */
static const char *read_digits(const char *at, parmap_uint128 *value, unsigned *count)
{
    for (;;) {
        if (!is_digit(*at))
            return NULL;
        *value = multiply_add(*value, 10, (unsigned)(*at++ - '0'));
        ++*count;
        if (*at == '_')
            at++;
        else if (!is_digit(*at))
            return at;
    }
}

/* The same behind the point; zeros at the end do not count: they would make a large number of what
 * is none. */
static const char *read_fraction(const char *at, parmap_uint128 *value, unsigned *count)
{
    parmap_uint128 ignored = 0;
    unsigned digits = 0, zeros = 0;
    const char *end = read_digits(at, &ignored, &digits);
    for (; end != NULL && at < end; at++) {
        if (*at == '0')
            zeros++;
        if (!is_digit(*at) || *at == '0')
            continue;
        for (*count += zeros + 1; zeros > 0; zeros--)
            *value = multiply_add(*value, 10, 0);
        *value = multiply_add(*value, 10, (unsigned)(*at - '0'));
    }
    return end;
}

/* The exponent of BASE^EXPONENT, with `value` the base before and the power after. */
static bool read_power(const char *at, parmap_uint128 *value)
{
    const parmap_uint128 base = *value;
    parmap_uint128 exponent = 0;
    unsigned digits = 0;
    at = read_digits(at, &exponent, &digits);
    if (at == NULL || *at != '\0')
        return false;
    if (base <= 1 && exponent > 1)
        exponent = 1; /* others are out of bounds after 127 rounds, these never */
    *value = 1;
    for (; exponent > 0 && *value != too_large; exponent--)
        *value = multiply_add(*value, base, 0);
    return true;
}

/* value * 10^(exponent - fraction); false when that is not a whole number. */
static bool move_point(parmap_uint128 *value, parmap_uint128 exponent, unsigned fraction)
{
    for (; fraction > exponent; fraction--) {
        if (*value % 10 != 0)
            return false;
        *value /= 10;
    }
    for (exponent -= fraction; exponent > 0 && *value != 0 && *value != too_large; exponent--)
        *value = multiply_add(*value, 10, 0);
    return true;
}

/* A number without its sign: DIGITS[.DIGITS][e[+]DIGITS] or DIGITS^DIGITS. */
static bool read_magnitude(const char *at, parmap_uint128 *value)
{
    unsigned whole = 0, fraction = 0, digits = 0;
    parmap_uint128 exponent = 0;
    at = read_digits(at, value, &whole);
    if (at != NULL && *at == '^')
        return read_power(at + 1, value);
    if (at != NULL && *at == '.')
        at = read_fraction(at + 1, value, &fraction);
    if (at != NULL && (*at == 'e' || *at == 'E'))
        at = read_digits(at + (at[1] == '+' ? 2 : 1), &exponent, &digits);
    return at != NULL && *at == '\0' && move_point(value, exponent, fraction);
}

parmap_status pm_parse_integer(const char *text, parmap_int128 *value)
{
    const bool negative = *text == '-';
    const bool has_sign = negative || *text == '+';
    parmap_uint128 magnitude = 0;
    if (!read_magnitude(text + has_sign, &magnitude))
        return pm_fail(PARMAP_USAGE,
                       "\"%s\" is not a whole number; write one like 123, -5, 1_000_000, 1e6, "
                       "1.5e3 or 2^20",
                       text);
    if (magnitude > (negative ? largest_magnitude : largest_magnitude - 1))
        return pm_fail(PARMAP_USAGE,
                       "\"%s\" does not fit into 128 bits; use a number of at most 127 bits", text);
    *value = (parmap_int128)(negative ? 0 - magnitude : magnitude);
    return PARMAP_OK;
}

parmap_status pm_parse_integer_within(const char *text, parmap_int128 low, parmap_int128 high,
                                      parmap_int128 *value)
{
    parmap_int128 number;
    PM_TRY(pm_parse_integer(text, &number));
    if (number < low || number > high) {
        char low_text[PM_NUMBER_TEXT], high_text[PM_NUMBER_TEXT];
        return pm_fail(PARMAP_USAGE, "\"%s\" is out of bounds; use a number from %s to %s", text,
                       pm_format_int128(low_text, low), pm_format_int128(high_text, high));
    }
    *value = number;
    return PARMAP_OK;
}

parmap_status pm_parse_bytes(const char *text, int64_t *bytes)
{
    static const char suffixes[] = "KMGT";
    char digits[2 * PM_NUMBER_TEXT];
    parmap_int128 number;
    const size_t length = strlen(text);
    const char *suffix =
        length > 0 ? strchr(suffixes, toupper((unsigned char)text[length - 1])) : NULL;
    const int power = suffix ? 10 * (int)(suffix - suffixes + 1) : 0;
    snprintf(digits, sizeof digits, "%.*s", (int)(suffix ? length - 1 : length), text);
    if (length >= sizeof digits || pm_parse_integer(digits, &number) != PARMAP_OK || number < 0 ||
        number > (parmap_int128)INT64_MAX >> power)
        return pm_fail(PARMAP_USAGE, "\"%s\" is no size; write bytes, or 64K, 64M, 2G, 1T", text);
    *bytes = (int64_t)(number << power);
    return PARMAP_OK;
}

/* DIGITS[.DIGITS], whatever the locale; NULL when there is none. */
static const char *read_decimal(const char *at, double *value)
{
    if (!is_digit(*at))
        return NULL;
    for (*value = 0; is_digit(*at); at++)
        *value = *value * 10 + (*at - '0');
    if (*at != '.')
        return at;
    double place = 0.1;
    for (at++; is_digit(*at); at++, place /= 10)
        *value += place * (*at - '0');
    return is_digit(at[-1]) ? at : NULL;
}

/* M:SS, H:MM:SS or D-HH:MM:SS. */
static bool read_clock(const char *at, double *seconds)
{
    static const double worth[] = {1, 60, 3600, 86400}; /* from the last part on */
    double parts[4];
    char marks[5] = ""; /* what stands behind each part */
    int count = 0;
    do {
        if (count == 4 || !is_digit(*at))
            return false;
        for (parts[count] = 0; is_digit(*at); at++)
            parts[count] = parts[count] * 10 + (*at - '0');
        marks[count++] = *at;
    } while (*at++ != '\0');
    if (strcmp(marks, ":") != 0 && strcmp(marks, "::") != 0 && strcmp(marks, "-::") != 0)
        return false;
    *seconds = parts[0] * worth[count - 1];
    for (int i = 1; i < count; i++) {
        const int place = count - 1 - i;
        if (parts[i] * worth[place] >= worth[place + 1])
            return false;
        *seconds += parts[i] * worth[place];
    }
    return true;
}

/* 90, 90s, 1.5h. */
static bool read_amount(const char *at, double *seconds)
{
    static const char units[] = "smhd";
    static const double worth[] = {1, 60, 3600, 86400};
    at = read_decimal(at, seconds);
    if (at == NULL)
        return false;
    const char *unit = *at != '\0' ? strchr(units, *at) : units;
    if (unit == NULL || (*at != '\0' && at[1] != '\0'))
        return false;
    *seconds *= worth[unit - units];
    return true;
}

parmap_status pm_parse_duration(const char *text, double *seconds)
{
    double value;
    if (!read_amount(text, &value) && !read_clock(text, &value))
        return pm_fail(PARMAP_USAGE,
                       "\"%s\" is not a time; write one like 90, 90s, 5m, 1.5h or 01:30:00", text);
    if (!(value <= longest_s))
        return pm_fail(PARMAP_USAGE, "\"%s\" is longer than 10,000 days; write a shorter time",
                       text);
    *seconds = value;
    return PARMAP_OK;
}

parmap_status pm_parse_switch(const char *text, bool *value)
{
    static const char *const words[][2] = {
        {"off", "on"}, {"false", "true"}, {"no", "yes"}, {"0", "1"}, {NULL, ""}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (int on = 0; on <= 1; on++) {
            if (words[i][on] != NULL && strcasecmp(text, words[i][on]) == 0) {
                *value = on == 1;
                return PARMAP_OK;
            }
        }
    }
    return pm_fail(PARMAP_USAGE, "\"%s\" is neither on nor off; use one of these two words", text);
}

/* ---- writing --------------------------------------------------------------------------------- */

char *pm_format_int128(char text[PM_NUMBER_TEXT], parmap_int128 value)
{
    char digits[PM_NUMBER_TEXT];
    size_t at = sizeof digits;
    parmap_uint128 magnitude = value < 0 ? 0 - (parmap_uint128)value : (parmap_uint128)value;
    digits[--at] = '\0';
    do {
        digits[--at] = (char)('0' + (int)(magnitude % 10));
        magnitude /= 10;
    } while (magnitude > 0);
    if (value < 0)
        digits[--at] = '-';
    return memcpy(text, digits + at, sizeof digits - at);
}

char *pm_format_scaled(char text[PM_NUMBER_TEXT], double value, const char *unit)
{
    static const char prefixes[] = "kMGTPE";
    char prefix[2] = "";
    double scaled = value < 0 ? -value : value;
    /* from 999.5 on, rounding would make it four digits */
    for (size_t i = 0; scaled >= 999.5 && prefixes[i] != '\0'; i++) {
        scaled /= 1000;
        prefix[0] = prefixes[i];
    }
    const bool whole = prefix[0] == '\0' && scaled < 1000 && scaled == (int)scaled;
    const int decimals = whole || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
    const char *space = prefix[0] != '\0' || unit[0] != '\0' ? " " : "";
    if (scaled < 1e6)
        snprintf(text, PM_NUMBER_TEXT, "%s%.*f%s%s%s", value < 0 ? "-" : "", decimals, scaled,
                 space, prefix, unit);
    else /* beyond every prefix, or not a number */
        snprintf(text, PM_NUMBER_TEXT, "%.3g%s%s", value, unit[0] != '\0' ? " " : "", unit);
    return text;
}

char *pm_format_clock(char text[PM_NUMBER_TEXT], double seconds)
{
    if (!(seconds < longest_s)) { /* no estimate means that */
        snprintf(text, PM_NUMBER_TEXT, "-:--");
        return text;
    }
    const int all = seconds > 0 ? (int)seconds : 0;
    const int days = all / 86400, hours = all / 3600 % 24, minutes = all / 60 % 60, rest = all % 60;
    if (days > 0)
        snprintf(text, PM_NUMBER_TEXT, "%dd %02d:%02d:%02d", days, hours, minutes, rest);
    else if (hours > 0)
        snprintf(text, PM_NUMBER_TEXT, "%d:%02d:%02d", hours, minutes, rest);
    else
        snprintf(text, PM_NUMBER_TEXT, "%d:%02d", minutes, rest);
    return text;
}

/* ---- words ----------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool pm_is_name(const char *text, size_t room)
{
    if (!text || !is_letter(text[0]))
        return false;
    for (size_t i = 1; i < room; i++) {
        if (text[i] == '\0')
            return true;
        if (!is_letter(text[i]) && !is_digit(text[i]))
            return false;
    }
    return false;
}

enum { WORD_BYTES = 64, FARTHEST = 3 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The optimal string alignment distance: insertions, deletions, replacements and swaps of
 * neighbours, each 1.  Three rows of the table are kept: i, i-1 and i-2. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][WORD_BYTES];
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] =
                smaller(above[j - 1] + (a[i - 1] != b[j - 1]), smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

const char *pm_nearest_word(const char *word, const char *const *words, size_t count)
{
    const char *nearest = NULL;
    size_t nearest_distance = FARTHEST + 1;
    const size_t length = strlen(word);
    if (length >= WORD_BYTES)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const size_t other = words[i] != NULL ? strlen(words[i]) : WORD_BYTES;
        if (other >= WORD_BYTES)
            continue;
        const size_t distance = edit_distance(word, length, words[i], other);
        const size_t longer = length > other ? length : other;
        if (distance < nearest_distance && distance * 3 <= longer) {
            nearest = words[i];
            nearest_distance = distance;
        }
    }
    return nearest;
}

void pm_copy_line(char *to, size_t room, const char *from)
{
    const size_t length = strlen(from);
    size_t end = length < room ? length : room - 1;
    while (end < length && end > 0 && ((unsigned char)from[end] & 0xc0) == 0x80)
        end--; /* within a character */
    for (size_t i = 0; i < end; i++)
        to[i] = (unsigned char)from[i] < ' ' || from[i] == 0x7f ? ' ' : from[i];
    memset(to + end, 0, room - end);
}

char *pm_text_digest(char *to, size_t room, const char *from)
{
    enum { TAIL = 24 };
    const size_t length = strlen(from);
    pm_copy_line(to, length < room ? room : room - TAIL, from);
    if (length >= room)
        snprintf(to + strlen(to), TAIL, " ... #%016llx",
                 (unsigned long long)pm_hash_block(from, length, 0));
    return to;
}
