/* Parameters: every type, limits to the last bit, what is refused, texts, and storing. */
#include "work/parameters.h"

#include "check.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Two kernels' worth of storage: this rank's, and another's. */
static struct {
    double sigma;
    int32_t order;
    uint64_t seed;
    parmap_int128 wide;
    float single;
    int8_t small;
} mine, others;

static const double all = INFINITY;

#define TABLE(name, at)                                                                            \
    static const parmap_parameter name[] = {                                                       \
        {"sigma", PARMAP_FLOAT64, &at.sigma, 0, 100, "width of the peak"},                         \
        {"order", PARMAP_INT32, &at.order, -2.5, 10.5, NULL},                                      \
        {"seed", PARMAP_UINT64, &at.seed, 0, 0x1p64, ""},                                          \
        {"wide", PARMAP_INT128, &at.wide, -INFINITY, INFINITY, ""},                                \
        {"single", PARMAP_FLOAT32, &at.single, -INFINITY, 0.1, ""},                                \
        {"small", PARMAP_INT8, &at.small, -1e9, 1e9, ""}}
TABLE(my_table, mine);
TABLE(others_table, others);
static const parmap_kernel kernel = {.name = "gauss", .parameters = my_table, .parameter_count = 6};
static const parmap_kernel other = {
    .name = "gauss", .parameters = others_table, .parameter_count = 6};
static pm_parameters given;

static void reset(void)
{
    memset(&mine, 0, sizeof mine);
    mine.sigma = 0.3;
    mine.order = 2;
    memcpy(&others, &mine, sizeof mine);
}

static parmap_status read(const char *text)
{
    return pm_parameters_read(&kernel, &text, 1, &given);
}

/* One text, and what becomes of the whole. */
static void check_good(const char *text, const char *expected)
{
    char formatted[PM_PARAMETERS_TEXT];
    reset();
    CHECK_INT(read(text), PARMAP_OK);
    CHECK_TEXT(pm_parameters_format(formatted, &given), expected);
}

static void check_bad(const char *text, const char *part)
{
    reset();
    CHECK_INT(read(text), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), part);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void defaults(void)
{
    char text[PM_PARAMETERS_TEXT];
    reset();
    CHECK_INT(pm_parameters_read(&kernel, NULL, 0, &given), PARMAP_OK);
    CHECK_INT(given.count, 6);
    CHECK_TEXT(pm_parameters_format(text, &given),
               "sigma=0.3, order=2, seed=0, wide=0, single=0, small=0");
    CHECK_INT(pm_parameters_check(&kernel), PARMAP_OK);
}

static void all_types(void)
{
    static const char *const texts[] = {"seed=18446744073709551615",
                                        "sigma=1e-3",
                                        "small=-128",
                                        "single=-1.5",
                                        "order=+3",
                                        "wide=-170141183460469231731687303715884105728"};
    char text[PM_PARAMETERS_TEXT];
    reset();
    CHECK_INT(pm_parameters_read(&kernel, texts, 6, &given), PARMAP_OK);
    CHECK_TEXT(pm_parameters_format(text, &given),
               "sigma=0.001, order=3, seed=18446744073709551615, "
               "wide=-170141183460469231731687303715884105728, single=-1.5, small=-128");
    CHECK(mine.sigma == 0.3); /* nothing is stored yet */
    CHECK_INT(pm_parameters_apply(&kernel, &given), PARMAP_OK);
    CHECK_INT(pm_parameters_apply(&other, &given), PARMAP_OK);
    CHECK(mine.sigma == 1e-3 && others.sigma == 1e-3);
    CHECK_INT(mine.order, 3);
    CHECK_INT(mine.seed, UINT64_MAX);
    CHECK(mine.wide == (parmap_int128)((parmap_uint128)1 << 127));
    CHECK(mine.single == -1.5F);
    CHECK_INT(mine.small, -128);
    CHECK_INT(others.small, -128);
}

