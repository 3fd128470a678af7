/* An executor's slot: one cache line in its own rank's segment, which others read and write. */
#ifndef PM_SHARE_SLOT_H
#define PM_SHARE_SLOT_H

/* bytes from the start of the slot, 64-bit words each */
enum {
    PM_SLOT_NOTICE = 0, /* pm_notice; the executor waits on it in a wait list */
    PM_SLOT_NEXT = 8,   /* the executors behind and before it in that list, 0 = none */
    PM_SLOT_BEFORE = 16,
    PM_SLOT_SEQUENCE = 24,  /* odd while it waits for a lock: that of the next three words */
    PM_SLOT_LOCK_HOME = 32, /* generation << 32 | space << PM_RANK_BITS | rank */
    PM_SLOT_LOCK_OFFSET = 40,
    PM_SLOT_LOCK_AT = 48
};

#endif
