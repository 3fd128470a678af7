/* Memory shared by the ranks of a node, real or made up; and that nothing of it is left behind. */
#include "comm/segment.h"

#include "mpi/ranks.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/statvfs.h>

/* How many objects of this node's ranks are in /dev/shm. */
static int left_in_shm(const pm_topology *topology)
{
    char id[32];
    int count = 0;
    DIR *folder = opendir("/dev/shm");
    snprintf(id, sizeof id, "-%016" PRIx64, topology->node_id);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        count += strncmp(entry->d_name, "parmap-", 7) == 0 && strstr(entry->d_name, id);
    if (folder)
        closedir(folder);
    return count;
}

/* How many pieces of such objects this process has mapped. */
static int mapped(void)
{
    char line[512];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        count += strstr(line, "/dev/shm/parmap-") != NULL;
    if (maps)
        fclose(maps);
    return count;
}

/* Every rank writes its own slot and adds to a common one, then sees those of its node alone. */
static void check_shared(int nodes, const char *purpose, size_t bytes)
{
    const pm_topology t = topology_of(nodes, 1);
    pm_segment segment = {0};
    CHECK_INT(pm_segment_open(&t, purpose, bytes, &segment), PARMAP_OK);
    CHECK((uintptr_t)segment.data % 64 == 0);
    _Atomic int *slots = segment.data;
    const int last = (int)(bytes / sizeof *slots) - 1;
    CHECK_INT(atomic_load(&slots[world.rank]), 0);
    meet();
    CHECK_INT(left_in_shm(&t), 0);
    atomic_store(&slots[world.rank], 100 + world.rank);
    atomic_fetch_add(&slots[last], 1);
    meet();
    for (int rank = 0; rank < world.size; rank++)
        CHECK_INT(atomic_load(&slots[rank]), rank % nodes == world.rank % nodes ? 100 + rank : 0);
    CHECK_INT(atomic_load(&slots[last]), t.node_ranks);
    meet();
    pm_segment_close(&segment);
    CHECK(segment.data == NULL);
    pm_segment_close(&segment);
    CHECK_INT(mapped(), 0);
}

static void one_node(void)
{
    static const size_t sizes[] = {64, 200, 4032, 4096, 8192, 1000000, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        check_shared(1, "test", sizes[i]);
}

static void made_up_nodes(void)
{
    for (int nodes = 2; nodes <= 4; nodes++)
        check_shared(nodes, "test", 4096);
}

static void again_and_again(void)
{
    for (int round = 0; round < 50; round++)
        check_shared(1 + round % 3, "again", 256);
}

/* Two at a time do not get in each other's way. */
static void two_purposes(void)
{
    const pm_topology t = topology_of(1, 1);
    pm_segment a = {0}, b = {0};
    CHECK_INT(pm_segment_open(&t, "a", 64, &a), PARMAP_OK);
    CHECK_INT(pm_segment_open(&t, "b", 64, &b), PARMAP_OK);
    meet();
    atomic_fetch_add((_Atomic int *)a.data, 1);
    atomic_fetch_add((_Atomic int *)b.data, 1000);
    meet();
    CHECK_INT(atomic_load((_Atomic int *)a.data), world.size);
    CHECK_INT(atomic_load((_Atomic int *)b.data), 1000 * world.size);
    meet();
    pm_segment_close(&a);
    pm_segment_close(&b);
    CHECK_INT(left_in_shm(&t), 0);
}

/* More than /dev/shm has: an error before the first access, not a SIGBUS at it. */
static void too_large(void)
{
    struct statvfs disk;
    const pm_topology t = topology_of(1, 1);
    pm_segment segment = {0};
    if (statvfs("/dev/shm", &disk) != 0 || disk.f_blocks == 0)
        return;
    CHECK_INT(pm_segment_open(&t, "large", (size_t)1 << 55, &segment), PARMAP_SYSTEM);
    CHECK_HOLDS(parmap_message(), "between the ranks of a node");
    CHECK_HOLDS(parmap_message(), "make /dev/shm larger");
    meet();
    CHECK_INT(left_in_shm(&t), 0);
    CHECK_INT(mapped(), 0);
    pm_segment_close(&segment);
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {
        {"segment: one node", one_node},
        {"segment: made-up nodes", made_up_nodes},
        {"segment: again and again", again_and_again},
        {"segment: two purposes", two_purposes},
        {"segment: too large", too_large},
    };
    return ranks_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
