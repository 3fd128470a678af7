/* The run that the tests of outputs want. */
#ifndef OUTPUTS_H
#define OUTPUTS_H

#include "store/file.h"

#include <string.h>

static inline void describe_wanted(pm_file *wanted)
{
    memset(wanted, 0, sizeof *wanted);
    strcpy(wanted->dataset, "cubes");
    wanted->item = pm_layout_of_type(PARMAP_INT64);
    wanted->items = 1000;
    pm_record_text(&wanted->data, "kernel", "cube");
    pm_record_int(&wanted->data, "kernel_version", 1);
    pm_record_text(&wanted->data, "type", "int64");
    pm_record_text(&wanted->data, "range", "1..1000");
    pm_record_int(&wanted->data, "rounding", 0);
    pm_record_int(&wanted->data, "count", 1000);
    pm_record_int(&wanted->data, "block_items", 128);
    pm_record_uint(&wanted->data, "probe", 77);
    pm_record_uint(&wanted->data, "checksum", 0);
}

#endif
