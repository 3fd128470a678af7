/* Texts of inputs, and what is said of files, sets and fields that are not there. */
#include "store/input.h"
#include "store/input_name.h"

#include "inputs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static pm_input input;

static parmap_status split(const char *text)
{
    memset(&input, 0, sizeof input);
    return pm_input_split(text, &input);
}

static void check_parts(const char *text, const char *name, const char *path, const char *set)
{
    CHECK_INT(split(text), PARMAP_OK);
    CHECK_TEXT(input.name, name);
    CHECK_INT(input.named, name[0] != '\0');
    CHECK_TEXT(input.path, path);
    CHECK_TEXT(input.set, set);
}

static void parts(void)
{
    check_parts("data.h5:/x", "", "data.h5", "/x");
    check_parts("x=data.h5:/g/y", "x", "data.h5", "/g/y");
    check_parts("x_1=/a/b.h5:/x:field", "x_1", "/a/b.h5", "/x:field");
    check_parts("run:3/data.h5:/x", "", "run:3/data.h5", "/x");
    check_parts("run:/data.h5:/x", "", "run:/data.h5", "/x");
    check_parts("a=b=c.h5:/x", "a", "b=c.h5", "/x");
    check_parts("./a=b.h5:/x", "", "./a=b.h5", "/x");
    check_parts("1=b.h5:/x", "", "1=b.h5", "/x");
    check_parts("data.h5", "", "data.h5", "");
    check_parts("data.h5:/", "", "data.h5", "/");
    check_parts("data.h5:x", "", "data.h5:x", "");
}

static void wrong_parts(void)
{
    static char text[PM_PATH + 100];
    CHECK_INT(split("=data.h5:/x"), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "no name before the \"=\"");
    CHECK_INT(split(":/x"), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "names no file; write FILE:/SET");
    CHECK_INT(split("x=:/x"), PARMAP_USAGE);
    CHECK_INT(split("x="), PARMAP_USAGE);
    CHECK_INT(split(""), PARMAP_USAGE);
    CHECK_INT(split("data.h5:/x:"), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "ends with a colon");
    CHECK_INT(split("a234567890123456789012345678901=d:/x"), PARMAP_OK);
    CHECK_INT(split("a2345678901234567890123456789012=d:/x"), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "name of the input has more than 31 characters");
    memset(text, 'p', PM_PATH);
    strcpy(text + PM_PATH, ":/x");
    CHECK_INT(split(text), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "name of the file has more than 4095 characters");
    strcpy(text, "d:/");
    memset(text + 3, 's', PM_INPUT_SET);
    text[3 + PM_INPUT_SET] = '\0';
    CHECK_INT(split(text), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "name of the data set has more than");
}

static void make_data(void)
{
    const hid_t file = new_file("data.h5");
    put_reals(file, "/x", 1000, 0);
    put_reals(file, "/temperature", 7, 3);
    put_reals(file, "/group/y", 5, 0);
    put_reals(file, "/group/z:1", 5, 0);
    put_reals(file, "/empty", 0, 0);
    H5Fclose(file);
}

