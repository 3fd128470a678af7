/* Results one by one: imap and imap_unordered. */
#ifndef PM_POOL_ITERATOR_H
#define PM_POOL_ITERATOR_H

#include "pool/pool.h"

/* The pool ends: whoever waits for a result of its iterators is told, and they do not use it any
 * more. */
void pm_iterators_drop(parmap_pool *pool);

#endif
