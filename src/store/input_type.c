/* What a stored number is, and how to get at it. */
#include "store/input_type.h"

#include "store/input_convert.h"
#include "store/input_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ITEM_BYTES = 1 << 20, MOST_ROW_BYTES = 64 << 20 };

/* One number, or a fixed array of them, of a data set or of a compound. */
typedef struct member {
    pm_layout_field field;
    pm_stored stored;
    bool by_hdf5;     /* only HDF5 can convert it */
    const char *what; /* it is no number but this */
} member;

static bool host_order(H5T_order_t order)
{
    return order == H5Tget_order(H5T_NATIVE_INT);
}

static bool known_order(H5T_order_t order)
{
    return order == H5T_ORDER_LE || order == H5T_ORDER_BE;
}

static parmap_type integer_of(size_t bits, bool sign)
{
    return bits <= 8    ? sign ? PARMAP_INT8 : PARMAP_UINT8
           : bits <= 16 ? sign ? PARMAP_INT16 : PARMAP_UINT16
           : bits <= 32 ? sign ? PARMAP_INT32 : PARMAP_UINT32
           : sign       ? PARMAP_INT64
                        : PARMAP_UINT64;
}

/* Also of an enum, which h5py stores truth values as, and of a bit field, which PyTables does. */
static void look_at_integer(hid_t type, bool sign, member *number)
{
    const size_t bytes = H5Tget_size(type), bits = H5Tget_precision(type);
    const H5T_order_t order = H5Tget_order(type);
    const bool whole = bits == 8 * bytes && H5Tget_offset(type) == 0 && known_order(order) &&
                       (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8);
    number->stored.kind = (int)integer_of(bits, sign);
    number->stored.swapped = whole && bytes > 1 && !host_order(order);
    number->by_hdf5 = !whole;
    if (bits > 64 || bits == 0)
        number->what = "an integer of more than 64 bits";
    else if (!whole && H5Tget_class(type) != H5T_INTEGER)
        number->what = "a bit field";
}

static void look_at_real(hid_t type, member *number)
{
    size_t sign, exponent_at, exponent, mantissa_at, mantissa;
    const size_t bytes = H5Tget_size(type), bias = H5Tget_ebias(type);
    const H5T_order_t order = H5Tget_order(type);
    if (H5Tget_fields(type, &sign, &exponent_at, &exponent, &mantissa_at, &mantissa) < 0 ||
        exponent > 15 || mantissa > 112) {
        number->what = "a real number of an unknown format";
        return;
    }
    const bool half = bytes == 2 && exponent == 5 && mantissa == 10 && bias == 15;
    const bool single = exponent <= 8 && mantissa <= 23 && bias < 128;
    const bool ieee = H5Tget_norm(type) == H5T_NORM_IMPLIED && known_order(order) &&
                      mantissa_at == 0 && exponent_at == mantissa && sign == 8 * bytes - 1;
    number->by_hdf5 = !ieee || !(half || (bytes == 4 && exponent == 8 && bias == 127) ||
                                 (bytes == 8 && exponent == 11 && bias == 1023));
    number->stored.kind = half && !number->by_hdf5 ? PM_STORED_FLOAT16
                          : single                 ? (int)PARMAP_FLOAT32
                                                   : (int)PARMAP_FLOAT64;
    number->stored.swapped = !number->by_hdf5 && !host_order(order);
}

static hid_t type_of(parmap_type type)
{
    const pm_layout number = pm_layout_of_type(type);
    return pm_hdf5_type(&number);
}

/* As results of parmap are stored. */
static bool is_int128(hid_t type)
{
    const hid_t int128 = type_of(PARMAP_INT128);
    const bool equal = H5Tequal(type, int128) > 0;
    H5Tclose(int128);
    return equal;
}

static void look_at_compound(hid_t type, member *number)
{
    if (is_int128(type))
        number->stored.kind = PARMAP_INT128;
    else
        number->what = "a record";
}

static void look_at_enum(hid_t type, member *number)
{
    const hid_t super = H5Tget_super(type);
    look_at_integer(super, H5Tget_sign(super) != H5T_SGN_NONE, number);
    H5Tclose(super);
}

static void look_at_number(hid_t type, member *number)
{
    switch (H5Tget_class(type)) {
    case H5T_INTEGER:
        look_at_integer(type, H5Tget_sign(type) != H5T_SGN_NONE, number);
        return;
    case H5T_BITFIELD:
        look_at_integer(type, false, number);
        return;
    case H5T_ENUM:
        look_at_enum(type, number);
        return;
    case H5T_FLOAT:
        look_at_real(type, number);
        return;
    case H5T_COMPOUND:
        look_at_compound(type, number);
        return;
    case H5T_STRING:
        number->what = "text";
        return;
    case H5T_REFERENCE:
        number->what = "a reference";
        return;
    case H5T_VLEN:
        number->what = "of variable length";
        return;
    default:
        number->what = "of an unknown type";
    }
}

