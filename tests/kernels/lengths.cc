/* A kernel file in C++, with what only its library has. */
#include <parmap.h>

#include <algorithm>
#include <cmath>
#include <vector>

#define PAIR(FIELD) FIELD(double, x) FIELD(double, y)
PARMAP_RECORD(pair, PAIR);

PARMAP_KERNEL(length, pair, p, double)
{
    return std::hypot(p.x, p.y);
}
PARMAP_DOMAIN(length, pair, PARMAP_DOMAIN_NONE, .version = 3);

PARMAP_KERNEL_CAN_FAIL(median, int64_t, x, int64_t, y)
{
    std::vector<int64_t> values = {x, 0, 100};
    std::sort(values.begin(), values.end());
    *y = values[1];
    return PARMAP_OK;
}
PARMAP_DOMAIN(median, int64_t, -1000, 1000);

PARMAP_EXPORT(&length, &median);
