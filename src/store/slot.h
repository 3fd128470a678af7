/* The mark of a block in a journal: 16 bytes at a fixed place. */
#ifndef PM_STORE_SLOT_H
#define PM_STORE_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum pm_slot_state {
    PM_SLOT_EMPTY,   /* nothing is known of the block */
    PM_SLOT_WRITTEN, /* its data was written; a crash of the node may still lose it */
    PM_SLOT_SYNCED,  /* its data is on the disk */
    PM_SLOT_DOUBTED  /* written, but by a node that has crashed since, say: to be read and compared
                      */
} pm_slot_state;

enum { PM_SLOT_HASHED = 1, PM_SLOT_FAILED = 2 }; /* flags: `hash` is one; has failed items */

typedef struct pm_slot {
    uint32_t check; /* of the rest, the block's number and the run's identity */
    uint8_t state;  /* a pm_slot_state */
    uint8_t flags;
    uint16_t session; /* the attempt that vouches for it, from 1 */
    uint64_t hash;    /* of the block's data */
} pm_slot;

/* Local.  Sets `check`.  `seed` is a hash of the run's identity. */
void pm_slot_seal(pm_slot *slot, int64_t block, uint64_t seed);

/* Local.  Whether it was sealed for this block of this run: what was torn, damaged or is another
 * run's is not. */
bool pm_slot_good(const pm_slot *slot, int64_t block, uint64_t seed);

/* Local.  All bytes are 0: never written. */
bool pm_slot_blank(const pm_slot *slot);

#endif