/* Extents of 1 are left out: a set (N, 1) is a column of numbers. */
static bool add_extent(pm_layout_field *field, int64_t extent)
{
    if (extent == 1)
        return true;
    if (extent < 1 || field->rank == PARMAP_RANK)
        return false;
    field->extent[field->rank++] = extent;
    return true;
}

static void add_extents(hid_t array, member *number)
{
    hsize_t extents[H5S_MAX_RANK];
    const int rank = H5Tget_array_dims2(array, extents);
    for (int d = 0; d < rank; d++) {
        if (!add_extent(&number->field, (int64_t)extents[d]) ||
            __builtin_mul_overflow(number->stored.length, (int64_t)extents[d],
                                   &number->stored.length))
            number->what = "an array of too many dimensions";
    }
}

/* Takes arrays of arrays apart until there is a number. */
static void look_at_member(hid_t type, member *number)
{
    hid_t inner = H5Tcopy(type);
    while (H5Tget_class(inner) == H5T_ARRAY && !number->what) {
        add_extents(inner, number);
        const hid_t super = H5Tget_super(inner);
        H5Tclose(inner);
        inner = super;
    }
    if (!number->what)
        look_at_number(inner, number);
    H5Tclose(inner);
    number->field.type = number->stored.kind == PM_STORED_FLOAT16
                             ? PARMAP_FLOAT32
                             : (parmap_type)number->stored.kind;
}

/* HDF5 does not look whether a member lies within its compound, nor a number within its member. */
static void check_place(const pm_input *input, hid_t type, member *number)
{
    const size_t bytes = H5Tget_size(type), whole = input->element_bytes;
    const size_t most = bytes / pm_stored_bytes(number->stored.kind);
    const bool fits = number->by_hdf5 || (uint64_t)number->stored.length <= most;
    if (!number->what &&
        (!fits || number->stored.offset > whole || bytes > whole - number->stored.offset))
        number->what = "damaged";
}

/* A member without name and offset, with the extents of the set's further dimensions. */
static member member_of(const pm_input *input)
{
    member number;
    memset(&number, 0, sizeof number);
    number.stored.length = 1;
    for (int d = 1; d < input->rank; d++)
        if (!add_extent(&number.field, input->extent[d]))
            number.what = "an array of too many dimensions";
    return number;
}

static void add_member(pm_input *input, const member *number, bool *by_hdf5)
{
    input->row.fields[input->row.count] = number->field;
    input->stored[input->row.count++] = number->stored;
    *by_hdf5 = *by_hdf5 || number->by_hdf5;
}

static parmap_status no_number(const pm_input *input, const char *colon, const char *field,
                               const char *what)
{
    return pm_fail(PARMAP_BAD_DATA,
                   "%s:%s%s%s is %s; parmap reads numbers, fixed arrays of them of up to %d "
                   "dimensions, and records of both",
                   input->path, input->set, colon, field, what, PARMAP_RANK);
}

static parmap_status no_field(const pm_input *input, hid_t type)
{
    char text[PM_LIST_TEXT];
    pm_list *list = calloc(1, sizeof *list);
    if (!list)
        return pm_fail(PARMAP_SYSTEM, "no memory");
    pm_list_fields(list, type);
    pm_list_format(text, list, input->field, "its fields are");
    free(list);
    return pm_fail(PARMAP_BAD_DATA, "%s:%s has no field %s%s", input->path, input->set,
                   input->field, text);
}

static parmap_status describe_field(pm_input *input, hid_t type, bool *by_hdf5)
{
    const int index = H5Tget_member_index(type, input->field);
    if (index < 0)
        return no_field(input, type);
    const hid_t inner = H5Tget_member_type(type, (unsigned)index);
    member number = member_of(input);
    look_at_member(inner, &number);
    number.stored.offset = H5Tget_member_offset(type, (unsigned)index);
    check_place(input, inner, &number);
    H5Tclose(inner);
    if (number.what)
        return no_number(input, ":", input->field, number.what);
    add_member(input, &number, by_hdf5);
    return PARMAP_OK;
}

static void leave_out(pm_input *input, const char *name, const char *what)
{
    const size_t used = strlen(input->left_out);
    snprintf(input->left_out + used, sizeof input->left_out - used, "%s%.64s (%s)",
             used > 0 ? ", " : "", name, what);
}

static void describe_member(pm_input *input, hid_t type, unsigned index, bool *by_hdf5)
{
    char *name = H5Tget_member_name(type, index);
    const hid_t inner = H5Tget_member_type(type, index);
    member number = member_of(input);
    look_at_member(inner, &number);
    number.stored.offset = H5Tget_member_offset(type, index);
    check_place(input, inner, &number);
    H5Tclose(inner);
    if (strlen(name) >= sizeof number.field.name)
        number.what = "a name of more than 31 characters";
    else if (input->row.count == PM_LAYOUT_FIELDS)
        number.what = "one too many";
    if (number.what) {
        leave_out(input, name, number.what);
    } else {
        strcpy(number.field.name, name);
        add_member(input, &number, by_hdf5);
    }
    H5free_memory(name);
}