static void whole_numbers(void)
{
    check_good("seed=1e6", "sigma=0.3, order=2, seed=1000000, wide=0, single=0, small=0");
    check_good("seed=2^20", "sigma=0.3, order=2, seed=1048576, wide=0, single=0, small=0");
    check_good("wide=1_000", "sigma=0.3, order=2, seed=0, wide=1000, single=0, small=0");
    check_good("order=-2", "sigma=0.3, order=-2, seed=0, wide=0, single=0, small=0");
    check_good("order=10", "sigma=0.3, order=10, seed=0, wide=0, single=0, small=0");
    check_bad("order=-3", "--param order=-3 is out of bounds; use a whole number from -2 to 10");
    check_bad("order=11", "from -2 to 10");
    check_bad("order=4294967298", "from -2 to 10"); /* 2 in 32 bits */
    check_bad("seed=18446744073709551616", "from 0 to 18446744073709551615");
    check_bad("seed=-1", "from 0 to 18446744073709551615");
    check_bad("small=128", "from -128 to 127");
    check_bad("small=-129", "from -128 to 127");
    check_bad("wide=2^127", "128 bits");
    check_bad("order=2.5", "not a whole number");
    check_bad("order=", "not a whole number");
    check_bad("order= 2", "not a whole number");
    check_bad("order=two", "\"two\" is not a whole number");
    check_bad("order=0x2", "not a whole number");
}

static void reals(void)
{
    check_good("sigma=0.1", "sigma=0.1, order=2, seed=0, wide=0, single=0, small=0");
    check_good("sigma=100", "sigma=100, order=2, seed=0, wide=0, single=0, small=0");
    check_good("sigma=0", "sigma=0, order=2, seed=0, wide=0, single=0, small=0");
    check_good("sigma=2^6", "sigma=64, order=2, seed=0, wide=0, single=0, small=0");
    check_good("sigma=0x1p-2", "sigma=0.25, order=2, seed=0, wide=0, single=0, small=0");
    check_good("sigma=4.9406564584124654e-324",
               "sigma=5e-324, order=2, seed=0, wide=0, single=0, small=0");
    check_good("sigma=0.10000000000000002",
               "sigma=0.10000000000000002, order=2, seed=0, wide=0, single=0, small=0");
    check_good("single=0.1", "sigma=0.3, order=2, seed=0, wide=0, single=0.1, small=0");
    check_good("single=-inf", "sigma=0.3, order=2, seed=0, wide=0, single=-inf, small=0");
    check_good("single=-3.4028234663852886e38",
               "sigma=0.3, order=2, seed=0, wide=0, single=-3.4028235e+38, small=0");
    check_bad("sigma=100.00000000000001", "use a number from 0 to 100");
    check_bad("sigma=-1e-300", "from 0 to 100");
    check_bad("sigma=inf", "from 0 to 100");
    check_bad("sigma=nan", "\"nan\" is no number");
    check_bad("sigma=", "\"\" is no number");
    check_bad("sigma= 1", "is no number");
    check_bad("sigma=1 ", "is no number");
    check_bad("sigma=1,5", "is no number");
    check_bad("sigma=wide", "\"wide\" is no number");
    check_bad("single=0.10001", "from -inf to 0.1");
    check_bad("single=-1e39", "out of bounds"); /* no float, and infinity was not meant */
    check_bad("single=-1e999", "out of bounds");
}

static void another_locale(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "C.UTF-8"};
    for (int i = 0; i < 4; i++)
        if (setlocale(LC_NUMERIC, names[i]))
            break;
    reset();
    CHECK_INT(read("sigma=1.5"), PARMAP_OK);
    double value;
    memcpy(&value, given.items[0].value, sizeof value);
    CHECK(value == 1.5);
    setlocale(LC_NUMERIC, "C");
}

