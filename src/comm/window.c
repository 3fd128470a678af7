/* The window: which backend carries the verbs out, and the spaces that are open. */
#include "comm/window_backend.h"

#include "base/log.h"
#include "comm/ask.h"
#include "comm/collective.h"
#include "comm/peers.h"
#include "comm/service.h"
#include "comm/window_choice.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 4096 };

pm_memory pm_spaces[PM_SPACES];
pm_job pm_the_job;

static struct {
    const pm_backend *backend;
    char (*nodes)[PM_HOST_NAME]; /* of each rank */
    uint32_t spaces_made;        /* the generation of the last one */
    _Atomic bool closing;
} window;

/* ---- the verbs, where memory is not at hand -------------------------------------------------- */

parmap_status pm_refuse_stale(void)
{
    return pm_fail(PARMAP_STALE,
                   "the shared object was freed; a copy of its handle is still in use");
}

parmap_status pm_refuse_ref(pm_ref ref)
{
    if (pm_window_closing())
        return pm_refuse_closed();
    if (ref.space >= PM_SPACES || ref.rank >= pm_spaces[ref.space].ranks ||
        ref.offset >= pm_spaces[ref.space].bytes)
        return pm_fail(ref.space > 0 ? PARMAP_STALE : PARMAP_USAGE,
                       "there is no such shared object; it was freed, or never created");
    return pm_refuse_stale();
}

static bool reachable(pm_ref ref)
{
    if (ref.space >= PM_SPACES)
        return false;
    const pm_memory *memory = &pm_spaces[ref.space];
    return ref.space != PM_PRIVATE && ref.rank < memory->ranks && ref.offset < memory->bytes &&
           !memory->base[ref.rank] && (ref.space == 0 || ref.generation == memory->generation);
}

parmap_status pm_refuse_closed(void)
{
    return pm_window_closing()
               ? pm_fail(PARMAP_CLOSED, "the job finishes; there are no shared objects any more")
               : pm_fail(PARMAP_USAGE, "there are no shared objects before parmap_start");
}

parmap_status pm_word_remote(pm_ref ref, uint64_t at, pm_word_op op, int width, uint64_t a,
                             uint64_t b, uint64_t *old)
{
    const pm_backend *backend = window.backend; /* a finish may take it away meanwhile */
    uint64_t unused;
    if (!backend)
        return pm_refuse_closed();
    if (!reachable(ref))
        return pm_refuse_ref(ref);
    const parmap_status status = backend->word(ref, at, op, width, a, b, old ? old : &unused);
    return status == PARMAP_SYSTEM && pm_window_closing() ? pm_refuse_closed() : status;
}

parmap_status pm_get(pm_ref ref, uint64_t at, int width, void *data, size_t bytes)
{
    const char *direct = pm_direct(ref);
    if (direct) {
        pm_copy_from_words(data, direct + at, width, bytes);
        return PARMAP_OK;
    }
    const pm_backend *backend = window.backend;
    if (!backend)
        return pm_refuse_closed();
    return reachable(ref) ? backend->get(ref, at, width, data, bytes) : pm_refuse_ref(ref);
}

parmap_status pm_put(pm_ref ref, uint64_t at, int width, const void *data, size_t bytes)
{
    char *direct = pm_direct(ref);
    if (direct) {
        pm_copy_to_words(direct + at, data, width, bytes);
        return PARMAP_OK;
    }
    const pm_backend *backend = window.backend;
    if (!backend)
        return pm_refuse_closed();
    return reachable(ref) ? backend->put(ref, at, width, data, bytes) : pm_refuse_ref(ref);
}

parmap_status pm_wait_word(pm_ref ref, uint64_t at, uint32_t expected, double seconds,
                           bool *timed_out)
{
    const pm_backend *backend = window.backend;
    if (!backend)
        return pm_refuse_closed();
    if (!pm_direct(ref) && !reachable(ref))
        return pm_refuse_ref(ref);
    return backend->wait(ref, at, expected, seconds, timed_out);
}

parmap_status pm_wake_word(pm_ref ref, uint64_t at, int count)
{
    const pm_backend *backend = window.backend;
    if (!backend)
        return pm_refuse_closed();
    if (!pm_direct(ref) && !reachable(ref))
        return pm_refuse_ref(ref);
    return backend->wake(ref, at, count);
}

