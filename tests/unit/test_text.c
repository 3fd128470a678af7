/* Numbers read and written, switches, clocks, the nearest word, and messages. */
#include "base/text.h"

#include "base/status.h"
#include "check.h"

#include <math.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
/* high * 10^19 + low: 128-bit literals do not exist */
#define WIDE(high, low) ((parmap_int128)(high##u) * 10000000000000000000u + (low##u))

static const parmap_int128 largest = WIDE(17014118346046923173, 1687303715884105727);

static void integers(void)
{
    static const struct {
        const char *text;
        parmap_int128 value;
    } numbers[] = {
        {"0", 0},
        {"-0", 0},
        {"123", 123},
        {"-5", -5},
        {"+7", 7},
        {"007", 7},
        {"1_000_000", 1000000},
        {"1e6", 1000000},
        {"1E6", 1000000},
        {"1e+6", 1000000},
        {"1e0", 1},
        {"0e999999999999", 0},
        {"1.5e3", 1500},
        {"-1.5e3", -1500},
        {"1.25_5e3", 1255},
        {"2.50e1", 25},
        {"3.0", 3},
        {"1.50000000000000000000000000000000000000000000000e3", 1500},
        {"2^20", 1048576},
        {"-2^10", -1024},
        {"2^0", 1},
        {"0^0", 1},
        {"0^5", 0},
        {"1^99999999999999999999999", 1},
        {"10^18", 1000000000000000000},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"18446744073709551615", UINT64_MAX},
        {"2^64", WIDE(1, 8446744073709551616)},
        {"1e38", WIDE(10000000000000000000, 0)},
    };
    for (size_t i = 0; i < COUNT(numbers); i++) {
        parmap_int128 value = -99;
        CHECK_INT(pm_parse_integer(numbers[i].text, &value), PARMAP_OK);
        CHECK_INT(value, numbers[i].value);
    }
}

static void ends_of_128_bits(void)
{
    static const char *const too_large[] = {
        "2^127",
        "-2^128",
        "170141183460469231731687303715884105728",
        "-170141183460469231731687303715884105729",
        "1e39",
        "-1e39",
        "9^99",
        "2^99999999999999999999999999999999999999999999",
        "340282366920938463463374607431768211456",
        "99999999999999999999999999999999999999999999999999",
    };
    parmap_int128 value = 0;
    CHECK_INT(pm_parse_integer("170141183460469231731687303715884105727", &value), PARMAP_OK);
    CHECK_INT(value, largest);
    CHECK_INT(pm_parse_integer("-170141183460469231731687303715884105728", &value), PARMAP_OK);
    CHECK_INT(value, -largest - 1);
    CHECK_INT(pm_parse_integer("-2^127", &value), PARMAP_OK);
    CHECK_INT(value, -largest - 1);
    for (size_t i = 0; i < COUNT(too_large); i++) {
        value = 5;
        CHECK_INT(pm_parse_integer(too_large[i], &value), PARMAP_USAGE);
        CHECK_HOLDS(parmap_message(), "does not fit into 128 bits");
        CHECK_HOLDS(parmap_message(), too_large[i]);
        CHECK_INT(value, 5);
    }
}

static void no_integers(void)
{
    static const char *const wrong[] = {
        "",        " ",    "x",    "-",    "+",     "--5",   "+-5",   "1.5", "1.55e1", "1.",
        ".5",      "1e",   "1e-3", "e5",   "1e1.",  "1__0",  "_1",    "1_",  "1_e3",   "1._5",
        "0x10",    "2^-1", "2^",   "^2",   "2^2^2", "2^1e1", "2.0^2", " 1",  "1 ",     "1,000",
        "1.5.1e9", "inf",  "nan",  "1e\n", "1..2",  "1k",    "２",
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        parmap_int128 value = 5;
        CHECK_INT(pm_parse_integer(wrong[i], &value), PARMAP_USAGE);
        CHECK_HOLDS(parmap_message(), "is not a whole number");
        CHECK_HOLDS(parmap_message(), wrong[i]);
        CHECK_INT(value, 5);
    }
}

static void bounds(void)
{
    parmap_int128 value = 0;
    CHECK_INT(pm_parse_integer_within("1", 1, 4096, &value), PARMAP_OK);
    CHECK_INT(pm_parse_integer_within("2^12", 1, 4096, &value), PARMAP_OK);
    CHECK_INT(value, 4096);
    CHECK_INT(pm_parse_integer_within("0", 1, 4096, &value), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "\"0\"");
    CHECK_HOLDS(parmap_message(), "from 1 to 4096");
    CHECK_INT(pm_parse_integer_within("4097", 1, 4096, &value), PARMAP_USAGE);
    CHECK_INT(pm_parse_integer_within("x", 1, 4096, &value), PARMAP_USAGE);
    CHECK_INT(value, 4096);
}