static void names(void)
{
    static const char *const twice[] = {"sigma=1", "order=3", "sigma=1"};
    static const parmap_kernel none = {.name = "cube"};
    const char *text = "sigma=1";
    check_bad("sigm=1", "gauss has no parameter sigm; did you mean sigma?");
    check_bad("temperature=1", "it has sigma, order, seed, wide, single, small");
    check_bad("Sigma=1", "did you mean sigma?");
    check_bad("sigma", "write --param NAME=VALUE");
    check_bad("=1", "write --param NAME=VALUE");
    check_bad("", "write --param NAME=VALUE");
    check_bad("sigma =1", "has no parameter");
    check_bad("a_name_that_is_longer_than_any_parameter_can_be_and_then_some=1",
              "no parameter a_na");
    CHECK_INT(pm_parameters_read(&kernel, twice, 3, &given), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "--param sigma is given twice");
    CHECK_INT(pm_parameters_read(&none, &text, 1, &given), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "cube has no parameters");
    CHECK_INT(pm_parameters_read(&none, NULL, 0, &given), PARMAP_OK);
    CHECK_INT(given.count, 0);
    CHECK_INT(pm_parameters_apply(&none, &given), PARMAP_OK);
}

/* Bytes that travel: the same for the same values, whatever was there before. */
static void plain_data(void)
{
    static pm_parameters first, second;
    memset(&first, 0x55, sizeof first);
    memset(&second, 0xaa, sizeof second);
    reset();
    for (int i = 0; i < 2; i++)
        CHECK_INT(pm_parameters_read(&kernel, (const char *[]){"small=-1", "sigma=2"}, 2,
                                     i == 0 ? &first : &second),
                  PARMAP_OK);
    CHECK(memcmp(&first, &second, sizeof first) == 0);
}

static void of_another_kernel(void)
{
    static parmap_parameter changed[6];
    const parmap_kernel fewer = {.name = "gauss", .parameters = others_table, .parameter_count = 5};
    const parmap_kernel different = {.name = "gauss", .parameters = changed, .parameter_count = 6};
    reset();
    CHECK_INT(read("sigma=50"), PARMAP_OK);
    CHECK_INT(pm_parameters_apply(&fewer, &given), PARMAP_BAD_DATA);
    memcpy(changed, others_table, sizeof changed);
    changed[5].type = PARMAP_UINT8;
    CHECK_INT(pm_parameters_apply(&different, &given), PARMAP_BAD_DATA);
    memcpy(changed, others_table, sizeof changed);
    changed[5].name = "tiny";
    CHECK_INT(pm_parameters_apply(&different, &given), PARMAP_BAD_DATA);
    CHECK(others.sigma == 0.3); /* nothing was stored */
}

static parmap_status check_table(parmap_parameter p)
{
    const parmap_kernel odd = {.name = "odd", .parameters = &p, .parameter_count = 1};
    return pm_parameters_check(&odd);
}

static void tables(void)
{
    static double real = 1;
    static int32_t whole = 1;
    static parmap_parameter many[PM_PARAMETERS + 1];
    static char many_names[PM_PARAMETERS + 1][8];
    parmap_kernel crowd = {.name = "crowd", .parameters = many, .parameter_count = PM_PARAMETERS};
    CHECK_INT(check_table((parmap_parameter){"x", PARMAP_FLOAT64, &real, 1, 1, ""}), PARMAP_OK);
    CHECK_INT(check_table((parmap_parameter){"x", PARMAP_FLOAT64, &real, -all, all, ""}),
              PARMAP_OK);
    CHECK_INT(check_table((parmap_parameter){"x", PARMAP_FLOAT64, &real, 2, 3, ""}), PARMAP_USAGE);
    CHECK_INT(check_table((parmap_parameter){"x", PARMAP_FLOAT64, &real, 3, 0, ""}), PARMAP_USAGE);
    CHECK_INT(check_table((parmap_parameter){"x", PARMAP_FLOAT64, &real, (double)NAN, 2, ""}),
              PARMAP_USAGE);
    CHECK_INT(check_table((parmap_parameter){"x", PARMAP_INT32, &whole, 1.5, 9, ""}), PARMAP_USAGE);
    CHECK_INT(check_table((parmap_parameter){"x", PARMAP_INT32, &whole, 1e300, 1e301, ""}),
              PARMAP_USAGE);
    CHECK_INT(check_table((parmap_parameter){"x", PARMAP_INT32, &whole, -1e301, -1e300, ""}),
              PARMAP_USAGE);
    CHECK_INT(check_table((parmap_parameter){"x", PARMAP_INT32, &whole, -1e300, 1e300, ""}),
              PARMAP_OK);
    CHECK_INT(check_table((parmap_parameter){"x", PARMAP_INT32, NULL, 0, 9, ""}), PARMAP_USAGE);
    CHECK_INT(check_table((parmap_parameter){NULL, PARMAP_INT32, &whole, 0, 9, ""}), PARMAP_USAGE);
    CHECK_INT(check_table((parmap_parameter){"a b", PARMAP_INT32, &whole, 0, 9, ""}), PARMAP_USAGE);
    CHECK_INT(check_table((parmap_parameter){"x", PARMAP_RECORD, &whole, 0, 9, ""}), PARMAP_USAGE);
    CHECK_INT(check_table((parmap_parameter){"x23456789_123456789_123456789_1", PARMAP_INT32,
                                             &whole, 0, 9, ""}),
              PARMAP_OK);
    CHECK_INT(check_table((parmap_parameter){"x23456789_123456789_123456789_12", PARMAP_INT32,
                                             &whole, 0, 9, ""}),
              PARMAP_USAGE);
    for (int i = 0; i <= PM_PARAMETERS; i++) {
        snprintf(many_names[i], sizeof many_names[i], "p%d", i);
        many[i] = (parmap_parameter){many_names[i], PARMAP_FLOAT64, &real, -all, all, ""};
    }
    CHECK_INT(pm_parameters_check(&crowd), PARMAP_OK);
    crowd.parameter_count++;
    CHECK_INT(pm_parameters_check(&crowd), PARMAP_USAGE);
}

