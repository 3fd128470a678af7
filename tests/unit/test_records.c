/* Records, and how they live as attributes: long texts, texts rewritten shorter, foreign kinds. */
#include "store/attributes.h"
#include "store/file.h"
#include "store/record.h"

#include "check.h"

#include <fcntl.h>
#include <hdf5.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char path[] = "records.h5";
static pm_file made, got;

static void fields(void)
{
    static pm_record record;
    memset(&record, 0, sizeof record);
    pm_record_int(&record, "a", -5);
    pm_record_uint(&record, "b", UINT64_MAX);
    pm_record_real(&record, "c", 1.5);
    pm_record_text(&record, "d", "text");
    pm_record_int(&record, "a", -6);
    CHECK_INT(record.count, 4);
    CHECK_INT(pm_record_get_int(&record, "a", 0), -6);
    CHECK_INT(pm_record_get_uint(&record, "b", 0), UINT64_MAX);
    CHECK(pm_record_get_real(&record, "c", 0) == 1.5);
    CHECK_TEXT(pm_record_get_text(&record, "d", NULL), "text");
    CHECK_INT(pm_record_get_int(&record, "b", -1), -1); /* of another kind */
    CHECK_INT(pm_record_get_uint(&record, "a", 9), 9);
    CHECK_TEXT(pm_record_get_text(&record, "a", "none"), "none");
    CHECK_TEXT(pm_record_get_text(&record, "x", NULL), NULL);
    CHECK(pm_record_find(&record, "d") == &record.fields[3]);
    CHECK_INT(pm_record_find(&record, "d")->room, 5);
    pm_record_room(&record, "d", 40);
    pm_record_text(&record, "d", "longer text");
    CHECK_INT(pm_record_find(&record, "d")->room, 40);
}

/* Only what the record has, of the same kind: it is what the file has room for. */
static void update(void)
{
    static pm_record record, from;
    memset(&record, 0, sizeof record);
    memset(&from, 0, sizeof from);
    pm_record_int(&record, "a", -5);
    pm_record_text(&record, "d", "old text");
    pm_record_real(&record, "c", 1.5);
    pm_record_uint(&record, "b", 4);
    pm_record_int(&from, "a", 7);
    pm_record_text(&from, "d", "text");
    pm_record_int(&from, "c", 8);
    pm_record_uint(&from, "x", 9);
    for (int i = 0; i < from.count; i++)
        pm_record_update(&record, &from.fields[i]);
    CHECK_INT(record.count, 4);
    CHECK_INT(pm_record_get_int(&record, "a", 0), 7);
    CHECK_TEXT(pm_record_get_text(&record, "d", NULL), "text");
    CHECK_INT(pm_record_find(&record, "d")->room, 9);
    CHECK(pm_record_get_real(&record, "c", 0) == 1.5);
    CHECK_INT(pm_record_get_uint(&record, "b", 0), 4);
    CHECK(pm_record_find(&record, "x") == NULL);
}

static void begin(void)
{
    memset(&made, 0, sizeof made);
    strcpy(made.dataset, "x");
    made.item = pm_layout_of_type(PARMAP_INT64);
    made.items = 4;
    pm_record_text(&made.data, "type", "int64");
    pm_record_int(&made.data, "count", 4);
}

static void write_and_read(void)
{
    CHECK_INT(pm_file_create(path, &made), PARMAP_OK);
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
}

/* Texts up to the largest that a field holds come back; longer ones come back cut. */
static void long_texts(void)
{
    static const size_t lengths[] = {0,
                                     1,
                                     100,
                                     PM_FIELD_TEXT - 3,
                                     PM_FIELD_TEXT - 2,
                                     PM_FIELD_TEXT - 1,
                                     PM_FIELD_TEXT,
                                     2 * PM_FIELD_TEXT};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char text[3 * PM_FIELD_TEXT] = "";
        memset(text, 'x', lengths[i]);
        begin();
        pm_record_text(&made.run, "command", text);
        write_and_read();
        text[PM_FIELD_TEXT - 1] = '\0';
        CHECK_TEXT(pm_record_get_text(&got.run, "command", NULL), text);
    }
}

static void large_rooms(void)
{
    begin();
    pm_record_text(&made.data, "min", "7");
    pm_record_room(&made.data, "min", PM_FIELD_TEXT);
    pm_record_text(&made.data, "max", "8");
    pm_record_room(&made.data, "max", 100 * PM_FIELD_TEXT);
    write_and_read();
    CHECK_TEXT(pm_record_get_text(&got.data, "min", NULL), "7");
    CHECK_TEXT(pm_record_get_text(&got.data, "max", NULL), "8");
}

/* The bytes of a text attribute, all of its room. */
static void raw_text(const char *name, char *bytes)
{
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t group = H5Gopen2(file, "parmap", H5P_DEFAULT);
    const hid_t attribute = H5Aopen(group, name, H5P_DEFAULT), type = H5Aget_type(attribute);
    CHECK(H5Aread(attribute, type, bytes) >= 0);
    CHECK_INT(H5Tget_cset(type), H5T_CSET_UTF8);
    H5Tclose(type);
    H5Aclose(attribute);
    H5Gclose(group);
    H5Fclose(file);
}

