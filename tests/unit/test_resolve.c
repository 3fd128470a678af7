/* The absolute name of an output. */
#include "store/output.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_resolved(const char *name, const char *folder, const char *base)
{
    char absolute[PM_PATH], expected[PM_PATH + 300];
    snprintf(expected, sizeof expected, "%s/%s", folder, base);
    CHECK_INT(pm_output_resolve(name, absolute), PARMAP_OK);
    CHECK_TEXT(absolute, expected);
}

/* Folders of the path are made absolute, its last part stays as it is. */
static void resolve(void)
{
    char here[PM_PATH], deep[PM_PATH + 20], absolute[PM_PATH], longest[PM_PATH + 10];
    CHECK(realpath(".", here) != NULL);
    snprintf(deep, sizeof deep, "%s/sub", here);
    CHECK(mkdir("sub", 0700) == 0 || access("sub", F_OK) == 0);
    check_resolved("x.h5", here, "x.h5");
    check_resolved("./x.h5", here, "x.h5");
    check_resolved("sub/x.h5", deep, "x.h5");
    check_resolved("sub/../x y.h5", here, "x y.h5");
    check_resolved("/x.h5", "", "x.h5");
    check_resolved(deep, here, "sub");
    CHECK_INT(pm_output_resolve("nowhere/x.h5", absolute), PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), "folder nowhere does not exist");
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    CHECK_INT(pm_output_resolve(longest, absolute), PARMAP_USAGE);
    longest[PM_PATH - 1] = '\0'; /* fits until the folder comes before it */
    CHECK_INT(pm_output_resolve(longest, absolute), PARMAP_USAGE);
}

int main(void)
{
    static const check_case cases[] = {
        {"resolve: absolute names", resolve},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
