/* Inputs and the fields of an item: which goes where, what does not fit, and the values. */
#include "store/input.h"

#include "inputs.h"

#include <stdio.h>
#include <unistd.h>

static pm_input inputs[PM_INPUTS];
static pm_columns columns;

typedef struct row {
    int32_t a;
    double v[3];
    char label[5];
} row;

enum { ROWS = 1009 };

static void put_table(hid_t file)
{
    static row rows[ROWS];
    const hsize_t three = 3, length = ROWS;
    const hid_t vector = H5Tarray_create2(H5T_NATIVE_DOUBLE, 1, &three);
    const hid_t text = H5Tcopy(H5T_C_S1), type = H5Tcreate(H5T_COMPOUND, sizeof(row));
    H5Tset_size(text, 5);
    H5Tinsert(type, "a", offsetof(row, a), H5T_NATIVE_INT32);
    H5Tinsert(type, "v", offsetof(row, v), vector);
    H5Tinsert(type, "label", offsetof(row, label), text);
    for (int i = 0; i < ROWS; i++) {
        rows[i].a = i;
        for (int k = 0; k < 3; k++)
            rows[i].v[k] = i + k / 4.0;
    }
    put_set(file, "/table", type, type, 1, &length, rows, 0, 0);
    put_set(file, "/packed", type, type, 1, &length, rows, 100, 5);
    H5Tclose(type);
    H5Tclose(text);
    H5Tclose(vector);
}

static void make_data(void)
{
    static double grid[ROWS * 6];
    const hsize_t extents[] = {ROWS, 2, 3};
    const hid_t file = new_file("data.h5");
    for (int i = 0; i < ROWS * 6; i++)
        grid[i] = i;
    put_reals(file, "/x", ROWS, 0);
    put_reals(file, "/chunks", ROWS, 64);
    put_reals(file, "/short", ROWS - 1, 0);
    put_whole(file, "/n", H5T_STD_I16BE, ROWS);
    put_whole(file, "/long", H5T_STD_I64LE, ROWS);
    put_reals(file, "/empty", 0, 0);
    put_set(file, "/grid", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 3, extents, grid, 50, 0);
    put_table(file);
    H5Fclose(file);
}

/* Looks at up to three inputs, and binds them. */
static parmap_status bind(const char *layout, const char *a, const char *b, const char *c)
{
    const char *texts[] = {a, b, c};
    pm_layout item;
    int count = 0;
    for (int i = 0; i < 3; i++)
        if (texts[i])
            CHECK_INT(pm_input_look(texts[i], &inputs[count++]), PARMAP_OK);
    CHECK_INT(pm_layout_parse(layout, &item), PARMAP_OK);
    return pm_columns_bind(inputs, count, &item, &columns);
}

static void check_refused(parmap_status status, const char *words, const char *layout,
                          const char *a, const char *b, const char *c)
{
    CHECK_INT(bind(layout, a, b, c), status);
    CHECK_HOLDS(parmap_message(), words);
}

static void check_column(int number, int input, int from)
{
    CHECK_INT(columns.columns[number].to, number);
    CHECK_INT(columns.columns[number].input, input);
    CHECK_INT(columns.columns[number].from, from);
}

static void by_name(void)
{
    CHECK_INT(bind("float64", "data.h5:/x", NULL, NULL), PARMAP_OK); /* the only one */
    CHECK_INT(columns.rows, ROWS);
    CHECK_INT(bind("{q: float64}", "data.h5:/x", NULL, NULL), PARMAP_OK);
    CHECK_INT(bind("float64", "q=data.h5:/x", NULL, NULL), PARMAP_OK);
    CHECK_INT(bind("{n: int64, x: float64}", "data.h5:/x", "data.h5:/n", NULL), PARMAP_OK);
    check_column(0, 1, 0);
    check_column(1, 0, 0);
    CHECK_INT(bind("{x: float64, n: int64}", "n=data.h5:/long", "x=data.h5:/n", NULL), PARMAP_OK);
    check_column(0, 1, 0);
    CHECK_INT(bind("{v: float64[3], a: int64, x: float64}", "data.h5:/table", "data.h5:/x", NULL),
              PARMAP_OK);
    check_column(0, 0, 1);
    check_column(1, 0, 0);
    check_column(2, 1, 0);
    CHECK_INT(bind("{a: int64, b: int64}", "data.h5:/table:a", "b=data.h5:/table:a", NULL),
              PARMAP_OK);
    CHECK_INT(pm_columns_bytes(&columns), offsetof(pm_columns, inputs) + 2 * sizeof(pm_input));
}

