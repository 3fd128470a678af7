/* A slot carries its own proof, so that it counts even where the journal's header is lost. */
#include "store/slot.h"

#include "base/hash.h"

#include <string.h>

_Static_assert(sizeof(pm_slot) == 16, "a slot is 16 bytes in the file");

static uint32_t check_of(const pm_slot *slot, int64_t block, uint64_t seed)
{
    const char *rest = (const char *)slot + sizeof slot->check;
    return (uint32_t)pm_hash_block(rest, sizeof *slot - sizeof slot->check, seed + (uint64_t)block);
}

void pm_slot_seal(pm_slot *slot, int64_t block, uint64_t seed)
{
    slot->check = check_of(slot, block, seed);
}

bool pm_slot_good(const pm_slot *slot, int64_t block, uint64_t seed)
{
    return slot->state >= PM_SLOT_WRITTEN && slot->state <= PM_SLOT_DOUBTED &&
           slot->check == check_of(slot, block, seed);
}

bool pm_slot_blank(const pm_slot *slot)
{
    static const pm_slot blank;
    return memcmp(slot, &blank, sizeof blank) == 0;
}