bool pm_crowded(void)
{
    const pm_topology *t = &pm_the_job.topology;
    return (int64_t)t->size * (int64_t)pm_executors_live() > t->cores;
}

bool pm_spinning_pays(pm_ref ref)
{
    if (ref.space == PM_PRIVATE && pm_window_is_remote())
        return false; /* what writes it comes by messages, which somebody has to receive */
    return pm_direct(ref) && !pm_crowded();
}

/* ---- memory of this process alone -------------------------------------------------------------
 */

static parmap_status out_of_memory(void)
{
    return pm_fail(PARMAP_NO_MEMORY, "out of memory for the list of %d ranks",
                   pm_the_job.world.size);
}

/* Not NULL, which is a segment that is not at hand; and places keep their alignment. */
static char *const private_base = (char *)64;

static parmap_status open_private(const pm_world *world)
{
    char **base = calloc((size_t)world->size, sizeof *base);
    if (!base)
        return out_of_memory();
    base[world->rank] = private_base;
    pm_spaces[PM_PRIVATE] =
        (pm_memory){.base = base, .ranks = (uint32_t)world->size, .bytes = UINT64_MAX};
    return PARMAP_OK;
}

pm_ref pm_private_ref(const void *memory)
{
    return (pm_ref){.rank = (uint32_t)pm_the_job.world.rank & PM_MOST_RANKS,
                    .space = PM_PRIVATE,
                    .offset = (uint64_t)((const char *)memory - private_base)};
}

bool pm_window_is_remote(void)
{
    return window.backend && window.backend->progress;
}

static bool all_is_at_hand(const pm_memory *memory)
{
    for (uint32_t r = 0; r < memory->ranks; r++)
        if (!memory->base[r])
            return false;
    return memory->ranks > 0;
}

bool pm_window_find(const void *memory, uint64_t bytes, pm_ref *ref)
{
    const uint32_t rank = (uint32_t)pm_the_job.world.rank;
    *ref = (pm_ref){.rank = rank & PM_MOST_RANKS};
    for (uint32_t space = 0; space < PM_PRIVATE && bytes > 0; space++) {
        const pm_memory *m = &pm_spaces[space];
        if (!all_is_at_hand(m) || (const char *)memory < m->base[rank])
            continue;
        const uint64_t offset = (uint64_t)((const char *)memory - m->base[rank]);
        if (offset >= m->bytes || bytes > m->bytes - offset)
            continue;
        ref->space = space & PM_MOST_SPACES;
        ref->generation = m->generation; /* PM_ANY_GENERATION in the heap */
        ref->offset = offset;
        return true;
    }
    return bytes == 0;
}

/* ---- spaces ---------------------------------------------------------------------------------- */

/* More than the node has is not asked of MPI: MPICH looks for days for addresses that suit all. */
static parmap_status check_memory(uint64_t bytes)
{
    const uint64_t ranks = (uint64_t)pm_the_job.topology.node_ranks;
    const uint64_t there = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    if (bytes <= there / ranks)
        return PARMAP_OK;
    return pm_fail(PARMAP_NO_MEMORY,
                   "no memory for %" PRIu64 " MiB on each of %" PRIu64 " ranks of %s, which has "
                   "%" PRIu64 " MiB; ask for less, or use more nodes",
                   bytes >> 20, ranks, pm_the_job.topology.host, there >> 20);
}

static void forget(uint32_t space)
{
    free(pm_spaces[space].base);
    pm_spaces[space] = (pm_memory){0};
}

static parmap_status open_space(uint32_t space, uint64_t bytes, uint32_t generation)
{
    pm_memory *memory = &pm_spaces[space];
    const uint32_t ranks = (uint32_t)pm_the_job.world.size;
    *memory = (pm_memory){.base = calloc(ranks, sizeof(char *)),
                          .ranks = ranks,
                          .generation = generation,
                          .bytes = (bytes + PAGE - 1) / PAGE * PAGE};
    parmap_status status = memory->base ? PARMAP_OK : out_of_memory();
    if (status == PARMAP_OK && space > 0)
        status = check_memory(memory->bytes);
    status = pm_agree(&pm_the_job.world, status, pm_window_idle());
    if (status == PARMAP_OK)
        status = window.backend->open(space);
    if (status != PARMAP_OK)
        forget(space);
    return status;
}

