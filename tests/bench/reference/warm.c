/* warm MIB: touches that much memory and gives it back, so that the next program's pages come from
 * memory the machine really has.  A virtual machine's free memory may be the host's at the moment,
 * and then the first touch of a page costs eight times the writing of it. */
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
    const size_t bytes = (size_t)(argc > 1 ? atoll(argv[1]) : 1024) << 20;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED;
}
