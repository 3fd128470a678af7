/* Shuffle backwards: first all first bytes, then all second ones ... -> numbers. */
#ifndef PM_STORE_INPUT_UNSHUFFLE_H
#define PM_STORE_INPUT_UNSHUFFLE_H

#include <stddef.h>

/* Of numbers of `width` bytes; what is left over at the end stays as it is. */
void pm_unshuffle(const char *from, char *to, size_t bytes, size_t width);

#endif
