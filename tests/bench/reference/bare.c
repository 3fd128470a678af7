/* bare: MPI_Init and MPI_Finalize, nothing else: what start-up and memory are measured against. */
#include <mpi.h>

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Finalize();
    return 0;
}
