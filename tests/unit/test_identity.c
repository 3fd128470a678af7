/* When two runs are the same run. */
#include "store/identity.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char texts[2][PM_IDENTITY];

static const char *identity(int which, const char *dataset, bool has_statuses, const char *probe)
{
    pm_file file = {.has_statuses = has_statuses};
    snprintf(file.dataset, sizeof file.dataset, "%s", dataset);
    pm_record_text(&file.data, "kernel", "half");
    pm_record_int(&file.data, "kernel_version", 2);
    pm_record_text(&file.data, "range", "1..10");
    pm_record_text(&file.data, "type", "float64");
    if (has_statuses)
        pm_record_text(&file.data, "probe", probe);
    else
        pm_record_uint(&file.data, "probe", strtoull(probe, NULL, 16));
    return pm_identity(texts[which], &file);
}

static bool agree(const char *a, const char *b, bool has_statuses)
{
    return pm_identity_agree(identity(0, "x", has_statuses, a), identity(1, "x", has_statuses, b));
}

static void text(void)
{
    CHECK_TEXT(identity(0, "a/b", false, "12ab"),
               "kernel half version 2, range 1..10, type float64, data set a/b, probe 12ab");
    CHECK_TEXT(pm_identity_probe(texts[0]), "12ab");
    CHECK_TEXT(identity(0, "a, probe b", true, "----00ff"),
               "kernel half version 2, range 1..10, type float64, data set a, probe b, probe "
               "----00ff");
    CHECK_TEXT(pm_identity_probe(texts[0]), "----00ff");
    CHECK_TEXT(pm_identity_probe("nothing"), "");
}

/* What failed in either is not compared, and nothing else is passed over. */
static void agreement(void)
{
    CHECK(agree("12ab", "12ab", false));
    CHECK(!agree("12ab", "12ac", false));
    CHECK(agree("12ab34cd", "12ab34cd", true));
    CHECK(agree("12ab----", "12ab34cd", true));
    CHECK(agree("12ab34cd", "----34cd", true));
    CHECK(agree("----34cd", "12ab----", true));
    CHECK(agree("", "", true));
    CHECK(!agree("12ab----", "12ac34cd", true));
    CHECK(!agree("12ab34cd", "12ab34ce", true));
    CHECK(!agree("12ab", "12ab34cd", true));
    CHECK(!pm_identity_agree(identity(0, "a-b", true, "12ab"), identity(1, "a+b", true, "12ab")));
    CHECK(!pm_identity_agree(identity(0, "x", true, ""), identity(1, "x", false, "0")));
}

static void differences(void)
{
    char list[200];
    identity(0, "x", true, "12ab");
    identity(1, "y", true, "12ac");
    CHECK_TEXT(pm_identity_differences(list, sizeof list, texts[0], texts[1]),
               "data set x, not data set y");
    identity(1, "x", true, "12ac");
    CHECK_HOLDS(pm_identity_differences(list, sizeof list, texts[0], texts[1]),
                "its kernel computes different results");
}

int main(void)
{
    static const check_case cases[] = {
        {"identity: text", text},
        {"identity: agreement", agreement},
        {"identity: differences", differences},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
