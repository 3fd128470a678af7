/* Each peer by a pidfd, which a process id that was given to somebody else cannot deceive.  Peers
 * in another pid namespace (a container of their own) cannot be seen and are taken to live. */
#include "comm/peers.h"

#include "comm/pause.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const double interval_s = 0.5;

typedef struct peer {
    int rank;
    int32_t process;
} peer;

static struct {
    pthread_mutex_t mutex; /* of the rest */
    peer *peers;
    struct pollfd *handles; /* one for each; -1 = cannot be seen */
    int count;
    double checked; /* pm_now() */
    int dead;       /* index of a peer, or -1 */
    char node[PM_HOST_NAME];
} node = {.mutex = PTHREAD_MUTEX_INITIALIZER, .dead = -1};

static bool beside(const pm_host *a, const pm_host *b)
{
    return a->boot == b->boot && strcmp(a->name, b->name) == 0 &&
           a->process_space == b->process_space;
}

parmap_status pm_peers_open(const pm_host *hosts, int size, int rank)
{
    node.peers = calloc((size_t)size, sizeof *node.peers);
    node.handles = calloc((size_t)size, sizeof *node.handles);
    if (!node.peers || !node.handles) {
        pm_peers_close();
        return pm_fail(PARMAP_SYSTEM, "out of memory for the list of %d ranks", size);
    }
    memcpy(node.node, hosts[rank].name, sizeof node.node);
    for (int r = 0; r < size; r++)
        if (r != rank && beside(&hosts[r], &hosts[rank]))
            node.peers[node.count++] = (peer){r, hosts[r].process};
    for (int i = 0; i < node.count; i++)
        node.handles[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    return PARMAP_OK;
}

/* The first look opens the handles: most jobs never need them. */
static void open_handles(void)
{
#ifdef SYS_pidfd_open
    for (int i = 0; i < node.count; i++) {
        node.handles[i].fd = (int)syscall(SYS_pidfd_open, node.peers[i].process, 0);
        if (node.handles[i].fd < 0 && errno == ESRCH)
            node.dead = i;
    }
#endif
}

static void look(void)
{
    if (node.checked == 0)
        open_handles();
    node.checked = pm_now();
    if (node.dead < 0 && poll(node.handles, (nfds_t)node.count, 0) > 0)
        for (int i = 0; i < node.count; i++)
            if (node.handles[i].fd >= 0 && node.handles[i].revents & POLLIN)
                node.dead = i;
}

parmap_status pm_peers_check(void)
{
    parmap_status status = PARMAP_OK;
    pthread_mutex_lock(&node.mutex);
    if (node.count > 0 && (node.checked == 0 || pm_now() - node.checked > interval_s))
        look();
    if (node.dead >= 0)
        status = pm_fail(PARMAP_SYSTEM,
                         "rank %d on %s (process %d) has died; look for its last words, the job "
                         "has to be started again",
                         node.peers[node.dead].rank, node.node, (int)node.peers[node.dead].process);
    pthread_mutex_unlock(&node.mutex);
    return status;
}

void pm_peers_close(void)
{
    pthread_mutex_lock(&node.mutex);
    for (int i = 0; i < node.count; i++)
        if (node.handles[i].fd >= 0)
            close(node.handles[i].fd);
    free(node.peers);
    free(node.handles);
    node.peers = NULL;
    node.handles = NULL;
    node.count = 0;
    node.checked = 0;
    node.dead = -1;
    pthread_mutex_unlock(&node.mutex);
}
