/* What the tests of large payloads share: whether the machine has the memory for them. */
#ifndef LARGE_H
#define LARGE_H

#include "shared/shared.h"

#include <inttypes.h>
#include <sys/statvfs.h>

static const int64_t gib = INT64_C(1) << 30;

static inline int64_t large_free_in_dev_shm(void)
{
    struct statvfs information;
    if (statvfs("/dev/shm", &information) != 0)
        return 0;
    return (int64_t)information.f_bavail * (int64_t)information.f_frsize;
}

static inline int64_t large_free_memory(void)
{
    int64_t kib = 0;
    char line[256];
    FILE *file = fopen("/proc/meminfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %" SCNd64, &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib << 10;
}

/* Before the test itself takes any. */
static inline bool large_is_possible(void)
{
    return large_free_memory() >= 12 * gib && large_free_in_dev_shm() >= 9 * gib;
}

static inline void large_say_skipped(void)
{
    printf("skipped: it takes 12 GiB of free memory, 9 GiB of them in /dev/shm\n");
}

/* Unlike at places whose numbers agree in their low 31 or 32 bits. */
static inline signed char large_number_at(int64_t index)
{
    return (signed char)((index % 127 + (index >> 31) * 5) % 128);
}

#endif
