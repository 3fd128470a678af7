/* Each field is one scalar attribute: a fixed-length string or a 64-bit number, so that it can be
 * rewritten in place. */
#include "store/attributes.h"

#include <stdio.h>
#include <string.h>

static hid_t type_of(const pm_field *field)
{
    switch (field->kind) {
    case PM_FIELD_INT:
        return H5Tcopy(H5T_STD_I64LE);
    case PM_FIELD_UINT:
        return H5Tcopy(H5T_STD_U64LE);
    case PM_FIELD_REAL:
        return H5Tcopy(H5T_IEEE_F64LE);
    case PM_FIELD_TEXT_VALUE:
        break;
    }
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, field->room);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

/* A text is cut to its room in the file, which may be less than the field's. */
static bool write_field(hid_t attribute, hid_t type, const pm_field *field)
{
    if (field->kind != PM_FIELD_TEXT_VALUE)
        return H5Awrite(attribute, type, &field->number) >= 0;
    char text[PM_FIELD_TEXT] = "";
    const size_t room = H5Tget_size(type);
    if (room > sizeof text)
        return false;
    snprintf(text, room, "%s", field->text);
    return H5Awrite(attribute, type, text) >= 0;
}

bool pm_attributes_create(hid_t object, const pm_record *record)
{
    const hid_t scalar = H5Screate(H5S_SCALAR);
    bool good = scalar >= 0;
    for (int i = 0; i < record->count && good; i++) {
        const pm_field *field = &record->fields[i];
        const hid_t type = type_of(field);
        const hid_t attribute =
            H5Acreate2(object, field->name, type, scalar, H5P_DEFAULT, H5P_DEFAULT);
        good = attribute >= 0 && write_field(attribute, type, field);
        H5Tclose(type);
        good = (attribute < 0 || H5Aclose(attribute) >= 0) && good;
    }
    H5Sclose(scalar);
    return good;
}

bool pm_attributes_write(hid_t object, const pm_record *record)
{
    bool good = true;
    for (int i = 0; i < record->count && good; i++) {
        const pm_field *field = &record->fields[i];
        const hid_t attribute = H5Aopen(object, field->name, H5P_DEFAULT);
        const hid_t type = attribute >= 0 ? H5Aget_type(attribute) : -1;
        good = type >= 0 && write_field(attribute, type, field);
        if (type >= 0)
            H5Tclose(type);
        if (attribute >= 0)
            good = H5Aclose(attribute) >= 0 && good;
    }
    return good;
}

/* The kind and room that a file type stands for; false when a field cannot hold it. */
static bool kind_of(hid_t type, pm_field *field)
{
    const H5T_class_t class = H5Tget_class(type);
    const size_t size = H5Tget_size(type);
    if (class == H5T_STRING) {
        field->kind = PM_FIELD_TEXT_VALUE;
        field->room = size;
        return !H5Tis_variable_str(type) && size > 0 &&
               size + (H5Tget_strpad(type) != H5T_STR_NULLTERM) <= PM_FIELD_TEXT;
    }
    if (class == H5T_INTEGER)
        field->kind = H5Tget_sign(type) == H5T_SGN_NONE ? PM_FIELD_UINT : PM_FIELD_INT;
    else if (class == H5T_FLOAT)
        field->kind = PM_FIELD_REAL;
    else
        return false;
    return size == 8;
}

/* The memory type of a field as read: a text keeps its file's type, whatever its characters and
 * padding. */
static herr_t read_value(hid_t attribute, hid_t type, pm_field *field)
{
    if (field->kind == PM_FIELD_TEXT_VALUE)
        return H5Aread(attribute, type, field->text);
    const hid_t memory = type_of(field);
    const herr_t result = H5Aread(attribute, memory, &field->number);
    H5Tclose(memory);
    return result;
}

static herr_t read_one(hid_t object, const char *name, const H5A_info_t *info, void *context)
{
    (void)info;
    pm_record *record = context;
    pm_field field = {0};
    const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0)
        return -1;
    const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    if (strlen(name) < sizeof field.name && record->count < PM_FIELDS &&
        H5Sget_simple_extent_npoints(space) == 1 && kind_of(type, &field) &&
        read_value(attribute, type, &field) >= 0) {
        strcpy(field.name, name);
        record->fields[record->count++] = field;
    }
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(attribute);
    return 0;
}

bool pm_attributes_read(hid_t object, pm_record *record)
{
    record->count = 0;
    hsize_t position = 0;
    return H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &position, read_one, record) >= 0;
}
