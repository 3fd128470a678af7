/* From the descriptions of all ranks to nodes and threads: a pure function, so that jobs of any
 * shape can be tried without starting one. */
#include "comm/topology.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 1000 };

static pm_host hosts[MANY];

/* A rank on node `node` that may use all of the node's `cores` cores. */
static pm_host host_of(int rank, int node, int cores)
{
    pm_host host;
    memset(&host, 0, sizeof host);
    snprintf(host.name, sizeof host.name, "node%d", node);
    host.boot = 500u + (uint64_t)node;
    host.nonce = 1000u + (uint64_t)rank;
    host.mask = 0xffff;
    host.mask_cores = cores;
    host.node_cores = cores;
    return host;
}

static pm_topology derive(int size, int rank, int threads)
{
    pm_topology t;
    memset(&t, 0x55, sizeof t);
    CHECK_INT(pm_topology_derive(hosts, size, rank, threads, &t), PARMAP_OK);
    CHECK_INT(t.rank, rank);
    CHECK_INT(t.size, size);
    return t;
}

/* Ranks 0..size-1 on one node. */
static void one_node_of(int size, int cores)
{
    for (int r = 0; r < size; r++)
        hosts[r] = host_of(r, 0, cores);
}

static void one_node(void)
{
    static const struct {
        int size, cores, threads; /* that each rank gets */
    } cases[] = {{1, 1, 1}, {1, 8, 8}, {2, 8, 4}, {3, 8, 2}, {4, 8, 2},
                 {5, 8, 1}, {8, 8, 1}, {9, 8, 1}, {7, 2, 1}, {2, 3, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        one_node_of(cases[i].size, cases[i].cores);
        for (int rank = 0; rank < cases[i].size; rank++) {
            const pm_topology t = derive(cases[i].size, rank, 0);
            CHECK_TEXT(t.host, "node0");
            CHECK_INT(t.nodes, 1);
            CHECK_INT(t.node, 0);
            CHECK_INT(t.node_ranks, cases[i].size);
            CHECK_INT(t.node_leader, 0);
            CHECK_INT(t.node_id, 1000);
            CHECK_INT(t.threads, cases[i].threads);
            CHECK_INT(t.threads_least, cases[i].threads);
            CHECK_INT(t.threads_most, cases[i].threads);
            CHECK_INT(t.threads_before, rank * cases[i].threads);
            CHECK_INT(t.threads_total, cases[i].size * cases[i].threads);
            CHECK_INT(t.cores, cases[i].cores);
            CHECK(!t.one_core);
        }
    }
}

static void check_place(const pm_topology *t, int nodes, int node, int ranks, int leader)
{
    CHECK_INT(t->nodes, nodes);
    CHECK_INT(t->node, node);
    CHECK_INT(t->node_ranks, ranks);
    CHECK_INT(t->node_leader, leader);
    CHECK_INT(t->node_id, 1000 + leader);
}

/* Ranks 0 1 2 on node 0, 3 4 on node 1, 5 on node 2, of 6, 4 and 5 cores. */
static void nodes_in_turn(void)
{
    static const int node_of[] = {0, 0, 0, 1, 1, 2}, cores[] = {6, 4, 5};
    static const int ranks[] = {3, 2, 1}, leader[] = {0, 3, 5};
    static const int threads[] = {2, 2, 2, 2, 2, 5}, before[] = {0, 2, 4, 6, 8, 10};
    for (int r = 0; r < 6; r++)
        hosts[r] = host_of(r, node_of[r], cores[node_of[r]]);
    for (int r = 0; r < 6; r++) {
        const pm_topology t = derive(6, r, 0);
        const int node = node_of[r];
        check_place(&t, 3, node, ranks[node], leader[node]);
        CHECK_INT(t.threads, threads[r]);
        CHECK_INT(t.threads_before, before[r]);
        CHECK_INT(t.threads_least, 2);
        CHECK_INT(t.threads_most, 5);
        CHECK_INT(t.threads_total, 15);
        CHECK_INT(t.cores, 15);
        CHECK_INT(t.tight_threads, 0);
        CHECK_INT(t.tight_cores, 0);
    }
}

/* Numbered in the order of their lowest ranks, not of their names. */
static void nodes_interleaved(void)
{
    static const int node_of[] = {7, 3, 7, 5, 3, 7, 5};
    static const int number[] = {0, 1, 0, 2, 1, 0, 2};
    static const int ranks[] = {3, 2, 2}, leader[] = {0, 1, 3};
    for (int r = 0; r < 7; r++)
        hosts[r] = host_of(r, node_of[r], 6);
    for (int r = 0; r < 7; r++) {
        const pm_topology t = derive(7, r, 0);
        check_place(&t, 3, number[r], ranks[number[r]], leader[number[r]]);
        CHECK_TEXT(t.host, hosts[r].name);
        CHECK_INT(t.threads, 6 / ranks[number[r]]);
        CHECK_INT(t.cores, 18);
    }
}

/* Containers of one host share its boot, virtual machines of one image their name. */
static void alike_in_part(void)
{
    one_node_of(4, 4);
    for (int r = 0; r < 4; r++)
        snprintf(hosts[r].name, sizeof hosts[r].name, "container%d", r / 2);
    pm_topology t = derive(4, 3, 0);
    check_place(&t, 2, 1, 2, 2);
    one_node_of(4, 4);
    for (int r = 0; r < 4; r++)
        hosts[r].boot = 9u + (uint64_t)(r % 2);
    t = derive(4, 3, 0);
    check_place(&t, 2, 1, 2, 1);
    t = derive(4, 2, 0);
    check_place(&t, 2, 0, 2, 0);
}

/* mpirun --bind-to core: each rank has a core of its own, and nothing is shared. */
static void bound_ranks(void)
{
    one_node_of(4, 8);
    for (int r = 0; r < 4; r++) {
        hosts[r].mask = 1u << r;
        hosts[r].mask_cores = 1;
    }
    pm_topology t = derive(4, 2, 0);
    check_place(&t, 1, 0, 4, 0);
    CHECK_INT(t.threads, 1);
    CHECK_INT(t.cores, 4);
    CHECK_INT(t.tight_threads, 0);
    CHECK(!t.one_core);
    t = derive(4, 2, 4);
    CHECK_INT(t.threads, 4);
    CHECK_INT(t.tight_threads, 4);
    CHECK_INT(t.tight_cores, 1);
    CHECK(t.one_core);
}

/* mpirun --bind-to socket: two ranks divide each set of cores. */
static void bound_in_pairs(void)
{
    one_node_of(4, 16);
    for (int r = 0; r < 4; r++) {
        hosts[r].mask = 1u << (r % 2);
        hosts[r].mask_cores = r % 2 == 0 ? 8 : 6;
    }
    for (int r = 0; r < 4; r++) {
        const pm_topology t = derive(4, r, 0);
        CHECK_INT(t.threads, r % 2 == 0 ? 4 : 3);
        CHECK_INT(t.threads_least, 3);
        CHECK_INT(t.threads_most, 4);
        CHECK_INT(t.cores, 14);
        CHECK_INT(t.tight_cores, 0);
    }
}

/* The same mask on two nodes means two sets of cores. */
static void masks_of_two_nodes(void)
{
    for (int r = 0; r < 4; r++) {
        hosts[r] = host_of(r, r / 2, 8);
        hosts[r].mask = 1u << (r % 2);
        hosts[r].mask_cores = 4;
    }
    const pm_topology t = derive(4, 1, 0);
    CHECK_INT(t.threads, 4);
    CHECK_INT(t.cores, 16);
}

static void quota(void)
{
    static const struct {
        int cores, quota, size, threads, job_cores;
    } cases[] = {{8, 4, 1, 4, 4}, {8, 4, 2, 2, 4},   {8, 3, 2, 1, 3}, {8, 1, 1, 1, 1},
                 {8, 0, 1, 8, 8}, {8, 100, 1, 8, 8}, {8, 8, 2, 4, 8}, {8, 2, 4, 1, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        one_node_of(cases[i].size, cases[i].cores);
        for (int r = 0; r < cases[i].size; r++)
            hosts[r].quota_cores = cases[i].quota;
        const pm_topology t = derive(cases[i].size, 0, 0);
        CHECK_INT(t.threads, cases[i].threads);
        CHECK_INT(t.cores, cases[i].job_cores);
    }
}

/* --threads beats OMP_NUM_THREADS beats the cores. */
static void threads_asked(void)
{
    one_node_of(3, 8);
    hosts[1].threads_asked = 5;
    pm_topology t = derive(3, 2, 0);
    CHECK_INT(t.threads, 2);
    CHECK_INT(t.threads_before, 2 + 5);
    CHECK_INT(t.threads_total, 2 + 5 + 2);
    CHECK_INT(t.threads_least, 2);
    CHECK_INT(t.threads_most, 5);
    CHECK_INT(t.tight_threads, 9);
    CHECK_INT(t.tight_cores, 8);
    t = derive(3, 1, 0);
    CHECK_INT(t.threads, 5);
    CHECK_INT(t.threads_before, 2);
    t = derive(3, 1, 3);
    CHECK_INT(t.threads, 3);
    CHECK_INT(t.threads_before, 3);
    CHECK_INT(t.threads_total, 9);
    CHECK_INT(t.threads_least, 3);
    t = derive(3, 1, 4096);
    CHECK_INT(t.threads_total, 3 * 4096);
}

static void oversubscribed(void)
{
    one_node_of(8, 2);
    pm_topology t = derive(8, 0, 0);
    CHECK_INT(t.tight_threads, 8);
    CHECK_INT(t.tight_cores, 2);
    one_node_of(2, 2);
    t = derive(2, 0, 1);
    CHECK_INT(t.tight_threads, 0);
    CHECK_INT(t.tight_cores, 0);
    one_node_of(1, 1); /* a machine of one core is no wrong binding, but it is full */
    t = derive(1, 0, 2);
    CHECK_INT(t.tight_threads, 2);
    CHECK_INT(t.tight_cores, 1);
    /* 4 threads on 3 cores, 6 on 4, 5 on 4: the second is the tightest */
    hosts[0] = host_of(0, 0, 3);
    hosts[1] = host_of(1, 1, 4);
    hosts[2] = host_of(2, 2, 4);
    hosts[0].threads_asked = 4;
    hosts[1].threads_asked = 6;
    hosts[2].threads_asked = 5;
    for (int rank = 0; rank < 3; rank++) {
        t = derive(3, rank, 0);
        CHECK_INT(t.tight_threads, 6);
        CHECK_INT(t.tight_cores, 4);
    }
}

/* All ranks agree on one_core, also those that are not bound to one. */
static void one_core(void)
{
    hosts[0] = host_of(0, 0, 8);
    hosts[1] = host_of(1, 1, 8);
    hosts[1].mask_cores = 1;
    hosts[1].threads_asked = 2;
    for (int rank = 0; rank < 2; rank++)
        CHECK(derive(2, rank, 0).one_core);
    hosts[1].threads_asked = 1;
    for (int rank = 0; rank < 2; rank++)
        CHECK(!derive(2, rank, 0).one_core);
}

/* 1000 ranks on 100 nodes of 16 cores, dealt like cards; every third node gives 2 cores only. */
static void many_ranks(void)
{
    int64_t before = 0;
    for (int r = 0; r < MANY; r++) {
        hosts[r] = host_of(r, r % 100, 16);
        hosts[r].quota_cores = r % 100 % 3 == 0 ? 2 : 0;
        hosts[r].threads_asked = r % 7 == 0 ? 3 : 0;
    }
    for (int r = 0; r < MANY; r++) {
        const pm_topology t = derive(MANY, r, 0);
        check_place(&t, 100, r % 100, 10, r % 100);
        CHECK_INT(t.threads, r % 7 == 0 ? 3 : 1);
        CHECK_INT(t.threads_before, before);
        before += t.threads;
        CHECK_INT(t.threads_least, 1);
        CHECK_INT(t.threads_most, 3);
        CHECK_INT(t.threads_total, 1000 + 2 * 143); /* 143 multiples of 7 below 1000 */
        CHECK_INT(t.cores, 66 * 16 + 34 * 2);
        CHECK_INT(t.tight_cores, 2);
    }
}

int main(void)
{
    static const check_case cases[] = {
        {"topology: one node", one_node},
        {"topology: nodes in turn", nodes_in_turn},
        {"topology: nodes interleaved", nodes_interleaved},
        {"topology: same boot, same name", alike_in_part},
        {"topology: ranks bound to cores", bound_ranks},
        {"topology: ranks bound in pairs", bound_in_pairs},
        {"topology: masks of two nodes", masks_of_two_nodes},
        {"topology: cgroup quota", quota},
        {"topology: threads asked for", threads_asked},
        {"topology: oversubscribed", oversubscribed},
        {"topology: one core", one_core},
        {"topology: 1000 ranks on 100 nodes", many_ranks},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
