/* parabola - 0.3*x*x + x*1.7, a formula in which both products round: with either of them
 * contracted into a fused multiply-add, many results would have other bits. */
#include <parmap.h>

PARMAP_KERNEL(parabola, double, x, double)
{
    return 0.3 * x * x + x * 1.7;
}
PARMAP_DOMAIN(parabola, double, -1000000000, 1000000000, .version = 2);

int main(int argc, char **argv)
{
    return parmap_program(argc, argv,
                          &(parmap_spec){.kernel = &parabola,
                                         .type = PARMAP_FLOAT64,
                                         .first = -500000,
                                         .last = 500000,
                                         .dataset = "parabola",
                                         .output = "parabola.h5"});
}