static void sizes(void)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } good[] = {{"0", 0},
                {"4096", 4096},
                {"64K", 65536},
                {"64k", 65536},
                {"64M", 67108864},
                {"2G", 2147483648},
                {"1T", 1099511627776},
                {"1e6", 1000000},
                {"8388607T", INT64_MAX - 1099511627775},
                {"9223372036854775807", INT64_MAX}};
    static const char *const wrong[] = {"",
                                        "K",
                                        "64X",
                                        "64MB",
                                        "-1",
                                        "1.5M",
                                        "8388608T",
                                        " 1",
                                        "9223372036854775808",
                                        "1 G",
                                        "0000000000000000000000000000000000000000000000000000000000"
                                        "0000000000000000000000000000000000"
                                        "00000000001"};
    int64_t bytes;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK_INT(pm_parse_bytes(good[i].text, &bytes), PARMAP_OK);
        CHECK_INT(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_INT(pm_parse_bytes(wrong[i], &bytes), PARMAP_USAGE);
        CHECK_HOLDS(parmap_message(), "is no size");
    }
}

static void switches(void)
{
    static const char *const on[] = {"on", "true", "yes", "1", "", "ON", "True"};
    static const char *const off[] = {"off", "false", "no", "0", "Off", "FALSE"};
    static const char *const wrong[] = {"maybe", "2", " ", "on ", "of", "y"};
    bool value = false;
    for (size_t i = 0; i < COUNT(on); i++) {
        value = false;
        CHECK_INT(pm_parse_switch(on[i], &value), PARMAP_OK);
        CHECK(value);
    }
    for (size_t i = 0; i < COUNT(off); i++) {
        value = true;
        CHECK_INT(pm_parse_switch(off[i], &value), PARMAP_OK);
        CHECK(!value);
    }
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CHECK_INT(pm_parse_switch(wrong[i], &value), PARMAP_USAGE);
        CHECK_HOLDS(parmap_message(), wrong[i]);
    }
}

static void written_integers(void)
{
    char text[PM_NUMBER_TEXT];
    CHECK_TEXT(pm_format_int128(text, 0), "0");
    CHECK_TEXT(pm_format_int128(text, -7), "-7");
    CHECK_TEXT(pm_format_int128(text, INT64_MIN), "-9223372036854775808");
    CHECK_TEXT(pm_format_int128(text, UINT64_MAX), "18446744073709551615");
    CHECK_TEXT(pm_format_int128(text, largest), "170141183460469231731687303715884105727");
    CHECK_TEXT(pm_format_int128(text, -largest - 1), "-170141183460469231731687303715884105728");
}

static void scaled(void)
{
    static const struct {
        double value;
        const char *unit, *text;
    } cases[] = {
        {0, "", "0"},
        {12, "", "12"},
        {12, "B", "12 B"},
        {999, "B", "999 B"},
        {12.34, "", "12.3"},
        {0.667, "GB/s", "0.67 GB/s"},
        {1000, "", "1.00 k"},
        {1234, "", "1.23 k"},
        {9996, "", "10.0 k"},
        {99960, "", "100 k"},
        {999400, "", "999 k"},
        {999500, "", "1.00 M"},
        {999.7, "", "1.00 k"},
        {83300000, "", "83.3 M"},
        {83300000, "B", "83.3 MB"},
        {8e6, "B", "8.00 MB"},
        {80e9, "B", "80.0 GB"},
        {1.5e12, "B", "1.50 TB"},
        {1.5e15, "B", "1.50 PB"},
        {147.6e18, "B", "148 EB"},
        {-1234, "", "-1.23 k"},
        {1e30, "B", "1e+30 B"},
        {INFINITY, "B", "inf B"},
    };
    char text[PM_NUMBER_TEXT];
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(pm_format_scaled(text, cases[i].value, cases[i].unit), cases[i].text);
}

static void clocks(void)
{
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {
        {0, "0:00"},
        {12.3, "0:12"},
        {59.99, "0:59"},
        {60, "1:00"},
        {3599, "59:59"},
        {3600, "1:00:00"},
        {3723, "1:02:03"},
        {86399, "23:59:59"},
        {86400, "1d 00:00:00"},
        {183600, "2d 03:00:00"},
        {863999999, "9999d 23:59:59"},
        {864000000, "-:--"},
        {INFINITY, "-:--"},
        {NAN, "-:--"},
        {-3, "0:00"},
    };
    char text[PM_NUMBER_TEXT];
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(pm_format_clock(text, cases[i].seconds), cases[i].text);
}

