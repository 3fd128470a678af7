/* Numbers as they are stored -> as a kernel takes them: the other byte order, narrower types. */
#ifndef PM_STORE_INPUT_CONVERT_H
#define PM_STORE_INPUT_CONVERT_H

#include "store/input.h"

/* Bytes of a stored number, and its name: "float16" and so on. */
size_t pm_stored_bytes(int kind);
const char *pm_stored_name(int kind);

/* Copies `count` numbers; strides in bytes, nothing needs to be aligned. */
typedef void pm_convert(const char *from, size_t from_stride, char *to, size_t to_stride,
                        int64_t count);

/* NULL when there are stored values that the type does not hold exactly. */
pm_convert *pm_convert_find(int kind, parmap_type type);

/* Copies `count` numbers of 2, 4, 8 or 16 bytes with the order of these turned round, one behind
 * the other. */
void pm_swap(const char *from, size_t from_stride, char *to, size_t bytes, int64_t count);

#endif
