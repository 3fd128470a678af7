/* A record: named values, as they are written to and read from HDF5 attributes. */
#ifndef PM_STORE_RECORD_H
#define PM_STORE_RECORD_H

#include "base/status.h"

enum { PM_FIELDS = 32, PM_FIELD_NAME = 32, PM_FIELD_TEXT = 512 };

typedef enum pm_field_kind {
    PM_FIELD_TEXT_VALUE,
    PM_FIELD_INT,
    PM_FIELD_UINT,
    PM_FIELD_REAL
} pm_field_kind;

typedef struct pm_field {
    char name[PM_FIELD_NAME];
    pm_field_kind kind;
    union {
        int64_t i;
        uint64_t u;
        double r;
    } number;
    char text[PM_FIELD_TEXT];
    size_t room; /* of a text in the file, with its '\0': it may be rewritten up to that length */
} pm_field;

typedef struct pm_record {
    pm_field fields[PM_FIELDS];
    int count;
} pm_record;

/* Set a field, new or known.  A text that is too long is cut. */
void pm_record_text(pm_record *record, const char *name, const char *text);
void pm_record_int(pm_record *record, const char *name, int64_t value);
void pm_record_uint(pm_record *record, const char *name, uint64_t value);
void pm_record_real(pm_record *record, const char *name, double value);

/* The field will be rewritten with texts of up to room - 1 bytes. */
void pm_record_room(pm_record *record, const char *name, size_t room);

/* Sets a field that the record has, of the same kind, to the value of `from`; others are left out.
 * A text keeps its room. */
void pm_record_update(pm_record *record, const pm_field *from);

/* NULL when there is none. */
const pm_field *pm_record_find(const pm_record *record, const char *name);

/* The value, or `otherwise` when there is none of that kind. */
const char *pm_record_get_text(const pm_record *record, const char *name, const char *otherwise);
int64_t pm_record_get_int(const pm_record *record, const char *name, int64_t otherwise);
uint64_t pm_record_get_uint(const pm_record *record, const char *name, uint64_t otherwise);
double pm_record_get_real(const pm_record *record, const char *name, double otherwise);

#endif