static void nearest_words(void)
{
    static const char *const words[] = {"range",    "type",  NULL,    "threads",
                                        "schedule", "stats", "static"};
    static const struct {
        const char *word, *nearest;
    } cases[] = {
        {"range", "range"},    {"rnage", "range"},       {"tpye", "type"},  {"rang", "range"},
        {"thread", "threads"}, {"scheduel", "schedule"}, {"stat", "stats"}, {"statics", "static"},
        {"tyep", "type"},      {"shcedlue", "schedule"}, {"ty", NULL},      {"", NULL},
        {"foo", NULL},         {"xyzzy", NULL},          {"rxnxgx", NULL},  {"TYPE", NULL},
    };
    char long_word[200];
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(pm_nearest_word(cases[i].word, words, COUNT(words)), cases[i].nearest);
    memset(long_word, 'r', sizeof long_word);
    long_word[sizeof long_word - 1] = '\0';
    CHECK_TEXT(pm_nearest_word(long_word, words, COUNT(words)), NULL);
    CHECK_TEXT(pm_nearest_word("range", words, 0), NULL);
}

static void messages(void)
{
    char long_text[5000];
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    CHECK_INT(pm_fail(PARMAP_BAD_DATA, "item %d", 7), PARMAP_BAD_DATA);
    CHECK_TEXT(parmap_message(), "item 7");
    CHECK_INT(pm_fail(PARMAP_USAGE, "x.ini:3: %s", parmap_message()), PARMAP_USAGE);
    CHECK_TEXT(parmap_message(), "x.ini:3: item 7");
    pm_fail(PARMAP_USAGE, "%s", long_text);
    CHECK_HOLDS(parmap_message(), "xxx...");
    CHECK_TEXT(parmap_status_name(PARMAP_OK), "PARMAP_OK");
    CHECK_TEXT(parmap_status_name(PARMAP_STOPPED), "PARMAP_STOPPED");
    CHECK_TEXT(parmap_status_name((parmap_status)2), "an unknown status");
    CHECK_TEXT(parmap_version(), PARMAP_VERSION);
}

static void durations(void)
{
    static const struct {
        const char *text;
        double seconds;
    } times[] = {
        {"0", 0},
        {"90", 90},
        {"90s", 90},
        {"0.5", 0.5},
        {"0.25s", 0.25},
        {"5m", 300},
        {"1.5h", 5400},
        {"2d", 172800},
        {"1:30", 90},
        {"90:00", 5400},
        {"01:30:00", 5400},
        {"100:00:01", 360001},
        {"1-00:00:00", 86400},
        {"2-03:04:05", 183845},
        {"10000d", 864000000},
    };
    for (size_t i = 0; i < COUNT(times); i++) {
        double seconds = -99;
        CHECK_INT(pm_parse_duration(times[i].text, &seconds), PARMAP_OK);
        CHECK(seconds == times[i].seconds);
    }
}

static void no_durations(void)
{
    static const char *const texts[] = {
        "",           "s",      "-5",   "+5",        " 5",     "5 ",      "5 s",  "5sec",
        "1h30m",      "1e3",    "0x10", "nan",       "inf",    ".5",      "5.",   "1.5.5",
        ":30",        "1:",     "1:60", "1:2:60",    "1:60:0", "1:2:3:4", "1-2",  "1-2:3",
        "1-24:00:00", "1.5:00", "1:-5", "1-1-1:0:0", "5ms",    "auto",    "1::5",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        double seconds = -99;
        CHECK_INT(pm_parse_duration(texts[i], &seconds), PARMAP_USAGE);
        CHECK_HOLDS(parmap_message(), texts[i]);
        CHECK_HOLDS(parmap_message(), "01:30:00");
        CHECK(seconds == -99);
    }
    double seconds = -99;
    CHECK_INT(pm_parse_duration("10001d", &seconds), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "10,000 days");
    CHECK_INT(pm_parse_duration("999999999999999999999999:00", &seconds), PARMAP_USAGE);
    CHECK(seconds == -99);
}

int main(void)
{
    static const check_case cases[] = {
        {"text: whole numbers", integers},
        {"text: the ends of 128 bits", ends_of_128_bits},
        {"text: what is no whole number", no_integers},
        {"text: numbers within bounds", bounds},
        {"text: sizes in bytes", sizes},
        {"text: times", durations},
        {"text: what is no time", no_durations},
        {"text: switches", switches},
        {"text: whole numbers written", written_integers},
        {"text: scaled numbers", scaled},
        {"text: clocks", clocks},
        {"text: the nearest word", nearest_words},
        {"status: messages and names", messages},
    };
    return check_main(cases, COUNT(cases));
}
