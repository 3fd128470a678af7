/* By hand what the formulas of mapping.py say: kernels as a program has them built in. */
#ifndef KERNELS_H
#define KERNELS_H

#include <math.h>
#include <parmap.h>

PARMAP_KERNEL(cube, int64_t, x, int64_t)
{
    return x * x * x;
}
PARMAP_DOMAIN(cube, int64_t, -2097152, 2097151);

PARMAP_KERNEL(real_cube, double, x, double)
{
    return x * x * x;
}
PARMAP_DOMAIN(real_cube, double, -208063, 208063);

PARMAP_KERNEL(root, double, x, double)
{
    return sqrt(x * x + 1);
}
PARMAP_DOMAIN(root, double, -94906265, 94906265);

PARMAP_KERNEL(wave, double, x, double)
{
    return sin(x) * exp(-x * 1e-9);
}
PARMAP_DOMAIN(wave, double, PARMAP_DOMAIN_FLOAT64, .cost_s = 40e-9);

/* It fits although x and 6e9 - x may each be so large that a product of two such would not. */
PARMAP_KERNEL(arch, int64_t, x, int64_t)
{
    return x * (6000000000 - x);
}
PARMAP_DOMAIN(arch, int64_t, 0, 6000000000);

#define PAIR(FIELD) FIELD(int64_t, x) FIELD(int64_t, y)
PARMAP_RECORD(pair, PAIR);

PARMAP_KERNEL(product, pair, p, int64_t)
{
    return p.x * p.y + p.x;
}
PARMAP_DOMAIN(product, pair, PARMAP_DOMAIN_NONE);

#endif
