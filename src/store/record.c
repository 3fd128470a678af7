/* Named values in a flat list: there are about thirty, so a search is a walk. */
#include "store/record.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static pm_field *find(const pm_record *record, const char *name)
{
    for (int i = 0; i < record->count; i++)
        if (strcmp(record->fields[i].name, name) == 0)
            return (pm_field *)&record->fields[i];
    return NULL;
}

static pm_field *field(pm_record *record, const char *name, pm_field_kind kind)
{
    pm_field *f = find(record, name);
    if (!f) {
        assert(record->count < PM_FIELDS && strlen(name) < PM_FIELD_NAME);
        f = &record->fields[record->count++];
        *f = (pm_field){.kind = kind};
        strcpy(f->name, name);
    }
    return f;
}

void pm_record_text(pm_record *record, const char *name, const char *text)
{
    pm_field *f = field(record, name, PM_FIELD_TEXT_VALUE);
    memset(f->text, 0, sizeof f->text); /* the file gets the whole room */
    snprintf(f->text, sizeof f->text, "%s", text);
    if (f->room <= strlen(f->text))
        f->room = strlen(f->text) + 1;
}

void pm_record_int(pm_record *record, const char *name, int64_t value)
{
    field(record, name, PM_FIELD_INT)->number.i = value;
}

void pm_record_uint(pm_record *record, const char *name, uint64_t value)
{
    field(record, name, PM_FIELD_UINT)->number.u = value;
}

void pm_record_real(pm_record *record, const char *name, double value)
{
    field(record, name, PM_FIELD_REAL)->number.r = value;
}

void pm_record_room(pm_record *record, const char *name, size_t room)
{
    pm_field *f = field(record, name, PM_FIELD_TEXT_VALUE);
    f->room = room < PM_FIELD_TEXT ? room : PM_FIELD_TEXT;
}

void pm_record_update(pm_record *record, const pm_field *from)
{
    pm_field *f = find(record, from->name);
    if (!f || f->kind != from->kind)
        return;
    f->number = from->number;
    memcpy(f->text, from->text, sizeof f->text);
}

const pm_field *pm_record_find(const pm_record *record, const char *name)
{
    return find(record, name);
}

static const pm_field *of_kind(const pm_record *record, const char *name, pm_field_kind kind)
{
    const pm_field *f = find(record, name);
    return f && f->kind == kind ? f : NULL;
}

const char *pm_record_get_text(const pm_record *record, const char *name, const char *otherwise)
{
    const pm_field *f = of_kind(record, name, PM_FIELD_TEXT_VALUE);
    return f ? f->text : otherwise;
}

int64_t pm_record_get_int(const pm_record *record, const char *name, int64_t otherwise)
{
    const pm_field *f = of_kind(record, name, PM_FIELD_INT);
    return f ? f->number.i : otherwise;
}

uint64_t pm_record_get_uint(const pm_record *record, const char *name, uint64_t otherwise)
{
    const pm_field *f = of_kind(record, name, PM_FIELD_UINT);
    return f ? f->number.u : otherwise;
}

double pm_record_get_real(const pm_record *record, const char *name, double otherwise)
{
    const pm_field *f = of_kind(record, name, PM_FIELD_REAL);
    return f ? f->number.r : otherwise;
}