static void names_that_do_not(void)
{
    check_refused(PARMAP_USAGE, "input y (float64) is missing; give --input y=FILE:/SET",
                  "{x: float64, y: float64}", "data.h5:/x", NULL, NULL);
    check_refused(PARMAP_USAGE, "label (text)", "{label: int8}", "data.h5:/table", NULL, NULL);
    check_refused(PARMAP_USAGE, "q (float64) is missing", "{q: float64}", "z=data.h5:/x", NULL,
                  NULL);
    check_refused(PARMAP_USAGE, "both data.h5:/x and data.h5:/n are to be x",
                  "{x: float64, y: float64}", "data.h5:/x", "x=data.h5:/n", NULL);
    check_refused(PARMAP_USAGE, "the input long (data.h5:/long) is not used", "{x: float64}",
                  "data.h5:/x", "data.h5:/long", NULL);
    check_refused(PARMAP_USAGE, "one float64, but there are 2 inputs", "float64", "data.h5:/x",
                  "data.h5:/n", NULL);
    check_refused(PARMAP_USAGE, "name a field, as data.h5:/table:a, of a (int32), v (float64[3])",
                  "float64", "data.h5:/table", NULL, NULL);
    CHECK_INT(pm_columns_bind(inputs, 0, &columns.item, &columns), PARMAP_USAGE);
}

static void what_does_not_fit(void)
{
    check_refused(PARMAP_BAD_DATA, "data.h5:/x has float64, which float32 cannot hold without loss",
                  "float32", "data.h5:/x", NULL, NULL);
    check_refused(PARMAP_BAD_DATA, "(--type int64)", "float64", "data.h5:/long", NULL, NULL);
    check_refused(PARMAP_BAD_DATA, "real numbers, but the kernel takes int64", "int64",
                  "data.h5:/x", NULL, NULL);
    check_refused(PARMAP_BAD_DATA,
                  "a row of data.h5:/grid is float64[2][3], but the kernel takes "
                  "float64[3][2]",
                  "float64[3][2]", "data.h5:/grid", NULL, NULL);
    CHECK_INT(bind("float64[6]", "data.h5:/grid", NULL, NULL),
              PARMAP_OK); /* all numbers of a row */
    check_refused(PARMAP_BAD_DATA, "float64", "float64", "data.h5:/table:v", NULL, NULL);
    check_refused(PARMAP_BAD_DATA, "has 1009 rows, but data.h5:/short has 1008",
                  "{x: float64, short: float64}", "data.h5:/x", "data.h5:/short", NULL);
}

static void offered(void)
{
    char text[PM_LAYOUT_TEXT];
    pm_layout offer;
    CHECK_INT(pm_input_look("data.h5:/table", &inputs[0]), PARMAP_OK);
    CHECK_INT(pm_input_look("data.h5:/n", &inputs[1]), PARMAP_OK);
    CHECK_INT(pm_input_look("g=data.h5:/grid", &inputs[2]), PARMAP_OK);
    CHECK_INT(pm_inputs_offer(inputs, 3, &offer), PARMAP_OK);
    CHECK_TEXT(pm_layout_format(text, &offer),
               "{a: int32, v: float64[3], n: int16, g: float64[2][3]}");
    CHECK_INT(pm_columns_bind(inputs, 3, &offer, &columns), PARMAP_OK);
    CHECK_INT(pm_input_look("a=data.h5:/n", &inputs[1]), PARMAP_OK);
    CHECK_INT(pm_inputs_offer(inputs, 3, &offer), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "two inputs are named \"a\", the second is data.h5:/n");
}

static void block_rows(void)
{
    CHECK_INT(bind("float64", "data.h5:/x", NULL, NULL), PARMAP_OK);
    CHECK_INT(pm_columns_block_rows(&columns), 0);
    CHECK_INT(bind("{x: float64, chunks: float64, grid: float64[2][3]}", "data.h5:/x",
                   "data.h5:/chunks", "data.h5:/grid"),
              PARMAP_OK);
    CHECK_INT(pm_columns_block_rows(&columns), 64);
}

typedef struct item {
    double v[3];
    int64_t n;
    double x;
    int8_t unused;
    double grid[2][3];
    double chunks;
} item;

/* Several threads, blocks in any order, inputs of every storage; what an item has beside the
 * columns stays. */