parmap_status pm_space_open(uint64_t bytes, uint32_t *space, uint32_t *generation)
{
    if (!window.backend)
        return pm_refuse_closed();
    *space = 1;
    while (*space < PM_PRIVATE && pm_spaces[*space].base)
        (*space)++;
    if (*space == PM_PRIVATE)
        return pm_fail(PARMAP_NO_MEMORY,
                       "there are %d distributed arrays already; free one before making another",
                       (int)PM_PRIVATE - 1);
    *generation = ++window.spaces_made;
    PM_TRY(open_space(*space, bytes ? bytes : 1, *generation));
    if (!window.backend->reserve)
        return PARMAP_OK;
    const parmap_status status =
        pm_agree(&pm_the_job.world, window.backend->reserve(*space, 0, pm_spaces[*space].bytes),
                 pm_window_idle());
    if (status != PARMAP_OK)
        pm_space_close(*space);
    return status;
}

parmap_status pm_space_close(uint32_t space)
{
    if (space >= PM_SPACES || !pm_spaces[space].base)
        return pm_refuse_ref((pm_ref){.space = space & PM_MOST_SPACES});
    const parmap_status status = window.backend->close(space);
    forget(space);
    return status;
}

static parmap_status sync_memory(void)
{
    return window.backend->sync ? window.backend->sync() : PARMAP_OK;
}

parmap_status pm_window_meet(void)
{
    PM_TRY(sync_memory());
    PM_TRY(pm_barrier(&pm_the_job.world, pm_window_idle()));
    return sync_memory();
}

void *pm_space_own(uint32_t space)
{
    return window.backend->own(space);
}

parmap_status pm_window_reserve(uint64_t first, uint64_t bytes)
{
    return window.backend->reserve ? window.backend->reserve(0, first, bytes) : PARMAP_OK;
}

/* ---- opening and closing --------------------------------------------------------------------- */

/* Words that every rank has written and every rank can read: the backend works. */
static parmap_status self_test(void)
{
    const uint32_t size = (uint32_t)pm_the_job.world.size;
    uint64_t sum = 0;
    parmap_status status = PARMAP_OK;
    for (uint32_t r = 0; r < size && status == PARMAP_OK; r++)
        status = pm_add(pm_head_ref(r), PM_HEAD_TEST, 1, NULL);
    PM_TRY(pm_agree(&pm_the_job.world, status, pm_window_idle()));
    for (uint32_t r = 0; r < size && status == PARMAP_OK; r++) {
        status = pm_load(pm_head_ref(r), PM_HEAD_TEST, &sum);
        if (status == PARMAP_OK && sum != size)
            status = pm_fail(PARMAP_SYSTEM,
                             "the ranks do not see each other's memory: %" PRIu64
                             " additions of %" PRIu32 " arrived",
                             sum, size);
    }
    return pm_agree(&pm_the_job.world, status, pm_window_idle());
}

static parmap_status try_backend(const pm_backend *backend, uint64_t bytes)
{
    window.backend = backend;
    parmap_status status = backend->start ? backend->start() : PARMAP_OK;
    if (status != PARMAP_OK)
        return status;
    status = open_space(0, bytes, 0);
    if (status == PARMAP_OK && (status = self_test()) != PARMAP_OK) {
        backend->close(0);
        forget(0);
    }
    if (status != PARMAP_OK && backend->stop)
        backend->stop();
    return status;
}

/* In order of preference, from the chosen one on; one that was asked for has no substitute. */
static parmap_status open_best(const pm_window_choice *choice, uint64_t bytes)
{
    static const pm_backend *const backends[] = {&pm_backend_shm, &pm_backend_rma, &pm_backend_msg};
    parmap_status status = PARMAP_BUG;
    bool tried = false;
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
        if (!choice->allowed[i])
            continue;
        if (tried && pm_the_job.world.rank == 0)
            pm_log_detail("window: %s; trying %s", parmap_message(), backends[i]->name);
        status = try_backend(backends[i], bytes);
        if (status == PARMAP_OK || status == PARMAP_NO_MEMORY)
            return status;
        tried = true;
    }
    return status;
}