/* The longest text that there can be. */
static void longest_text(void)
{
    static parmap_parameter many[PM_PARAMETERS];
    static char long_names[PM_PARAMETERS][PM_PARAMETER_NAME];
    static parmap_int128 least;
    static char text[PM_PARAMETERS_TEXT];
    const parmap_kernel crowd = {
        .name = "crowd", .parameters = many, .parameter_count = PM_PARAMETERS};
    least = -(parmap_int128)(~(parmap_uint128)0 >> 1) - 1;
    for (int i = 0; i < PM_PARAMETERS; i++) {
        snprintf(long_names[i], sizeof long_names[i], "name_of_thirty_one_characters%02d", i);
        CHECK_INT(strlen(long_names[i]), PM_PARAMETER_NAME - 1);
        many[i] = (parmap_parameter){long_names[i], PARMAP_INT128, &least, -all, all, ""};
    }
    CHECK_INT(pm_parameters_read(&crowd, NULL, 0, &given), PARMAP_OK);
    pm_parameters_format(text, &given);
    CHECK_INT(strlen(text), PM_PARAMETERS * (31 + 1 + 40 + 2) - 2);
}

static void limits(void)
{
    char text[PM_LIMITS_TEXT], value[PM_VALUE_TEXT];
    reset();
    CHECK_TEXT(pm_parameter_format_limits(text, &my_table[0]), "0 to 100");
    CHECK_TEXT(pm_parameter_format_limits(text, &my_table[1]), "-2 to 10");
    CHECK_TEXT(pm_parameter_format_limits(text, &my_table[2]), "");
    CHECK_TEXT(pm_parameter_format_limits(text, &my_table[3]), "");
    CHECK_TEXT(pm_parameter_format_limits(text, &my_table[4]), "at most 0.1");
    CHECK_TEXT(pm_parameter_format_limits(text, &my_table[5]), "");
    const parmap_parameter positive = {"n", PARMAP_INT64, &mine.wide, 1, all, ""};
    CHECK_TEXT(pm_parameter_format_limits(text, &positive), "at least 1");
    CHECK_TEXT(pm_parameter_format_value(value, &my_table[0]), "0.3");
}

int main(void)
{
    static const check_case cases[] = {
        {"parameters: defaults", defaults},
        {"parameters: all types", all_types},
        {"parameters: whole numbers", whole_numbers},
        {"parameters: reals", reals},
        {"parameters: another locale", another_locale},
        {"parameters: names", names},
        {"parameters: plain data", plain_data},
        {"parameters: of another kernel", of_another_kernel},
        {"parameters: tables", tables},
        {"parameters: the longest text", longest_text},
        {"parameters: limits", limits},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
