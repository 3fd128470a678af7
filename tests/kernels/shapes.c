/* A kernel file with one kernel of each sort: with parameters, with items that can fail, for
 * several types, of records, of whole blocks. */
#include <parmap.h>

#include <math.h>

#define GAUSS(PARAMETER)                                                                           \
    PARAMETER(double, sigma, 0.3, 1e-9, 1e9, "width of the peak")                                  \
    PARAMETER(int32_t, order, 2, 1, 10, "factor in front")
PARMAP_PARAMETERS(gauss_parameters, GAUSS);

PARMAP_KERNEL(gauss, double, x, double)
{
    return order * exp(-x * x / (2 * sigma * sigma));
}
PARMAP_DOMAIN(gauss, double, -1000000, 1000000, .version = 2,
              .parameters = PARMAP_PARAMETERS_OF(gauss_parameters), .help = "a bell curve");

PARMAP_KERNEL_CAN_FAIL(root, double, x, double, y)
{
    if (x < 0)
        return parmap_fail("no root of %g", x);
    *y = sqrt(x);
    return PARMAP_OK;
}
PARMAP_DOMAIN(root, double, -1000000, 1000000, .cost_s = 1e-6);

PARMAP_KERNEL_TYPES(cube, x, (x * x * x));
PARMAP_DOMAINS(cube, (-2097152, 2097151), (0, 2642245), (-5541191377756, 5541191377756),
               (-208063, 208063));

#define POINT(FIELD) FIELD(double, x) FIELD(double, y) FIELD(float, weights, 3)
PARMAP_RECORD(point, POINT);
PARMAP_ARRAY(direction, double, 2);

PARMAP_KERNEL(unit, point, p, direction)
{
    const double length = sqrt(p.x * p.x + p.y * p.y);
    return (direction){{p.x / length, p.y / length}};
}
PARMAP_DOMAIN(unit, point, PARMAP_DOMAIN_NONE);

PARMAP_KERNEL_BLOCK(negate, int8_t, x, int16_t, y, count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = (int16_t)-x[i];
}
PARMAP_DOMAIN(negate, int8_t, INT8_MIN, INT8_MAX);

PARMAP_EXPORT(&gauss, &root, &cube, &unit, &negate);
