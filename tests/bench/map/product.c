/* product - the kernel of that name, built into a program. */
#include "kernels.h"

int main(int argc, char **argv)
{
    return parmap_program(
        argc, argv,
        &(parmap_spec){.kernel = &product, .dataset = "results", .output = "product.h5"});
}
