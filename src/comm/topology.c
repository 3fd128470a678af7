/* From the descriptions of all ranks to nodes and threads.  Every rank computes the same, so
 * nothing more has to be exchanged. */
#include "comm/topology.h"

#include <stdlib.h>
#include <string.h>

static bool same_node(const pm_host *a, const pm_host *b)
{
    return a->boot == b->boot && strcmp(a->name, b->name) == 0;
}

/* Ranks that share an affinity mask on a node: the set of cores that they divide. */
static bool same_cores(const pm_host *a, const pm_host *b)
{
    return a->mask == b->mask && same_node(a, b);
}

static int cores_of(const pm_host *host)
{
    const int quota = host->quota_cores;
    return quota > 0 && quota < host->mask_cores ? quota : host->mask_cores;
}

/* What a group of ranks shares: the first rank that is alike stands for it. */
typedef struct groups {
    int *first; /* of each rank: the lowest rank that is alike */
    int *size;  /* of each first rank: how many are alike */
} groups;

static void group(const pm_host *hosts, int size, bool (*alike)(const pm_host *, const pm_host *),
                  const groups *g)
{
    for (int r = 0; r < size; r++) {
        int f = r > 0 && alike(&hosts[r], &hosts[r - 1]) ? g->first[r - 1] : 0;
        while (f < r && !(g->first[f] == f && alike(&hosts[r], &hosts[f])))
            f++;
        g->first[r] = f;
        g->size[r] = 0;
        g->size[f]++;
    }
}

static int threads_of(const pm_host *host, int sharing, int asked)
{
    if (asked > 0)
        return asked;
    if (host->threads_asked > 0)
        return host->threads_asked;
    const int share = cores_of(host) / sharing;
    return share > 0 ? share : 1;
}

static void place_nodes(const groups *nodes, const pm_host *hosts, pm_topology *t)
{
    t->node_leader = nodes->first[t->rank];
    t->node_ranks = nodes->size[t->node_leader];
    t->node_id = hosts[t->node_leader].nonce;
    for (int r = 0; r < t->size; r++) {
        if (nodes->first[r] != r)
            continue;
        if (r == t->node_leader)
            t->node = t->nodes;
        t->nodes++;
    }
}

static void place_threads(const groups *shares, const pm_host *hosts, int asked, int *used,
                          pm_topology *t)
{
    for (int r = 0; r < t->size; r++) {
        const int first = shares->first[r];
        const int threads = threads_of(&hosts[r], shares->size[first], asked);
        used[first] += threads;
        t->threads_total += threads;
        if (r < t->rank)
            t->threads_before += threads;
        if (r == t->rank)
            t->threads = threads;
        if (r == 0 || threads < t->threads_least)
            t->threads_least = threads;
        if (threads > t->threads_most)
            t->threads_most = threads;
        if (threads > 1 && hosts[r].mask_cores == 1)
            t->one_core = true;
    }
}

/* Cores of the job, and the set of cores with the most threads on each. */
static void weigh(const groups *shares, const pm_host *hosts, const int *used, pm_topology *t)
{
    for (int r = 0; r < t->size; r++) {
        if (shares->first[r] != r)
            continue;
        const int cores = cores_of(&hosts[r]);
        t->cores += cores;
        const bool tighter = !t->tight_cores ||
                             (int64_t)used[r] * t->tight_cores > (int64_t)t->tight_threads * cores;
        if (used[r] > cores && tighter) {
            t->tight_threads = used[r];
            t->tight_cores = cores;
        }
    }
}

parmap_status pm_topology_derive(const pm_host *hosts, int size, int rank, int threads,
                                 pm_topology *topology)
{
    int *room = calloc((size_t)size * 3, sizeof *room);
    if (!room)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the places of %d ranks", size);
    const groups alike = {.first = room, .size = room + size};
    int *used = room + 2 * (ptrdiff_t)size;
    *topology = (pm_topology){.rank = rank, .size = size};
    memcpy(topology->host, hosts[rank].name, sizeof topology->host);
    group(hosts, size, same_node, &alike);
    place_nodes(&alike, hosts, topology);
    group(hosts, size, same_cores, &alike);
    place_threads(&alike, hosts, threads, used, topology);
    weigh(&alike, hosts, used, topology);
    free(room);
    return PARMAP_OK;
}