static parmap_status remember_job(const pm_world *world, const pm_topology *topology,
                                  const pm_host *hosts)
{
    pm_the_job.world = *world;
    pm_the_job.topology = *topology;
    window.nodes = calloc((size_t)world->size, sizeof *window.nodes);
    if (!window.nodes)
        return out_of_memory();
    for (int r = 0; r < world->size; r++)
        memcpy(window.nodes[r], hosts[r].name, PM_HOST_NAME);
    pm_executor_set_rank((uint32_t)world->rank);
    PM_TRY(open_private(world));
    return pm_peers_open(hosts, world->size, world->rank);
}

parmap_status pm_window_open(const pm_world *world, const pm_topology *topology,
                             const pm_host *hosts, bool owns_mpi, const pm_window_wish *wish)
{
    pm_window_choice choice;
    atomic_store(&window.closing, false);
    parmap_status status = pm_window_choose(topology, pm_world_library(), pm_world_thread_level(),
                                            wish->backend, &choice);
    if (status == PARMAP_OK)
        status = remember_job(world, topology, hosts);
    status = pm_agree(world, status, NULL);
    if (status == PARMAP_OK) /* ranks with other environments must not go other ways */
        status = pm_broadcast(world, &choice, sizeof choice, NULL);
    pm_the_job.own_thread = owns_mpi || pm_world_thread_level() == PM_THREAD_MULTIPLE;
    if (status == PARMAP_OK)
        status = open_best(&choice, (uint64_t)wish->bytes + PM_HEAP_BEGIN);
    if (status == PARMAP_NO_MEMORY) /* of the machine; nothing is full that objects could leave */
        status = pm_fail(PARMAP_SYSTEM, "%s", parmap_message());
    if (status != PARMAP_OK)
        window.backend = NULL;
    else
        pm_log_detail("window: %s, %" PRIu64 " MiB of heap per rank", window.backend->name,
                      pm_spaces[0].bytes >> 20);
    return status;
}

void pm_window_begin_closing(void)
{
    atomic_store(&window.closing, true);
}

bool pm_window_closing(void)
{
    return atomic_load_explicit(&window.closing, memory_order_relaxed);
}

bool pm_window_busy(void)
{
    return pm_ask_in_flight() > 0;
}

parmap_status pm_window_close(void)
{
    const pm_backend *backend = window.backend;
    parmap_status status = PARMAP_OK;
    if (!backend)
        return PARMAP_OK;
    for (uint32_t space = PM_PRIVATE; space-- > 0;)
        if (pm_spaces[space].base) {
            const parmap_status closed = backend->close(space);
            status = status == PARMAP_OK ? closed : status;
            if (space > 0)
                forget(space);
            else
                pm_spaces[space].ranks = 0; /* what threads that live on find from now on */
        }
    if (backend->stop) {
        const parmap_status stopped = backend->stop();
        status = status == PARMAP_OK ? stopped : status;
    }
    pm_peers_close();
    pm_spaces[PM_PRIVATE].ranks = 0;
    free(window.nodes);
    window.nodes = NULL;
    window.backend = NULL;
    return status;
}

const char *pm_window_name(void)
{
    return window.backend ? window.backend->name : "";
}

const char *pm_window_node(uint32_t rank)
{
    const bool known = window.nodes && rank < (uint32_t)pm_the_job.world.size;
    return known ? window.nodes[rank] : "an unknown node";
}

/* In a collective nobody looks at single words, so here is where a dead rank is noticed. */
static bool idle(void *unused)
{
    (void)unused;
    const bool served = window.backend->progress && window.backend->progress();
    if (served || pm_window_closing())
        return served;
    if (pm_peers_check() != PARMAP_OK) {
        pm_log_error("%s", parmap_message());
        pm_world_abort(PARMAP_SYSTEM);
    }
    return false;
}

const pm_idle *pm_window_idle(void)
{
    static const pm_idle served = {idle, NULL};
    return window.backend ? &served : NULL;
}