static void read_by_threads(const char *table)
{
    static item items[ROWS];
    pm_columns_reader *reader;
    const char *more[] = {"data.h5:/n", "data.h5:/x", "data.h5:/grid", "data.h5:/chunks"};
    pm_layout layout;
    CHECK_INT(pm_layout_parse("{v: float64[3], n: int64, x: float64, unused: int8, grid: "
                              "float64[2][3], chunks: float64}",
                              &layout),
              PARMAP_OK);
    CHECK_INT(layout.bytes, sizeof(item));
    layout.fields[3] = layout.fields[5]; /* an item of somebody else, with a gap */
    layout.count = 5;
    CHECK_INT(pm_input_look(table, &inputs[0]), PARMAP_OK);
    for (int i = 0; i < 4; i++)
        CHECK_INT(pm_input_look(more[i], &inputs[1 + i]), PARMAP_OK);
    CHECK_INT(pm_columns_bind(inputs, 5, &layout, &columns), PARMAP_OK);
    CHECK_INT(pm_columns_open(&columns, &reader), PARMAP_OK);
    memset(items, 85, sizeof items);
    int failures = 0, wrong = 0;
#pragma omp parallel for num_threads(4) schedule(dynamic, 1) reduction(+ : failures)
    for (int block = 0; block < (ROWS + 12) / 13; block++) {
        const int first = block * 5 % ((ROWS + 12) / 13) * 13;
        const int count = ROWS - first < 13 ? ROWS - first : 13;
        failures += pm_columns_read(reader, first, count, items + first) != PARMAP_OK;
    }
    pm_columns_close(reader);
    for (int i = 0; i < ROWS; i++) {
        wrong += items[i].n != -i || items[i].x != i + 0.5 || items[i].unused != 85 ||
                 items[i].chunks != i + 0.5;
        for (int k = 0; k < 3; k++)
            wrong += items[i].v[k] != i + k / 4.0 || items[i].grid[0][k] != i * 6 + k ||
                     items[i].grid[1][k] != i * 6 + 3 + k;
    }
    CHECK_INT(failures, 0);
    CHECK_INT(wrong, 0);
}

static void values(void)
{
    read_by_threads("data.h5:/table:v");
    read_by_threads("data.h5:/packed:v");
}

static void outside(void)
{
    pm_columns_reader *reader;
    double got[4];
    CHECK_INT(bind("float64", "data.h5:/x", NULL, NULL), PARMAP_OK);
    CHECK_INT(pm_columns_open(&columns, &reader), PARMAP_OK);
    CHECK_INT(pm_columns_read(reader, ROWS, 0, got), PARMAP_OK);
    CHECK_INT(pm_columns_read(reader, ROWS - 1, 1, got), PARMAP_OK);
    CHECK(got[0] == ROWS - 0.5);
    CHECK_INT(pm_columns_read(reader, ROWS - 1, 2, got), PARMAP_BUG);
    CHECK_INT(pm_columns_read(reader, -1, 1, got), PARMAP_BUG);
    pm_columns_close(reader);
    pm_columns_close(NULL);
    CHECK_INT(bind("float64", "data.h5:/empty", NULL, NULL), PARMAP_OK);
    CHECK_INT(pm_columns_open(&columns, &reader), PARMAP_OK);
    CHECK_INT(pm_columns_read(reader, 0, 0, got), PARMAP_OK);
    pm_columns_close(reader);
}

/* Between look and open, and while it is read. */
static void changed_meanwhile(void)
{
    pm_columns_reader *reader;
    static double got[ROWS];
    CHECK_INT(bind("float64", "data.h5:/x", NULL, NULL), PARMAP_OK);
    CHECK_INT(pm_columns_open(&columns, &reader), PARMAP_OK);
    CHECK(truncate("data.h5", columns.inputs[0].offset + 100 * 8 + 3) == 0);
    CHECK_INT(pm_columns_read(reader, 0, 100, got), PARMAP_OK);
    CHECK_INT(pm_columns_read(reader, 90, 20, got), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "rows 90..109 of data.h5:/x: the file ends before");
    pm_columns_close(reader);
    CHECK_INT(pm_columns_open(&columns, &reader), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "data.h5 was changed");
    CHECK(reader == NULL);
    CHECK(unlink("data.h5") == 0);
    CHECK_INT(pm_columns_open(&columns, &reader), PARMAP_NO_INPUT);
}

int main(void)
{
    static const check_case cases[] = {
        {"by name", by_name},
        {"names that do not fit", names_that_do_not},
        {"what does not fit", what_does_not_fit},
        {"what inputs offer", offered},
        {"rows of a block", block_rows},
        {"values, by threads", values},
        {"rows that are not there", outside},
        {"changed meanwhile", changed_meanwhile},
    };
    H5dont_atexit();
    make_data();
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
