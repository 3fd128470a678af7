/* Damaged HDF5 files as inputs: an input is a whole file, with a set /x.  It is refused in words,
 * or its rows can be read, and are the same however they are read. */
#include "fuzz.h"
#include "store/input.h"
#include "unit/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_FILE = 1 << 16, MOST_BYTES = 1 << 20, MOST_ROWS = 2000 };

static char path[64], text[80];

/* Of the sanitizers: HDF5 forgets memory where it gives up, and sizes may be wrong. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0:allocator_may_return_null=1";
}

/* A new file each time: HDF5 may still have the old one open. */
static void write_file(const uint8_t *data, size_t size)
{
    unlink(path);
    FILE *file = fopen(path, "w");
    FUZZ_CHECK(file && fwrite(data, 1, size, file) == size);
    FUZZ_CHECK(fclose(file) == 0);
}

/* Refused for what the file is; or there is no memory for what it says. */
static bool is_good(parmap_status status)
{
    if (status == PARMAP_OK)
        return true;
    const bool memory = status == PARMAP_SYSTEM && strstr(parmap_message(), "memory");
    FUZZ_CHECK(status == PARMAP_BAD_DATA || status == PARMAP_USAGE || memory);
    FUZZ_CHECK(memory || strstr(parmap_message(), path) || strstr(parmap_message(), "--input"));
    return false;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The fields only: what is between them may be anything. */
static bool same_rows(const pm_layout *item, const char *a, const char *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++, a += item->bytes, b += item->bytes)
        for (int f = 0; f < item->count; f++) {
            const pm_layout_field *field = &item->fields[f];
            const size_t bytes = pm_type_bytes(field->type) * (size_t)pm_layout_elements(field);
            if (memcmp(a + field->offset, b + field->offset, bytes) != 0)
                return false;
        }
    return true;
}

/* In one piece, and in pieces of `step`, each in memory of its own size. */
static void read_rows(const pm_columns *columns, pm_columns_reader *reader, int64_t first,
                      int64_t count, int64_t step)
{
    const size_t bytes = columns->item.bytes;
    char *all = calloc((size_t)count, bytes);
    FUZZ_CHECK(all != NULL);
    const bool whole = is_good(pm_columns_read(reader, first, count, all));
    bool pieces = true;
    for (int64_t at = 0; at < count && pieces; at += step) {
        const int64_t some = step < count - at ? step : count - at;
        char *piece = calloc((size_t)some, bytes);
        FUZZ_CHECK(piece != NULL);
        pieces = is_good(pm_columns_read(reader, first + at, some, piece));
        FUZZ_CHECK(!whole || !pieces ||
                   same_rows(&columns->item, all + (size_t)at * bytes, piece, some));
        free(piece);
    }
    FUZZ_CHECK(whole == pieces);
    free(all);
}

/* What the child process has not tried, HDF5 itself may crash on. */
static void read_some(const pm_columns *columns, pm_columns_reader *reader)
{
    const int64_t rows = columns->rows;
    int64_t count = MOST_BYTES / (int64_t)columns->item.bytes;
    count = count < MOST_ROWS ? count : MOST_ROWS;
    count = count < rows ? count : rows;
    if (columns->inputs[0].storage == PM_INPUT_BY_HDF5)
        count = rows > 0;
    if (count == 0)
        return;
    read_rows(columns, reader, 0, count, 1 + count / 3);
    read_rows(columns, reader, rows - count, count, 1 + count / 7);
}

static void check_input(const pm_input *input)
{
    static pm_columns columns;
    char words[PM_INPUT_TEXT];
    pm_columns_reader *reader = NULL;
    FUZZ_CHECK(input->rows >= 0 && input->row.count >= 1 && input->row.bytes >= 1);
    FUZZ_CHECK(strstr(pm_input_text(words, sizeof words, input), path) != NULL);
    if (!is_good(pm_columns_bind(input, 1, &input->row, &columns)))
        return;
    FUZZ_CHECK(columns.rows == input->rows);
    if (columns.item.bytes <= MOST_BYTES && is_good(pm_columns_open(&columns, &reader)))
        read_some(&columns, reader);
    pm_columns_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static pm_input input;
    if (size > MOST_FILE)
        return 0;
    write_file(data, size);
    if (is_good(pm_input_look(text, &input)))
        check_input(&input);
    return 0;
}

/* ---- files to begin with --------------------------------------------------------------------- */

static void add_file(fuzz_add *add)
{
    static uint8_t data[MOST_FILE];
    FILE *file = fopen(path, "r");
    FUZZ_CHECK(file != NULL);
    const size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    FUZZ_CHECK(size < sizeof data);
    add(data, size);
}

typedef struct record {
    int32_t a;
    double v[2];
    char label[3];
} record;

static void put_records(hid_t file, hsize_t chunk)
{
    static const record records[40];
    const hsize_t two = 2, length = sizeof records / sizeof records[0];
    const hid_t vector = H5Tarray_create2(H5T_NATIVE_DOUBLE, 1, &two), name = H5Tcopy(H5T_C_S1);
    const hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(record));
    H5Tset_size(name, sizeof records->label);
    H5Tinsert(type, "a", offsetof(record, a), H5T_NATIVE_INT32);
    H5Tinsert(type, "v", offsetof(record, v), vector);
    H5Tinsert(type, "label", offsetof(record, label), name);
    put_set(file, "/x", type, type, 1, &length, records, chunk, 0);
    H5Tclose(type);
    H5Tclose(name);
    H5Tclose(vector);
}

static void put_grid(hid_t file, hsize_t chunk, unsigned level)
{
    static float grid[60 * 6];
    static const hsize_t extents[] = {60, 2, 3};
    for (int i = 0; i < 60 * 6; i++)
        grid[i] = (float)i / 3;
    put_set(file, "/x", H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, 3, extents, grid, chunk, level);
}

static void put(hid_t file, int kind)
{
    switch (kind) {
    case 0:
        put_reals(file, "/x", 100, 0);
        break;
    case 1:
        put_reals(file, "/x", 100, 9);
        break;
    case 2:
        put_whole(file, "/x", H5T_STD_I16BE, 77);
        break;
    case 3:
        put_records(file, 0);
        break;
    case 4:
        put_records(file, 8);
        break;
    case 5:
        put_grid(file, 0, 0);
        break;
    default:
        put_grid(file, 7, 5);
    }
}

static void remove_file(void)
{
    unlink(path);
}

void fuzz_seeds(fuzz_add *add)
{
    snprintf(path, sizeof path, "damaged-%d.h5", (int)getpid());
    snprintf(text, sizeof text, "%s:/x", path);
    atexit(remove_file);
    for (int kind = 0; kind < 14; kind++) {
        static pm_input input;
        const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
        if (kind >= 7) /* the newest formats, with other indices of chunks */
            H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
        const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
        put(file, kind % 7);
        H5Fclose(file);
        H5Pclose(access);
        FUZZ_CHECK(pm_input_look(text, &input) == PARMAP_OK);
        check_input(&input);
        add_file(add);
    }
}

const char *const fuzz_words[] = {
    "TREE",     "SNOD", "HEAP", "OHDR", "OCHK", "FRHP",    "FADB",
    "FAHD",     "EAHD", "BTHD", "BTLF", "GCOL", "\x89HDF", "\xff\xff\xff\xff\xff\xff\xff\xff",
    "\xff\xff", "\x80", "\x01", "\x08", "\x10", "\x03",    "x",
    "label",    NULL};
