/* The test harness.  It uses nothing of parmap's sources, which it tests. */
#include "check.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static struct {
    const char *name; /* of the case that runs */
    int rank;
    atomic_int failures; /* of that case; its threads check too */
} world;

void check_set_rank(int rank)
{
    world.rank = rank;
}

static void fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fail(const char *file, int line, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    world.failures++;
    printf("not ok - %s: %s:%d: rank %d: %s\n", world.name, file, line, world.rank, text);
    fflush(stdout); /* a crash may follow */
}

void check_true(const char *file, int line, const char *what, bool condition)
{
    if (!condition)
        fail(file, line, "not true: %s", what);
}

static const char *decimal(char text[48], parmap_int128 value)
{
    char *at = text + 47;
    parmap_uint128 rest = value < 0 ? 0 - (parmap_uint128)value : (parmap_uint128)value;
    *at = '\0';
    do
        *--at = (char)('0' + (int)(rest % 10));
    while ((rest /= 10) != 0);
    if (value < 0)
        *--at = '-';
    return at;
}

void check_int(const char *file, int line, const char *what, parmap_int128 actual,
               parmap_int128 expected)
{
    char is[48], should_be[48];
    if (actual != expected)
        fail(file, line, "%s is %s, not %s", what, decimal(is, actual),
             decimal(should_be, expected));
}

static const char *shown(const char *text)
{
    return text != NULL ? text : "(NULL)";
}

void check_text(const char *file, int line, const char *what, const char *actual,
                const char *expected)
{
    if (actual != expected && (actual == NULL || expected == NULL || strcmp(actual, expected) != 0))
        fail(file, line, "%s is \"%s\", not \"%s\"", what, shown(actual), shown(expected));
}

void check_holds(const char *file, int line, const char *what, const char *actual, const char *part)
{
    if (actual == NULL || strstr(actual, part) == NULL)
        fail(file, line, "%s is \"%s\", without \"%s\"", what, shown(actual), part);
}

int check_main(const check_case *cases, size_t count)
{
    bool all_ok = count > 0;
    for (size_t i = 0; i < count; i++) {
        world.name = cases[i].name;
        world.failures = 0;
        cases[i].run();
        if (world.failures > 0)
            all_ok = false;
        else if (world.rank == 0)
            printf("ok - %s\n", cases[i].name);
        fflush(stdout);
    }
    return all_ok ? 0 : 1;
}
