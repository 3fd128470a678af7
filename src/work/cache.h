/* Shared objects that were compiled before, in $PARMAP_CACHE, $XDG_CACHE_HOME/parmap or
 * ~/.cache/parmap; PARMAP_CACHE=off = none.
 *
 * An entry is a file  HASH.kernel  that holds its whole key, what it was made from, and its own
 * checksum, so that a hit is never a matter of a hash alone.  What is not ours, or can be changed
 * by others, or is damaged, is not used.  A cache that cannot be used is no cache, and no error. */
#ifndef PM_WORK_CACHE_H
#define PM_WORK_CACHE_H

#include "work/bytes.h"

enum { PM_CACHE_ENTRIES = 64 }; /* the oldest go */

/* Local.  The shared object of a key; true when there is one, and every file of its list is as it
 * was. */
bool pm_cache_find(const char *key, pm_bytes *object);

/* Local.  Keeps a shared object.  `files` = the files besides those of the key that it was made
 * from, a path each, with a NULL behind them; or NULL.  Nothing is kept when one of them has
 * changed since `since_s`, by the clock of the machine: it may have changed while the compiler read
 * it. */
void pm_cache_store(const char *key, char *const *files, double since_s, const pm_bytes *object);

#endif
