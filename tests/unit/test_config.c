/* The reader of configuration files, on files written by the test. */
#include "base/config.h"

#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char path[] = "test_config.ini";

/* What the reader delivered: "3:range=1..5;" for each entry. */
typedef struct entries {
    char text[1024];
    int refused_line; /* the entry of this line is refused */
} entries;

static parmap_status collect(void *context, const char *file, int line, const char *name,
                             const char *value)
{
    entries *all = context;
    const size_t length = strlen(all->text);
    CHECK_TEXT(file, path);
    if (line == all->refused_line)
        return pm_fail(PARMAP_BAD_DATA, "refused in line %d", line);
    snprintf(all->text + length, sizeof all->text - length, "%d:%s=%s;", line, name, value);
    return PARMAP_OK;
}

static parmap_status read_bytes(const char *bytes, size_t length, entries *all)
{
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fwrite(bytes, 1, length, file) == length);
    CHECK(file != NULL && fclose(file) == 0);
    return pm_config_read(path, collect, all);
}

static void check_read(const char *content, const char *expected)
{
    entries all = {.refused_line = 0};
    CHECK_INT(read_bytes(content, strlen(content), &all), PARMAP_OK);
    CHECK_TEXT(all.text, expected);
}

/* That the content is refused, with `part` after the file's name. */
static void check_refused(const char *content, const char *part)
{
    entries all = {.refused_line = 0};
    CHECK_INT(read_bytes(content, strlen(content), &all), PARMAP_USAGE);
    CHECK(strncmp(parmap_message(), path, strlen(path)) == 0);
    CHECK_HOLDS(parmap_message(), part);
}

static void plain_lines(void)
{
    check_read("", "");
    check_read("\n\n", "");
    check_read("range = 1..5\n", "1:range=1..5;");
    check_read("range=1..5", "1:range=1..5;");
    check_read("a = 1\n\n  b =  x y  \n\tc\t=\t3", "1:a=1;3:b=x y;4:c=3;");
    check_read("output = a=b:c.h5\n", "1:output=a=b:c.h5;");
    check_read("a =\n", "1:a=;");
    check_read("a = 1\na = 2\n", "1:a=1;2:a=2;");
}

static void comments(void)
{
    check_read("# one\n; two\n  # three\na = 1\n", "4:a=1;");
    check_read("a = 1 # one\nb = 2\t; two\n", "1:a=1;2:b=2;");
    check_read("a = x#1.h5\nb = y;2.h5\n", "1:a=x#1.h5;2:b=y;2.h5;");
    check_read("a = 1   # default", "1:a=1;");
}

static void other_line_ends(void)
{
    check_read("a = 1\r\n# c\r\nb = 2\r\n", "1:a=1;3:b=2;");
    check_read("\xEF\xBB\xBF"
               "a = 1\nb = 2\n",
               "1:a=1;2:b=2;");
    check_read("\xEF\xBB\xBF# c\na = 1\n", "2:a=1;");
}

static void bad_lines(void)
{
    check_refused("a = 1\nrange\n", ":2: not a setting");
    check_refused("range = 1..5\n  2..6\n", ":2: not a setting");
    check_refused("\n[part]\na = 1\n", ":2: a section");
    check_refused("\xEF\xBB\xBF[part]\n", ":1: a section");
    check_refused("a = 1\n[]\n", ":2: a section");
}

static void long_lines(void)
{
    char content[1000] = "a = 1\nb = ";
    memset(content + strlen(content), 'x', 500);
    check_refused(content, ":2: line longer than");
    strcat(content, "\nc = 3\n");
    check_refused(content, ":2: line longer than");
}

static void binary_files(void)
{
    static const char with_zero[] = "a = 1\nb\0c = 2\n";
    entries all = {.refused_line = 0};
    CHECK_INT(read_bytes(with_zero, sizeof with_zero - 1, &all), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), ":2: not a line of text");
}

/* The first problem of the file is the one that is told, whoever finds it. */
static void first_problem(void)
{
    static const char entry_first[] = "a = 1\nb = 2\nrange\n";
    static const char syntax_first[] = "a = 1\nrange\nb = 2\n";
    entries all = {.refused_line = 2};
    CHECK_INT(read_bytes(entry_first, strlen(entry_first), &all), PARMAP_BAD_DATA);
    CHECK_TEXT(parmap_message(), "refused in line 2");
    CHECK_TEXT(all.text, "1:a=1;");
    all = (entries){.refused_line = 3};
    CHECK_INT(read_bytes(syntax_first, strlen(syntax_first), &all), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), ":2: not a setting");
}

static void no_files(void)
{
    entries all = {.refused_line = 0};
    CHECK_INT(pm_config_read("/nowhere/x.ini", collect, &all), PARMAP_NO_INPUT);
    CHECK_HOLDS(parmap_message(), "/nowhere/x.ini");
    CHECK_HOLDS(parmap_message(), "No such file");
    CHECK_INT(pm_config_read("/tmp", collect, &all), PARMAP_NO_INPUT);
    CHECK_HOLDS(parmap_message(), "directory");
    CHECK_TEXT(all.text, "");
}

int main(void)
{
    static const check_case cases[] = {
        {"config: plain lines", plain_lines},
        {"config: comments", comments},
        {"config: CRLF and byte order mark", other_line_ends},
        {"config: bad lines", bad_lines},
        {"config: long lines", long_lines},
        {"config: binary files", binary_files},
        {"config: the first problem is told", first_problem},
        {"config: files that cannot be read", no_files},
    };
    const int status = check_main(cases, sizeof cases / sizeof cases[0]);
    unlink(path);
    return status;
}
