/* Known answers of XXH3_64bits with a seed: the vectors of xxHash's own sanity test, whose input is
 * made by the generator below; the last cases follow from them with the reference library. */
#include "base/hash.h"

#include "check.h"

#include <string.h>

enum { LONGEST = 2367, BLOCK = 4096, ITEMS = 5000 };

static unsigned char input[LONGEST];

static void make_input(void)
{
    uint64_t generator = 2654435761u;
    for (int i = 0; i < LONGEST; i++) {
        input[i] = (unsigned char)(generator >> 56);
        generator *= 11400714785074694797u;
    }
}

static void known_answers(void)
{
    static const struct {
        size_t bytes;
        uint64_t plain, seeded; /* seed 0, and the multiplier of the generator */
    } cases[] = {
        {0, 0x2D06800538D394C2, 0xA8A6B918B2F0364A},
        {1, 0xC44BDFF4074EECDB, 0x032BE332DD766EF8},
        {6, 0x27B56A84CD2D7325, 0x84589C116AB59AB9},
        {12, 0xA713DAF0DFBB77E7, 0xE7303E1B2336DE0E},
        {24, 0xA3FE70BF9D3510EB, 0x850E80FC35BDD690},
        {48, 0x397DA259ECBA1F11, 0xADC2CBAA44ACC616},
        {80, 0xBCDEFBBB2C47C90A, 0xC6DD0CB699532E73},
        {195, 0xCD94217EE362EC3A, 0xBA68003D370CB3D9},
        {403, 0xCDEB804D65C6DEA4, 0x6259F6ECFD6443FD},
        {512, 0x617E49599013CB6B, 0x3CE457DE14C27708},
        {2048, 0xDD59E2C3A5F038E0, 0x66F81670669ABABC},
        {2240, 0x6E73A90539CF2948, 0x757BA8487D1B5247},
        {2367, 0xCB37AEB9E5D361ED, 0xD2DB3415B942B42A},
    };
    make_input();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_INT(pm_hash_block(input, cases[i].bytes, 0), cases[i].plain);
        CHECK_INT(pm_hash_block(input, cases[i].bytes, 11400714785074694797u), cases[i].seeded);
    }
}

/* The same at addresses that are not aligned. */
static void any_alignment(void)
{
    static unsigned char moved[LONGEST + 64];
    make_input();
    for (int shift = 0; shift < 64; shift++) {
        memcpy(moved + shift, input, LONGEST);
        CHECK_INT(pm_hash_block(moved + shift, LONGEST, 0), 0xCB37AEB9E5D361ED);
        CHECK_INT(pm_hash_block(moved + shift, 80, 0), 0xBCDEFBBB2C47C90A);
    }
}

/* The checksum of the cubes of 1..5000 in blocks of 4096, from Python's bindings of the library. */
static void checksum_of_cubes(void)
{
    static int64_t cubes[ITEMS];
    for (int64_t x = 1; x <= ITEMS; x++)
        cubes[x - 1] = x * x * x;
    const uint64_t first = pm_hash_block(cubes, BLOCK * sizeof cubes[0], 0);
    const uint64_t second = pm_hash_block(cubes + BLOCK, (ITEMS - BLOCK) * sizeof cubes[0], 1);
    CHECK_INT(first + second, 0x94652b1296f4491b);
}

int main(void)
{
    static const check_case cases[] = {
        {"hash: known answers", known_answers},
        {"hash: any alignment", any_alignment},
        {"hash: checksum of two blocks", checksum_of_cubes},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
