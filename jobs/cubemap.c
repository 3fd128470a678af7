/* cubemap - the cubes of a range of whole numbers, into HDF5: pool.map(cube, range(...)). */
#include <parmap.h>

PARMAP_KERNEL_TYPES(cube, x, (x * x * x));

/* the whole x whose cube lies within -2^63..2^63-1, 0..2^64-1, -2^127..2^127-1, -2^53..2^53 */
PARMAP_DOMAINS(cube, (-2097152, 2097151), (0, 2642245), (-5541191377756, 5541191377756),
               (-208063, 208063));

int main(int argc, char **argv)
{
    return parmap_program(argc, argv,
                          &(parmap_spec){.kernel = &cube,
                                         .first = 1,
                                         .last = 1000000,
                                         .dataset = "cubes",
                                         .output = "cubemap.h5"});
}

/* TEST ranks=1,2,4,7 expect="cubemap: complete" expect="checksum 3e220833803a65dc" */
