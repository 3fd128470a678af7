/* Numbers, times, ranges and parts, as users write them.  Whole numbers are also worked out as
 * strings of decimal digits, which know no overflow. */
#include "app/options.h"
#include "base/text.h"
#include "fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 600, DIGITS = 48 };

/* ---- whole numbers, again -------------------------------------------------------------------- */

/* A number of at most DIGITS digits without leading zeros, "" for 0; larger ones are only that. */
typedef struct decimal {
    char digits[DIGITS + 1];
    bool large;
} decimal;

static void append(decimal *d, char digit)
{
    const size_t length = strlen(d->digits);
    if (length == 0 && digit == '0')
        return;
    if (length == DIGITS) {
        d->large = true;
        return;
    }
    d->digits[length] = digit;
    d->digits[length + 1] = '\0';
}

/* As at school. */
static void multiply(decimal *d, const decimal *factor)
{
    int product[2 * DIGITS] = {0};
    const size_t n = strlen(d->digits), m = strlen(factor->digits);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            product[i + j] += (d->digits[n - 1 - i] - '0') * (factor->digits[m - 1 - j] - '0');
    for (size_t i = 0; i + 1 < 2 * DIGITS; i++) {
        product[i + 1] += product[i] / 10;
        product[i] %= 10;
    }
    const bool large = d->large || factor->large;
    *d = (decimal){.large = large};
    for (size_t i = 2 * DIGITS; i-- > 0;)
        append(d, (char)('0' + product[i]));
}

/* Where a run of digits ends, with single underscores between them; NULL for none. */
static const char *skip_digits(const char *at)
{
    if (strspn(at, "0123456789") == 0)
        return NULL;
    at += strspn(at, "0123456789");
    return *at == '_' ? skip_digits(at + 1) : at;
}

static decimal digits_between(const char *from, const char *end)
{
    decimal d = {.large = false};
    for (; from < end; from++)
        if (*from >= '0' && *from <= '9')
            append(&d, *from);
    return d;
}

/* Beyond 10,000 one exponent is like another. */
static long small(const decimal *d)
{
    return d->large || strlen(d->digits) > 4 ? 10000 : strtol(d->digits, NULL, 10);
}

static bool is_zero(const decimal *d)
{
    return !d->large && d->digits[0] == '\0';
}

static decimal power(const decimal *base, const decimal *exponent)
{
    decimal d = {.digits = "1"};
    const bool same = is_zero(base) || (!base->large && strcmp(base->digits, "1") == 0);
    const long times = same && !is_zero(exponent) ? 1 : small(exponent);
    for (long i = 0; i < times && !d.large; i++)
        multiply(&d, base);
    return d;
}

/* DIGITS.DIGITSeDIGITS, where a part may be empty. */
static bool scaled(const char *text, const char *end, decimal *d)
{
    const char *e = strpbrk(text, "eE"), *point = strchr(text, '.');
    const decimal exponent = digits_between(e ? e : end, end);
    const char *last = e ? e : end;
    long places = small(&exponent);
    while (point && last[-1] != '.' && (last[-1] == '0' || last[-1] == '_'))
        last--;
    for (const char *at = point ? point : last; at < last; at++)
        places -= *at >= '0' && *at <= '9';
    *d = digits_between(text, last);
    if (places < 0)
        return is_zero(d);
    for (; places > 0 && !is_zero(d) && !d->large; places--)
        append(d, '0');
    return true;
}

/* What pm_parse_integer should say, as text; NULL for a refusal. */
static const char *expected_integer(const char *text, char out[DIGITS + 2])
{
    const bool minus = *text == '-';
    const char *start = text + (minus || *text == '+'), *end = start + strlen(start);
    const char *at = skip_digits(start);
    decimal d;
    if (at && *at == '^') {
        const decimal base = digits_between(start, at), exponent = digits_between(at, end);
        if (skip_digits(at + 1) != end)
            return NULL;
        d = power(&base, &exponent);
    } else {
        if (at && *at == '.')
            at = skip_digits(at + 1);
        if (at && (*at == 'e' || *at == 'E'))
            at = skip_digits(at + (at[1] == '+' ? 2 : 1));
        if (at != end || !scaled(start, end, &d))
            return NULL;
    }
    static const char most[] = "170141183460469231731687303715884105727";
    const size_t length = strlen(d.digits), room = strlen(most);
    const bool least = minus && strcmp(d.digits, "170141183460469231731687303715884105728") == 0;
    if (d.large || length > room || (length == room && strcmp(d.digits, most) > 0 && !least))
        return NULL;
    strcpy(out, minus && length > 0 ? "-" : "");
    return strcat(out, length > 0 ? d.digits : "0");
}

static void check_integer(const char *text)
{
    char out[DIGITS + 2], back[PM_NUMBER_TEXT];
    parmap_int128 value, again;
    const char *expected = expected_integer(text, out);
    const parmap_status status = pm_parse_integer(text, &value);
    FUZZ_CHECK(status == (expected ? PARMAP_OK : PARMAP_USAGE));
    if (status != PARMAP_OK)
        return;
    FUZZ_CHECK(strcmp(pm_format_int128(back, value), expected) == 0);
    FUZZ_CHECK(pm_parse_integer(back, &again) == PARMAP_OK && again == value);
}

