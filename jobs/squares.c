/* squares - the squares of all whole numbers from 1 to 1000000, in equal parts, a process each. */
#include <parmap.h>

PARMAP_KERNEL_TYPES(square, x, (x * x));

/* the whole x whose square lies within the type: up to 2^63-1, 2^64-1, 2^127-1, 2^53 */
PARMAP_DOMAINS(square, (-3037000499, 3037000499), (0, 4294967295),
               (-(parmap_int128)13043817825332782212u, 13043817825332782212u),
               (-94906265, 94906265));

int main(int argc, char **argv)
{
    return parmap_program(argc, argv,
                          &(parmap_spec){.kernel = &square,
                                         .first = 1,
                                         .last = 1000000,
                                         .dataset = "squares",
                                         .output = "squares.h5"});
}

/* TEST ranks=1,2,4,7 expect="squares: complete" expect="checksum 55ee2f130a8f9298" */
