/* A user's program of kernels, built against an installed parmap by test_installed.py:
 *   kernels NAME [OPTION]...
 * The same as kernels.c.  Before C++20 what follows the domain is given in order, not by name. */
#include <cmath>
#include <cstdio>
#include <cstring>
#include <parmap.h>

PARMAP_KERNEL_TYPES(cube, x, (x * x * x));
PARMAP_DOMAINS(cube, (-2097152, 2097151), (0, 2642245), (-5541191377756, 5541191377756),
               (-208063, 208063));

#define GAUSS(PARAMETER)                                                                           \
    PARAMETER(double, sigma, 2.0, 1e-3, 1e9, "width of the peak")                                  \
    PARAMETER(int32_t, order, 1, 1, 9, "power of the peak")
PARMAP_PARAMETERS(gauss_parameters, GAUSS);

PARMAP_KERNEL(gauss, double, x, double)
{
    double peak = 1 / (1 + x * x / (sigma * sigma)), y = 1;
    for (int32_t i = 0; i < order; i++)
        y *= peak;
    return y;
}
#if __cplusplus >= 202002L
PARMAP_DOMAIN(gauss, double, -1e15, 1e15, .version = 3,
              .parameters = PARMAP_PARAMETERS_OF(gauss_parameters),
              .help = "a peak of Lorentz, in spite of its name");
#else
PARMAP_DOMAIN(gauss, double, -1e15, 1e15, 3, 0, PARMAP_PARAMETERS_OF(gauss_parameters),
              "a peak of Lorentz, in spite of its name");
#endif

/* A record from a number. */
#define CIRCLE(FIELD) FIELD(double, area) FIELD(int32_t, radius) FIELD(float, parts, 3)
PARMAP_RECORD(circle, CIRCLE);

PARMAP_KERNEL(measure, int32_t, r, circle)
{
    return circle{3.0 * r * r, r, {(float)r, (float)r / 2, (float)r / 4}};
}
PARMAP_DOMAIN(measure, int32_t, 0, 1000000);

/* An array from a number. */
PARMAP_ARRAY(powers, double, 2, 2);

PARMAP_KERNEL(power, double, x, powers)
{
    return powers{{{1, x}, {x * x, x * x * x}}};
}
PARMAP_DOMAIN(power, double, -1000000, 1000000, 0, 1e-8);

/* A number from a record. */
#define POINT(FIELD) FIELD(double, x) FIELD(double, y) FIELD(int16_t, weight)
PARMAP_RECORD(point, POINT);

PARMAP_KERNEL(norm, point, p, double)
{
    return std::sqrt(p.x * p.x + p.y * p.y) * p.weight;
}
PARMAP_DOMAIN(norm, point, PARMAP_DOMAIN_NONE);

/* An array from an array, a block at a time. */
PARMAP_ARRAY(row, float, 3);

PARMAP_KERNEL_BLOCK(turn, row, in, row, out, count)
{
    for (int64_t i = 0; i < count; i++)
        for (int k = 0; k < 3; k++)
            out[i].at[k] = in[i].at[2 - k];
}
PARMAP_DOMAIN(turn, row, PARMAP_DOMAIN_NONE);

/* Items that fail. */
PARMAP_KERNEL_CAN_FAIL(root, double, x, double, y)
{
    if (x < 0)
        return parmap_fail("no root of %g", x);
    *y = std::sqrt(x);
    return PARMAP_OK;
}
PARMAP_DOMAIN(root, double, -1000, 1000, 0, 1e-6);

static const parmap_spec programs[] = {
    {&cube, 1, 1000, PARMAP_INT64, "results", "results.h5"},
    {&gauss, -500, 502, PARMAP_FLOAT64, "results", "results.h5"},
    {&measure, 0, 1002, PARMAP_INT32, "results", "results.h5"},
    {&power, -7, 999, PARMAP_FLOAT64, "results", "results.h5"},
    {&norm, 0, 0, PARMAP_RECORD, "results", "results.h5"},
    {&turn, 0, 0, PARMAP_RECORD, "results", "results.h5"},
    {&root, -2, 100, PARMAP_FLOAT64, "results", "results.h5"},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof programs / sizeof programs[0]; i++)
        if (std::strcmp(programs[i].kernel->name, argv[1]) == 0)
            return parmap_program(argc - 1, argv + 1, &programs[i]);
    std::fprintf(stderr, "kernels: no such kernel\n");
    return PARMAP_USAGE;
}