static parmap_status describe_record(pm_input *input, hid_t type, bool *by_hdf5)
{
    const int members = H5Tget_nmembers(type);
    for (int i = 0; i < members; i++)
        describe_member(input, type, (unsigned)i, by_hdf5);
    return input->row.count > 0 ? PARMAP_OK
                                : pm_fail(PARMAP_BAD_DATA,
                                          "%s:%s is a record without numbers: %s; choose another "
                                          "data set",
                                          input->path, input->set, input->left_out);
}

static parmap_status describe_plain(pm_input *input, hid_t type, bool *by_hdf5)
{
    member number = member_of(input);
    look_at_member(type, &number);
    check_place(input, type, &number);
    if (number.what)
        return no_number(input, "", "", number.what);
    add_member(input, &number, by_hdf5);
    return input->field[0] ? pm_fail(PARMAP_BAD_DATA,
                                     "%s:%s is no record, it has no field %s; leave \":%s\" out",
                                     input->path, input->set, input->field, input->field)
                           : PARMAP_OK;
}

static parmap_status row_too_large(const pm_input *input)
{
    return pm_fail(PARMAP_BAD_DATA,
                   "a row of %s:%s has more than %d MiB; the first dimension counts the rows, "
                   "so store the set the other way round or in smaller rows",
                   input->path, input->set, MOST_ITEM_BYTES >> 20);
}

/* Before the layout is placed, which multiplies the extents. */
static parmap_status place(pm_input *input)
{
    int64_t bytes = 0;
    if (__builtin_mul_overflow(input->row_elements, (int64_t)input->element_bytes, &bytes) ||
        bytes > MOST_ROW_BYTES)
        return row_too_large(input);
    pm_layout_place(&input->row);
    return input->row.bytes > MOST_ITEM_BYTES ? row_too_large(input) : PARMAP_OK;
}

static bool is_record(hid_t type)
{
    return H5Tget_class(type) == H5T_COMPOUND && !is_int128(type);
}

parmap_status pm_input_describe(pm_input *input, hid_t type, bool *by_hdf5)
{
    *by_hdf5 = false;
    input->element_bytes = H5Tget_size(type);
    if (!is_record(type))
        PM_TRY(describe_plain(input, type, by_hdf5));
    else if (input->field[0])
        PM_TRY(describe_field(input, type, by_hdf5));
    else
        PM_TRY(describe_record(input, type, by_hdf5));
    return place(input);
}

void pm_input_pack(pm_input *input)
{
    input->element_bytes = 0;
    for (int i = 0; i < input->row.count; i++) {
        pm_stored *stored = &input->stored[i];
        stored->offset = input->element_bytes;
        input->element_bytes += (size_t)stored->length * pm_stored_bytes(stored->kind);
    }
}

/* As it stands in the file, unless only HDF5 can convert it. */
static hid_t memory_number(hid_t type)
{
    member number = {.what = NULL};
    look_at_number(type, &number);
    return number.by_hdf5 ? type_of((parmap_type)number.stored.kind) : H5Tcopy(type);
}

static hid_t memory_member(hid_t type)
{
    hsize_t extents[H5S_MAX_RANK];
    if (H5Tget_class(type) != H5T_ARRAY)
        return memory_number(type);
    const int rank = H5Tget_array_dims2(type, extents);
    const hid_t super = H5Tget_super(type), inner = memory_member(super);
    const hid_t array = H5Tarray_create2(inner, (unsigned)rank, extents);
    H5Tclose(inner);
    H5Tclose(super);
    return array;
}

hid_t pm_input_memory_type(const pm_input *input, hid_t type)
{
    if (!is_record(type))
        return memory_member(type);
    const hid_t compound = H5Tcreate(H5T_COMPOUND, input->element_bytes);
    bool good = compound >= 0;
    for (int i = 0; i < input->row.count && good; i++) {
        const char *name = input->field[0] ? input->field : input->row.fields[i].name;
        const int index = H5Tget_member_index(type, name);
        const hid_t there = index >= 0 ? H5Tget_member_type(type, (unsigned)index) : -1;
        const hid_t inner = there >= 0 ? memory_member(there) : -1;
        good = inner >= 0 && H5Tinsert(compound, name, input->stored[i].offset, inner) >= 0;
        if (inner >= 0)
            H5Tclose(inner);
        if (there >= 0)
            H5Tclose(there);
    }
    if (good || compound < 0)
        return compound;
    H5Tclose(compound);
    return -1;
}
