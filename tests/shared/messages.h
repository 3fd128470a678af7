/* Items and messages whose bytes follow from a number, so that whoever gets one knows what it has
 * to be; and a generator that gives the same numbers everywhere. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* SplitMix64. */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* The bytes of message `number`: no two of them, and no two places in one, are alike. */
static inline void fill_message(void *message, size_t bytes, uint64_t number)
{
    uint64_t state = number;
    char *at = message;
    for (size_t done = 0; done < bytes; done += 8) {
        const uint64_t word = next_random(&state);
        memcpy(at + done, &word, bytes - done < 8 ? bytes - done : 8);
    }
}

static inline bool is_message(const void *message, size_t bytes, uint64_t number)
{
    uint64_t state = number;
    const char *at = message;
    for (size_t done = 0; done < bytes; done += 8) {
        const uint64_t word = next_random(&state);
        if (memcmp(at + done, &word, bytes - done < 8 ? bytes - done : 8) != 0)
            return false;
    }
    return true;
}

#endif