static void set_time(const char *path)
{
    const struct timespec times[2] = {{1795341600, 123456789}, {1795341600, 123456789}};
    CHECK_INT(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void in_words(void)
{
    char text[PM_INPUT_TEXT];
    make_data();
    set_time("data.h5");
    CHECK_INT(pm_input_look("data.h5:/x", &input), PARMAP_OK);
    CHECK_TEXT(pm_input_text(text, sizeof text, &input),
               "x=data.h5:/x, 1000 rows of float64, modified 2026-11-22T10:00:00.123456789Z");
    CHECK_INT(input.storage, PM_INPUT_CONTIGUOUS);
    CHECK_INT(pm_input_look("T=data.h5:/temperature", &input), PARMAP_OK);
    CHECK_HOLDS(pm_input_text(text, sizeof text, &input), "T=data.h5:/temperature, 7 rows of");
    CHECK_INT(input.storage, PM_INPUT_CHUNKED);
    CHECK_INT(input.chunk[0], 3);
    CHECK_INT(pm_input_look("./data.h5:/group/y", &input), PARMAP_OK);
    CHECK_TEXT(input.name, "y");
    CHECK_INT(pm_input_look("data.h5:/group/z:1", &input), PARMAP_OK);
    CHECK_TEXT(input.set, "/group/z:1");
    CHECK_TEXT(input.field, "");
    CHECK_INT(pm_input_look("data.h5:/empty", &input), PARMAP_OK);
    CHECK_INT(input.rows, 0);
    CHECK_HOLDS(pm_input_text(text, sizeof text, &input), "0 rows of float64");
}

static void check_refused(const char *text, parmap_status status, const char *words)
{
    CHECK_INT(pm_input_look(text, &input), status);
    CHECK_HOLDS(parmap_message(), words);
}

static void not_there(void)
{
    make_data();
    check_refused("nowhere.h5:/x", PARMAP_NO_INPUT, "nowhere.h5: No such file or directory");
    check_refused("/:/x", PARMAP_NO_INPUT, "the input / is a folder");
    check_refused("/dev/null:/x", PARMAP_NO_INPUT, "no regular file");
    check_refused("data.h5", PARMAP_USAGE,
                  "names no data set; its data sets are /empty, /group/y, /group/z:1, /temperature "
                  "and /x; write data.h5:/SET");
    check_refused("data.h5:/", PARMAP_USAGE, "names no data set");
    check_refused(
        "data.h5:/temprature", PARMAP_BAD_DATA,
        "data.h5 has no data set /temprature (did you mean /temperature?); its data sets");
    check_refused("data.h5:/nothing/at/all", PARMAP_BAD_DATA, "its data sets are /empty");
    check_refused("data.h5:/group", PARMAP_BAD_DATA,
                  "/group in data.h5 is a group; its data sets are /group/y and /group/z:1");
    check_refused("data.h5:/x:a", PARMAP_BAD_DATA, "is no record, it has no field a");
    check_refused("data.h5:/x:a:b", PARMAP_BAD_DATA, "it has no field a:b");
}

static void no_hdf5(void)
{
    FILE *file = fopen("thesis.h5", "w");
    CHECK(file && fputs("my thesis", file) > 0 && fclose(file) == 0);
    check_refused("thesis.h5:/x", PARMAP_BAD_DATA, "thesis.h5 is no HDF5 file");
    file = fopen("thesis.h5", "w");
    CHECK(file && fclose(file) == 0);
    check_refused("thesis.h5:/x", PARMAP_BAD_DATA, "thesis.h5 is no HDF5 file");
    if (geteuid() != 0) {
        CHECK(chmod("thesis.h5", 0) == 0);
        check_refused("thesis.h5:/x", PARMAP_NO_INPUT, "make it readable");
    }
    unlink("thesis.h5");
    H5Fclose(new_file("bare.h5"));
    check_refused("bare.h5:/x", PARMAP_BAD_DATA, "bare.h5 has no data set /x; it has none");
}

static void many_sets(void)
{
    const hid_t file = new_file("many.h5");
    for (int i = 0; i < 300; i++) {
        char name[32];
        snprintf(name, sizeof name, "/set%03d", i);
        put_reals(file, name, 1, 0);
    }
    H5Fclose(file);
    check_refused("many.h5:/nothing", PARMAP_BAD_DATA, "/set008, /set009 and 290 more");
}

/* A truncated file, as an interrupted copy leaves it. */
static void cut_short(void)
{
    make_data();
    CHECK(truncate("data.h5", 3000) == 0);
    check_refused("data.h5:/x", PARMAP_BAD_DATA, "data.h5");
}

static void changed(void)
{
    make_data();
    CHECK_INT(pm_input_look("data.h5:/x", &input), PARMAP_OK);
    CHECK_INT(pm_input_changed(&input), PARMAP_OK);
    set_time("data.h5");
    CHECK_INT(pm_input_changed(&input), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "data.h5 was changed");
    CHECK_INT(pm_input_look("data.h5:/x", &input), PARMAP_OK);
    CHECK(truncate("data.h5", (off_t)input.bytes + 1) == 0);
    set_time("data.h5");
    CHECK_INT(pm_input_changed(&input), PARMAP_BAD_DATA);
    unlink("data.h5");
    CHECK_INT(pm_input_changed(&input), PARMAP_NO_INPUT);
}

static void not_the_output(void)
{
    make_data();
    CHECK_INT(pm_input_look("data.h5:/x", &input), PARMAP_OK);
    CHECK_INT(pm_input_is_not(&input, "other.h5"), PARMAP_OK);
    CHECK_INT(pm_input_is_not(&input, "./data.h5"), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "the output ./data.h5 is also the input data.h5");
    CHECK(symlink("data.h5", "link.h5") == 0);
    CHECK_INT(pm_input_is_not(&input, "link.h5"), PARMAP_USAGE);
    unlink("link.h5");
    CHECK(link("data.h5", "link.h5") == 0);
    CHECK_INT(pm_input_is_not(&input, "link.h5"), PARMAP_USAGE);
    unlink("link.h5");
}

int main(void)
{
    static const check_case cases[] = {
        {"name, file, set and field", parts},
        {"texts that are none", wrong_parts},
        {"in words", in_words},
        {"what is not there", not_there},
        {"what is no HDF5", no_hdf5},
        {"many sets", many_sets},
        {"cut short", cut_short},
        {"changed", changed},
        {"the output is another file", not_the_output},
    };
    H5dont_atexit();
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
