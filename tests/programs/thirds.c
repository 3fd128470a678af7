/* thirds - a third of a whole number: the results are of another type than the inputs. */
#include <parmap.h>

PARMAP_KERNEL(thirds, int64_t, x, double)
{
    return (double)x / 3.0;
}
PARMAP_DOMAIN(thirds, int64_t, -(INT64_C(1) << 53), INT64_C(1) << 53);

int main(int argc, char **argv)
{
    return parmap_program(argc, argv,
                          &(parmap_spec){.kernel = &thirds,
                                         .first = -1000,
                                         .last = 1000,
                                         .dataset = "thirds",
                                         .output = "thirds.h5"});
}