/* Nothing of a longer text stays in the file behind a shorter one. */
static void shorter_text(void)
{
    char bytes[16];
    begin();
    pm_record_text(&made.run, "state", "a long text");
    pm_record_room(&made.run, "state", sizeof bytes);
    write_and_read();
    pm_record_text(&made.run, "state", "short");
    CHECK_INT(pm_file_finish(path, &made), PARMAP_OK);
    raw_text("state", bytes);
    CHECK(memcmp(bytes, "short\0\0\0\0\0\0\0\0\0\0\0", sizeof bytes) == 0);
}

/* A text that has become too long for its place is cut, and still ends. */
static void text_over_its_room(void)
{
    begin();
    pm_record_text(&made.run, "state", "four");
    write_and_read();
    pm_record_text(&made.run, "state", "a much longer text");
    CHECK_INT(pm_file_finish(path, &made), PARMAP_OK);
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
    CHECK_TEXT(pm_record_get_text(&got.run, "state", NULL), "a mu");
}

static void create_attribute(hid_t object, const char *name, hid_t type, hid_t space)
{
    const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    CHECK(attribute >= 0);
    H5Aclose(attribute);
}

/* People may add attributes of their own; those that a record cannot hold are passed over. */
static void attributes_of_others(void)
{
    begin();
    pm_record_int(&made.data, "zzz", 26);
    CHECK_INT(pm_file_create(path, &made), PARMAP_OK);
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    const hid_t dataset = H5Dopen2(file, "x", H5P_DEFAULT);
    const hid_t scalar = H5Screate(H5S_SCALAR), null = H5Screate(H5S_NULL);
    const hid_t many = H5Screate_simple(1, (const hsize_t[]){5}, NULL);
    const hid_t variable = H5Tcopy(H5T_C_S1), large = H5Tcopy(H5T_C_S1);
    H5Tset_size(variable, H5T_VARIABLE);
    H5Tset_size(large, 5000);
    create_attribute(dataset, "a variable text", variable, scalar);
    create_attribute(dataset, "b large text", large, scalar);
    create_attribute(dataset, "c array", H5T_STD_I64LE, many);
    create_attribute(dataset, "d null", H5T_STD_I64LE, null);
    create_attribute(dataset, "e short", H5T_STD_I16LE, scalar);
    create_attribute(dataset, "f float", H5T_IEEE_F32LE, scalar);
    create_attribute(dataset, "g a name that is longer than those of records may be", H5T_STD_I64LE,
                     scalar);
    H5Tclose(variable);
    H5Tclose(large);
    H5Sclose(many);
    H5Sclose(null);
    H5Sclose(scalar);
    H5Dclose(dataset);
    CHECK(H5Fclose(file) >= 0);
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
    CHECK_INT(pm_record_get_int(&got.data, "zzz", 0), 26);
    CHECK_INT(got.data.count, 4); /* type, count, zzz, complete */
}

/* Texts as other programs write them: in ASCII, padded with blanks or with zeros. */
static void texts_of_others(void)
{
    static const H5T_str_t paddings[] = {H5T_STR_NULLTERM, H5T_STR_NULLPAD, H5T_STR_SPACEPAD};
    begin();
    CHECK_INT(pm_file_create(path, &made), PARMAP_OK);
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    const hid_t dataset = H5Dopen2(file, "x", H5P_DEFAULT), scalar = H5Screate(H5S_SCALAR);
    for (int i = 0; i < 3; i++) {
        char name[16];
        const hid_t type = H5Tcopy(H5T_C_S1);
        snprintf(name, sizeof name, "note%d", i);
        H5Tset_size(type, 4);
        H5Tset_strpad(type, paddings[i]);
        const hid_t attribute = H5Acreate2(dataset, name, type, scalar, H5P_DEFAULT, H5P_DEFAULT);
        CHECK(H5Awrite(attribute, type, "abc") >= 0);
        H5Aclose(attribute);
        H5Tclose(type);
    }
    H5Sclose(scalar);
    H5Dclose(dataset);
    CHECK(H5Fclose(file) >= 0);
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
    CHECK_INT(pm_record_get_int(&got.data, "count", 0), 4);
    CHECK_TEXT(pm_record_get_text(&got.data, "note0", NULL), "abc");
    CHECK_TEXT(pm_record_get_text(&got.data, "note1", NULL), "abc");
}

/* More attributes than a record has fields. */
static void too_many(void)
{
    begin();
    CHECK_INT(pm_file_create(path, &made), PARMAP_OK);
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    const hid_t dataset = H5Dopen2(file, "x", H5P_DEFAULT), scalar = H5Screate(H5S_SCALAR);
    for (int i = 0; i < 2 * PM_FIELDS; i++) {
        char name[32];
        snprintf(name, sizeof name, "z%02d", i);
        create_attribute(dataset, name, H5T_STD_I64LE, scalar);
    }
    H5Sclose(scalar);
    H5Dclose(dataset);
    CHECK(H5Fclose(file) >= 0);
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
    CHECK_INT(got.data.count, PM_FIELDS);
}

int main(void)
{
    static const check_case cases[] = {
        {"records: fields", fields},
        {"records: update", update},
        {"records: long texts", long_texts},
        {"records: large rooms", large_rooms},
        {"records: a shorter text", shorter_text},
        {"records: a text over its room", text_over_its_room},
        {"records: attributes of others", attributes_of_others},
        {"records: texts of others", texts_of_others},
        {"records: too many attributes", too_many},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
