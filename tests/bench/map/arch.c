/* arch - the kernel of that name, built into a program. */
#include "kernels.h"

int main(int argc, char **argv)
{
    return parmap_program(
        argc, argv, &(parmap_spec){.kernel = &arch, .dataset = "results", .output = "arch.h5"});
}