static void check_bytes(const char *text)
{
    static const char units[] = "KkMmGgTt";
    char number[LONGEST + 1];
    int64_t bytes;
    parmap_int128 value;
    const size_t length = strlen(text);
    const char *unit = length > 0 ? strchr(units, text[length - 1]) : NULL;
    memcpy(number, text, length + 1);
    if (unit)
        number[length - 1] = '\0';
    bool good = pm_parse_integer(number, &value) == PARMAP_OK && value >= 0 && value <= INT64_MAX;
    for (ptrdiff_t i = unit ? (unit - units) / 2 : -1; i >= 0 && good; i--)
        good = (value *= 1024) <= INT64_MAX;
    if (length >= PM_NUMBER_TEXT && pm_parse_bytes(text, &bytes) != PARMAP_OK)
        return; /* sizes may be written shorter */
    FUZZ_CHECK((pm_parse_bytes(text, &bytes) == PARMAP_OK) == good);
    FUZZ_CHECK(!good || bytes == value);
}

/* ---- times ----------------------------------------------------------------------------------- */

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fabs(b);
}

/* 90, 1.5h: by the C library. */
static bool expected_amount(const char *text, double *seconds)
{
    char *end;
    const char *units = "smhd", *at = text + strspn(text, "0123456789");
    static const double worth[] = {1, 60, 3600, 86400};
    if (at == text || (*at == '.' && strspn(at + 1, "0123456789") == 0))
        return false;
    at += *at == '.' ? 1 + strspn(at + 1, "0123456789") : 0;
    const char *unit = *at ? strchr(units, *at) : units;
    if (!unit || (*at && at[1]))
        return false;
    *seconds = strtod(text, &end) * worth[unit - units];
    return true;
}

/* M:SS, H:MM:SS, D-H:MM:SS: the text with "0" for each number has one of three forms. */
static bool expected_clock(const char *text, double *seconds)
{
    char form[8] = "";
    double part[4] = {0};
    int count = 0;
    for (const char *at = text; *at;) {
        const size_t digits = strspn(at, "0123456789"), length = strlen(form);
        if (length + 1 == sizeof form || (digits > 0 && count == 4))
            return false;
        if (digits > 0)
            part[count++] = strtod(at, NULL);
        form[length] = digits > 0 ? '0' : *at;
        at += digits > 0 ? digits : 1;
    }
    if (strcmp(form, "0:0") != 0 && strcmp(form, "0:0:0") != 0 && strcmp(form, "0-0:0:0") != 0)
        return false;
    const double days = count == 4 ? part[0] : 0, hours = count > 2 ? part[count - 3] : 0;
    const double minutes = part[count - 2], rest = part[count - 1];
    *seconds = 86400 * days + 3600 * hours + 60 * minutes + rest;
    return rest < 60 && (count < 3 || minutes < 60) && (count < 4 || hours < 24);
}

static void check_duration(const char *text)
{
    static const double longest = 864e6;
    double seconds, expected = NAN, back;
    char clock[PM_NUMBER_TEXT];
    const bool good = pm_parse_duration(text, &seconds) == PARMAP_OK;
    const bool form = expected_amount(text, &expected) || expected_clock(text, &expected);
    if (!good) {
        FUZZ_CHECK(!form || expected > longest * (1 - 1e-12));
        return;
    }
    FUZZ_CHECK(seconds >= 0 && seconds <= longest);
    FUZZ_CHECK(form && near(seconds, expected));
    if (seconds >= 86400)
        return;
    FUZZ_CHECK(pm_parse_duration(pm_format_clock(clock, seconds), &back) == PARMAP_OK);
    FUZZ_CHECK(back == floor(seconds));
}

/* ---- ranges and parts ------------------------------------------------------------------------ */

static parmap_status read_option(pm_option_id id, const char *text, pm_value *value)
{
    *value = (pm_value){.text = NULL};
    const parmap_status status = pm_option_read(&pm_options[id], text, value);
    FUZZ_CHECK(status == PARMAP_OK || status == PARMAP_USAGE);
    FUZZ_CHECK(status == PARMAP_OK || parmap_message()[0]);
    return status;
}

/* Equal parts, one behind the other, that are the whole. */
static void check_parts(const pm_range *whole, int64_t of, int64_t number)
{
    const pm_range part = pm_range_part(whole, (pm_part){number, of});
    FUZZ_CHECK(part.step == whole->step);
    FUZZ_CHECK(part.count == whole->count / of || part.count == whole->count / of + 1);
    FUZZ_CHECK(number > 1 || part.first == whole->first);
    FUZZ_CHECK(number < of || pm_range_last(&part) == pm_range_last(whole));
    if (number < of) {
        const pm_range next = pm_range_part(whole, (pm_part){number + 1, of});
        FUZZ_CHECK(pm_range_item(&part, part.count) == next.first);
        FUZZ_CHECK(pm_range_part_of(whole, of, 0) == 1);
    }
}

