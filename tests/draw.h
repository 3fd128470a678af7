/* Numbers that look random and are the same in every run. */
#ifndef DRAW_H
#define DRAW_H

#include <stdint.h>

static uint64_t draw_state = 1;

/* The generator of Knuth's MMIX; its upper bits. */
static inline uint64_t draw(void)
{
    draw_state = draw_state * 6364136223846793005u + 1442695040888963407u;
    return draw_state >> 31;
}

static inline int64_t draw_below(int64_t end)
{
    return (int64_t)(draw() % (uint64_t)end);
}

#endif
