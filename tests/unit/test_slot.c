/* The mark of a block: whatever happens to its bytes, it is either whole or does not count. */
#include "store/slot.h"

#include "base/hash.h"

#include "check.h"
#include "draw.h"

#include <string.h>

static const uint64_t seed = 0x9876543210fedcba;

static pm_slot sealed(pm_slot_state state, int64_t block)
{
    pm_slot slot = {.state = (uint8_t)state,
                    .flags = PM_SLOT_HASHED,
                    .session = 0x1234,
                    .hash = 0x1122334455667788};
    pm_slot_seal(&slot, block, seed);
    return slot;
}

static void good(void)
{
    for (int64_t block = 0; block < INT64_C(1) << 40; block = 3 * block + 1) {
        for (int state = 0; state < 256; state++) {
            const pm_slot slot = sealed((pm_slot_state)state, block);
            CHECK(
                pm_slot_good(&slot, block, seed) ==
                (state == PM_SLOT_WRITTEN || state == PM_SLOT_SYNCED || state == PM_SLOT_DOUBTED));
            CHECK(!pm_slot_blank(&slot));
        }
    }
}

/* The bytes in the file: docs/format.md. */
static void layout(void)
{
    const pm_slot slot = sealed(PM_SLOT_SYNCED, 77);
    unsigned char bytes[16];
    const unsigned char rest[12] = {2,    1,    0x34, 0x12, 0x88, 0x77,
                                    0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
    uint32_t check;
    memcpy(bytes, &slot, sizeof bytes);
    memcpy(&check, bytes, sizeof check);
    CHECK(memcmp(bytes + 4, rest, sizeof rest) == 0);
    CHECK_INT(check, (uint32_t)pm_hash_block(rest, sizeof rest, seed + 77));
}

/* Every single bit counts, and what a torn write may leave: a part of the new, a part of the old.
 */
static void damaged(void)
{
    const pm_slot slot = sealed(PM_SLOT_WRITTEN, 5), older = {0};
    pm_slot other = sealed(PM_SLOT_DOUBTED, 5);
    other.hash = slot.hash ^ 1;
    pm_slot_seal(&other, 5, seed);
    for (size_t bit = 0; bit < 8 * sizeof slot; bit++) {
        pm_slot one = slot;
        ((unsigned char *)&one)[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        CHECK(!pm_slot_good(&one, 5, seed));
    }
    for (size_t cut = 1; cut < sizeof slot; cut++) {
        const pm_slot *before[] = {&older, &other};
        for (int i = 0; i < 2; i++) {
            pm_slot torn = *before[i];
            memcpy(&torn, &slot, cut);
            const bool whole = memcmp(&torn, &slot, sizeof torn) == 0;
            CHECK(whole == pm_slot_good(&torn, 5, seed));
        }
    }
}

static void elsewhere(void)
{
    const pm_slot slot = sealed(PM_SLOT_SYNCED, 5);
    CHECK(!pm_slot_good(&slot, 4, seed));
    CHECK(!pm_slot_good(&slot, 6, seed));
    CHECK(!pm_slot_good(&slot, 5, seed + 1)); /* of another run */
    CHECK(!pm_slot_good(&slot, 5, 0));
}

static void blank(void)
{
    static const pm_slot nothing;
    CHECK(pm_slot_blank(&nothing));
    CHECK(!pm_slot_good(&nothing, 0, seed));
    CHECK(!pm_slot_good(&nothing, 0, 0));
    for (size_t at = 0; at < sizeof nothing; at++) {
        pm_slot one = {0};
        ((unsigned char *)&one)[at] = (unsigned char)(1 + draw_below(255));
        CHECK(!pm_slot_blank(&one));
    }
}

int main(void)
{
    static const check_case cases[] = {
        {"slot: good", good},           {"slot: layout", layout}, {"slot: damaged", damaged},
        {"slot: elsewhere", elsewhere}, {"slot: blank", blank},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