static void check_range(const char *text)
{
    char formatted[PM_RANGE_TEXT], first[PM_RANGE_TEXT];
    pm_value value, back;
    parmap_int128 behind;
    if (read_option(PM_OPTION_RANGE, text, &value) != PARMAP_OK)
        return;
    const pm_typed_range *b = &value.bounds;
    const int64_t count = pm_typed_range_count(b);
    const pm_range range = {b->first, b->step, count};
    FUZZ_CHECK(count >= 1 && b->step != 0);
    FUZZ_CHECK(b->first + (parmap_int128)(count - 1) * b->step == b->last);
    FUZZ_CHECK(pm_range_last(&range) == b->last);

    pm_range_format(formatted, &range);
    FUZZ_CHECK(read_option(PM_OPTION_RANGE, formatted, &back) == PARMAP_OK);
    FUZZ_CHECK(back.bounds.first == b->first && back.bounds.last == b->last);
    FUZZ_CHECK(back.bounds.step == b->step || count == 1);

    /* one step more passes the end that was written */
    const char *end = strstr(text, "..") + 2;
    snprintf(first, sizeof first, "%.*s", (int)strcspn(end, ":"), end);
    if (strlen(first) + 1 < sizeof first && pm_parse_integer(first, &behind) == PARMAP_OK) {
        parmap_int128 next;
        FUZZ_CHECK(b->step > 0 ? b->last <= behind : b->last >= behind);
        FUZZ_CHECK(__builtin_add_overflow(b->last, b->step, &next) ||
                   (b->step > 0 ? next > behind : next < behind));
    }
    for (int64_t of = 1; of <= 8 && of <= count; of++)
        for (int64_t number = 1; number <= of; number++)
            check_parts(&range, of, number);
    check_parts(&range, count, 1 + count / 3);
}

static void check_part(const char *text)
{
    char formatted[PM_PART_TEXT];
    pm_value value, back;
    if (read_option(PM_OPTION_PART, text, &value) != PARMAP_OK || value.part.of == 0)
        return;
    FUZZ_CHECK(value.part.number >= 1 && value.part.number <= value.part.of);
    pm_part_format(formatted, value.part);
    FUZZ_CHECK(read_option(PM_OPTION_PART, formatted, &back) == PARMAP_OK);
    FUZZ_CHECK(back.part.number == value.part.number && back.part.of == value.part.of);
}

static void check_on_error(const char *text)
{
    pm_value value;
    if (read_option(PM_OPTION_ON_ERROR, text, &value) != PARMAP_OK)
        return;
    const pm_on_error *e = &value.on_error;
    FUZZ_CHECK(e->count >= 0 && e->percent >= 0 && e->percent <= 100);
    FUZZ_CHECK(e->count == 0 || e->percent == 0);
    for (int64_t items = 1; items < INT64_MAX / 1000; items *= 997)
        FUZZ_CHECK(pm_on_error_limit(e, items) >= 1);
}

/* ---- all ------------------------------------------------------------------------------------- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[LONGEST + 1];
    pm_value value;
    if (size > LONGEST)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    check_integer(text);
    check_bytes(text);
    check_duration(text);
    check_range(text);
    check_part(text);
    check_on_error(text);
    for (pm_option_id id = 0; id < PM_OPTIONS; id++)
        if (pm_options[id].kind != PM_VALUE_NONE)
            read_option(id, text, &value);
    return 0;
}

void fuzz_seeds(fuzz_add *add)
{
    static const char *const seeds[] = {
        "1..1000000",
        "10..0:-2",
        "-5..+7:3",
        "1e3..1.5e6:1_000",
        "-2^127..2^127",
        "0..9223372036854775806",
        "1_000_000",
        "1.50e3",
        "2^20",
        "-2^126",
        "90s",
        "1.5h",
        "2d",
        "1-02:03:04",
        "1:30",
        "01:30:00",
        "3/8",
        "none",
        "64K",
        "2G",
        "fail-after:5%",
        "fail-after 10",
        "stop",
        "a/b",
        "170141183460469231731687303715884105727",
        "10000d",
    };
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
        add(seeds[i], strlen(seeds[i]));
}

const char *const fuzz_words[] = {"..",
                                  ":",
                                  "-",
                                  "+",
                                  "/",
                                  "_",
                                  "^",
                                  "e",
                                  "E+",
                                  ".",
                                  "0",
                                  "1",
                                  "00",
                                  "9223372036854775807",
                                  "170141183460469231731687303715884105728",
                                  "2^127",
                                  "2^63",
                                  "1e38",
                                  "59",
                                  "60",
                                  "23",
                                  "s",
                                  "m",
                                  "h",
                                  "d",
                                  "K",
                                  "T",
                                  "%",
                                  "..1",
                                  ":-1",
                                  NULL};
