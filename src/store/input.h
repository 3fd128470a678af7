/* Inputs from HDF5: the rows of data sets, as arrays of structs.
 *
 *     pm_input_look      rank 0, before the run: what is there, as plain data
 *     pm_columns_bind    which field of a kernel's input comes from which data set
 *     pm_columns_open    every rank
 *     pm_columns_read    every thread, block by block
 *     pm_columns_close
 *
 * A row is one index of the first dimension of a set; the further dimensions make the extents of a
 * fixed array: rows of a set (N, 3) of float64 are float64[3]; extents of 1 do not count.  A set of
 * compounds has records as rows; one FIELD of it has numbers or arrays.
 *
 * Truth values and enums are their integers.  Every value is kept exactly, but for long double,
 * which is rounded to float64, the widest real type that there is. */
#ifndef PM_STORE_INPUT_H
#define PM_STORE_INPUT_H

#include "base/layout.h"
#include "base/status.h"
#include "store/data.h"

enum {
    PM_INPUTS = PM_LAYOUT_FIELDS,
    PM_INPUT_SET = 512, /* bytes of the name of a set */
    PM_INPUT_FIELD = 128,
    PM_INPUT_RANK = 8, /* dimensions of a set; those of length 1 do not count as extents */
    PM_INPUT_FILTERS = 8,
    PM_INPUT_TEXT = 1024,
};

/* How the rows come out of the file. */
typedef enum pm_input_storage {
    PM_INPUT_CONTIGUOUS, /* read past HDF5, in one piece */
    PM_INPUT_CHUNKED,    /* chunks whose filters are undone here, by many threads at once */
    PM_INPUT_BY_HDF5,    /* anything else: by HDF5, one thread at a time */
} pm_input_storage;

/* How the numbers of a field stand where they are read from.  `kind` is a parmap_type, or one of
 * those below. */
enum { PM_STORED_FLOAT16 = PARMAP_TYPES, PM_STORED_KINDS };
typedef struct pm_stored {
    int kind;
    bool swapped;   /* the other byte order */
    size_t offset;  /* in an element */
    int64_t length; /* numbers of it in an element */
} pm_stored;

/* One input, as it was looked at.  No pointers: it may be sent to other ranks as it is. */
typedef struct pm_input {
    char name[PM_LAYOUT_NAME]; /* NAME=, else the field's name, else the last part of the set's */
    bool named;                /* by NAME= */
    char path[PM_PATH];
    char set[PM_INPUT_SET];     /* "/group/x" */
    char field[PM_INPUT_FIELD]; /* "" = the whole row */

    int64_t rows;
    pm_layout row; /* a number, an array, or a record, as a C struct would hold it; fields of
                      compounds that are no numbers are left out */
    char left_out[PM_INPUT_TEXT / 4]; /* "label (a text), place (a record)" */

    pm_input_storage storage;
    pm_stored stored[PM_LAYOUT_FIELDS]; /* of the row's fields */
    size_t element_bytes;               /* of the set, as it is read */
    int64_t row_elements;
    int rank; /* of the set */
    int64_t extent[PM_INPUT_RANK];
    int64_t offset;               /* contiguous: of the first row in the file */
    int64_t chunk[PM_INPUT_RANK]; /* chunked, else 0 */
    int filter_count;
    int filters[PM_INPUT_FILTERS];           /* chunked: H5Z_FILTER_..., in the order of writing */
    unsigned filter_bytes[PM_INPUT_FILTERS]; /* of shuffle: of the numbers that it shuffles */

    int64_t bytes; /* of the file */
    int64_t modified_s, modified_ns;
} pm_input;

/* Local; rank 0, before the run.  Looks at the input `[NAME=]FILE:/SET[:FIELD]`.  HDF5 may crash or
 * hang on a damaged file, so a child process looks first.
 *   PARMAP_USAGE      the text is none
 *   PARMAP_NO_INPUT   there is no such file, or it cannot be opened
 *   PARMAP_BAD_DATA   it is no HDF5 file, or damaged; there is no such set or field; there are no
 *                     numbers in it; it has too many dimensions
 * The message lists what is there instead. */
parmap_status pm_input_look(const char *text, pm_input *input);

/* "x=data.h5:/x, 1000 rows of float64, modified 2026-11-22T10:00:00.123456789Z".  Returns `text`.
 */
char *pm_input_text(char *text, size_t room, const pm_input *input);

/* Local.  PARMAP_BAD_DATA when the file has another size or time than when it was looked at,
 * PARMAP_NO_INPUT when it cannot be asked. */
parmap_status pm_input_changed(const pm_input *input);

/* Local; before an output is created, which would be the end of an input of the same file, under
 * whatever name.  PARMAP_USAGE when it is. */
parmap_status pm_input_is_not(const pm_input *input, const char *output);

/* A field of an item <- a field of an input's row. */
typedef struct pm_column {
    int input;
    int from; /* number of the field in the input's row */
    int to;   /* number of the field in the item */
} pm_column;

/* Items, and where their fields come from.  No pointers: it may be sent to other ranks as it is
 * (pm_columns_bytes). */
typedef struct pm_columns {
    int64_t rows;
    pm_layout item;
    int count;
    pm_column columns[PM_LAYOUT_FIELDS];
    int input_count;
    pm_input inputs[PM_INPUTS];
} pm_columns;

/* How many bytes from the beginning of it are in use: what to send. */
size_t pm_columns_bytes(const pm_columns *columns);

/* Local.  What inputs have to offer, by name and in the types as stored (float16 as float32): a
 * record of numbers and arrays.  From this the front end of a formula finds the types of its names.
 * PARMAP_USAGE when two have the same name. */
parmap_status pm_inputs_offer(const pm_input *inputs, int count, pm_layout *offer);

/* Local.  Binds every field of `item` to one of the inputs': by NAME=, by the name of a compound's
 * field, by the last part of the set's name; or the only one to the only one.  Every input has to
 * be of use, the lengths have to be the same, extents too, and the field's type has to hold every
 * value of the stored one.
 *   PARMAP_USAGE      a name is missing, or there twice; an input is of no use
 *   PARMAP_BAD_DATA   types, extents or lengths do not fit
 * inputs may be columns->inputs. */
parmap_status pm_columns_bind(const pm_input *inputs, int count, const pm_layout *item,
                              pm_columns *columns);

/* Local.  Rows of a chunk, where reading whole chunks saves work; 0 = any block is as good. */
int64_t pm_columns_block_rows(const pm_columns *columns);

typedef struct pm_columns_reader pm_columns_reader;

/* Local.  Opens the files.  PARMAP_NO_INPUT when one cannot be opened, PARMAP_BAD_DATA when it is
 * not as it was looked at.  `columns` has to stay until the close. */
parmap_status pm_columns_open(const pm_columns *columns, pm_columns_reader **reader);

/* Local, any number of threads at once.  The items of rows first .. first + count - 1, which have
 * to exist, as an array of structs; what is between the fields of a struct is left as it is, or
 * overwritten.  PARMAP_BAD_DATA, with file, set and rows, when that fails. */
parmap_status pm_columns_read(pm_columns_reader *reader, int64_t first, int64_t count, void *items);

/* NULL is allowed. */
void pm_columns_close(pm_columns_reader *reader);

#endif
