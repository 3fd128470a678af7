/* rma: the ranks are on several nodes.  Each space is one MPI window, open for access by all for
 * its whole life; words are accumulate operations on unsigned integers of the word's width, since
 * only those are atomic towards each other.  Waiting goes through the service.
 *
 * A flush holds the door.  That is no deadlock: inside MPI this rank serves the others, and each of
 * them is inside MPI every few milliseconds.  Should a library hang there all the same, the
 * service's thread ends the job. */
#include "base/log.h"
#include "comm/ask.h"
#include "comm/door.h"
#include "comm/pause.h"
#include "comm/service.h"
#include "comm/window_backend.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

static const double hang_s = 20;
enum { PIECE = 4 << 20, POLITE_PIECE = 16 << 10 }; /* bytes of one get or put */

static struct {
    MPI_Win windows[PM_SPACES];
    void *own[PM_SPACES];
    uint8_t
        *padding[PM_SPACES];  /* of each rank: bytes in front of its segment, which begins a line */
    _Atomic uint64_t calls;   /* odd = a thread is inside one */
    _Atomic uint32_t partner; /* of the last one */
    uint64_t seen;            /* by the watch: calls, and since when */
    double seen_at;
    double *nudged_at; /* of each rank, with the door held; NULL: targets need not be awake */
    bool flush_spins;  /* without giving the core away */
} rma;

static MPI_Aint place_of(pm_ref ref, uint64_t at)
{
    return (MPI_Aint)(ref.offset + at + rma.padding[ref.space][ref.rank]);
}

/* ---- one call -------------------------------------------------------------------------------- */

/* Calls to this rank are carried out in its own calls into MPI, so it must not be asleep. */
static bool needs_target(uint32_t partner)
{
    return rma.nudged_at && partner != (uint32_t)pm_the_job.world.rank;
}

/* Keeps such a rank awake.  Whether to wait politely for the call: where there is more to run than
 * cores, and where the target may have to be woken first, maybe on this core. */
static bool be_polite(uint32_t partner)
{
    pm_door_enter();
    const double now = pm_now();
    const bool asleep = now - rma.nudged_at[partner] > pm_service_nudge_s / 2;
    if (asleep) {
        rma.nudged_at[partner] = now;
        pm_service_nudge(partner);
    }
    pm_door_leave();
    return asleep || (rma.flush_spins && pm_crowded());
}

static void enter(uint32_t partner)
{
    pm_door_enter();
    atomic_store_explicit(&rma.partner, partner, memory_order_relaxed);
    atomic_fetch_add_explicit(&rma.calls, 1, memory_order_relaxed);
}

static parmap_status leave(int code, const char *call)
{
    atomic_fetch_add_explicit(&rma.calls, 1, memory_order_relaxed);
    return pm_mpi_leave(code, call);
}

/* By the service's thread, when the door is taken. */
static void watch(void)
{
    const uint64_t calls = atomic_load(&rma.calls);
    const double now = pm_now();
    if (calls % 2 == 0 || calls != rma.seen) {
        rma.seen = calls;
        rma.seen_at = now;
    } else if (now - rma.seen_at > hang_s) {
        const uint32_t partner = atomic_load(&rma.partner);
        pm_log_mute(false);
        pm_log_error("rank %d: a one-sided MPI call to rank %u on %s has hung for %g s; this MPI "
                     "may need PARMAP_WINDOW=msg",
                     pm_the_job.world.rank, (unsigned)partner, pm_window_node(partner), hang_s);
        pm_world_abort(PARMAP_SYSTEM);
    }
}

static MPI_Datatype type_of(int width)
{
    return width == 8   ? MPI_UINT64_T
           : width == 4 ? MPI_UINT32_T
           : width == 2 ? MPI_UINT16_T
                        : MPI_UINT8_T;
}

/* Operands and results of an operation, in its width. */
typedef union number {
    uint64_t u64;
    uint32_t u32;
    uint16_t u16;
    uint8_t u8;
} number;

static number narrow(uint64_t value, int width)
{
    number n = {.u64 = 0};
    if (width == 8)
        n.u64 = value;
    else if (width == 4)
        n.u32 = (uint32_t)value;
    else if (width == 2)
        n.u16 = (uint16_t)value;
    else
        n.u8 = (uint8_t)value;
    return n;
}

static uint64_t widen(number n, int width)
{
    return width == 8 ? n.u64 : width == 4 ? n.u32 : width == 2 ? n.u16 : n.u8;
}

static MPI_Op mpi_op(pm_word_op op)
{
    return op == PM_LOAD ? MPI_NO_OP : op == PM_ADD ? MPI_SUM : MPI_REPLACE;
}

/* With the door held. */
static int operate(pm_ref ref, uint64_t at, pm_word_op op, int width, uint64_t a, uint64_t b,
                   uint64_t *old)
{
    const MPI_Win window = rma.windows[ref.space];
    const MPI_Aint place = place_of(ref, at);
    const MPI_Datatype type = type_of(width);
    const number first = narrow(a, width), second = narrow(b, width);
    number result = {.u64 = 0};
    int code;
    if (window == MPI_WIN_NULL) /* a thread that outlives the job */
        return MPI_ERR_WIN;
    if (op == PM_COMPARE_SWAP)
        code = MPI_Compare_and_swap(&second, &first, &result, type, (int)ref.rank, place, window);
    else
        code = MPI_Fetch_and_op(&first, &result, type, (int)ref.rank, place, mpi_op(op), window);
    if (code == MPI_SUCCESS)
        code = MPI_Win_flush((int)ref.rank, window);
    *old = widen(result, width);
    return code;
}

/* Costs a call of its own, so only debug builds look. */
static parmap_status check_alive(pm_ref ref)
{
#ifndef NDEBUG
    uint64_t life = 0;
    if (ref.space == 0 && ref.generation != PM_ANY_GENERATION) {
        enter(ref.rank);
        const int code = operate(ref, -(uint64_t)sizeof(pm_block), PM_LOAD, 8, 0, 0, &life);
        PM_TRY(leave(code, "MPI_Fetch_and_op"));
        if ((uint32_t)life != ref.generation)
            return pm_refuse_stale();
    }
#else
    (void)ref;
#endif
    return PARMAP_OK;
}

/* The same where a flush would spin while others need the core: a request, tested politely.
 * MPI_Compare_and_swap has no request; what comes after it at the same word is done after it. */
static parmap_status operate_politely(pm_ref ref, uint64_t at, pm_word_op op, int width, uint64_t a,
                                      uint64_t b, uint64_t *old)
{
    const MPI_Win window = rma.windows[ref.space];
    const MPI_Aint place = place_of(ref, at);
    const MPI_Datatype type = type_of(width);
    const number first = narrow(a, width), second = narrow(b, width);
    const bool swap = op == PM_COMPARE_SWAP;
    number result = {.u64 = 0}, ignored;
    MPI_Request request;
    if (swap)
        PM_TRY(PM_MPI(
            MPI_Compare_and_swap(&second, &first, &result, type, (int)ref.rank, place, window)));
    PM_TRY(PM_MPI(MPI_Rget_accumulate(&first, 1, type, swap ? &ignored : &result, 1, type,
                                      (int)ref.rank, place, 1, type, swap ? MPI_NO_OP : mpi_op(op),
                                      window, &request)));
    PM_TRY(pm_mpi_await(&request, NULL));
    if (swap)
        PM_TRY(PM_MPI(MPI_Win_flush((int)ref.rank, window)));
    *old = widen(result, width);
    return PARMAP_OK;
}

/* ---- the verbs ------------------------------------------------------------------------------- */

static parmap_status call(pm_ref ref, uint64_t at, pm_word_op op, int width, uint64_t a, uint64_t b,
                          uint64_t *old)
{
    enter(ref.rank);
    const int code = operate(ref, at, op, width, a, b, old);
    return leave(code, op == PM_COMPARE_SWAP ? "MPI_Compare_and_swap" : "MPI_Fetch_and_op");
}

static parmap_status word_rma(pm_ref ref, uint64_t at, pm_word_op op, int width, uint64_t a,
                              uint64_t b, uint64_t *old)
{
    PM_TRY(check_alive(ref));
    if (!needs_target(ref.rank))
        return call(ref, at, op, width, a, b, old);
    PM_TRY(pm_ask_enter());
    const parmap_status status = be_polite(ref.rank)
                                     ? operate_politely(ref, at, op, width, a, b, old)
                                     : call(ref, at, op, width, a, b, old);
    pm_ask_leave();
    return status;
}

/* Elements from the target, or to it (op PM_STORE): `count` of them at `place`. */
typedef struct transfer {
    pm_ref ref;
    MPI_Aint place;
    pm_word_op op;
    int width;
    int count;
    char *data;
} transfer;

static parmap_status move(const transfer *t)
{
    const MPI_Datatype type = type_of(t->width);
    const MPI_Win window = rma.windows[t->ref.space];
    const int rank = (int)t->ref.rank;
    enter(t->ref.rank);
    int code = t->op == PM_STORE ? MPI_Accumulate(t->data, t->count, type, rank, t->place, t->count,
                                                  type, MPI_REPLACE, window)
                                 : MPI_Get_accumulate(NULL, 0, type, t->data, t->count, type, rank,
                                                      t->place, t->count, type, MPI_NO_OP, window);
    if (code == MPI_SUCCESS)
        code = MPI_Win_flush(rank, window);
    return leave(code, t->op == PM_STORE ? "MPI_Accumulate" : "MPI_Get_accumulate");
}

/* A request of MPI_Raccumulate says nothing of the target; one that also fetches does. */
static parmap_status move_politely(const transfer *t)
{
    char before[POLITE_PIECE];
    const MPI_Datatype type = type_of(t->width);
    const bool put = t->op == PM_STORE;
    MPI_Request request;
    PM_TRY(PM_MPI(MPI_Rget_accumulate(put ? t->data : NULL, put ? t->count : 0, type,
                                      put ? before : t->data, t->count, type, (int)t->ref.rank,
                                      t->place, t->count, type, put ? MPI_REPLACE : MPI_NO_OP,
                                      rma.windows[t->ref.space], &request)));
    return pm_mpi_await(&request, NULL);
}

static parmap_status move_pieces(pm_ref ref, uint64_t at, pm_word_op op, int width, char *data,
                                 size_t bytes)
{
    size_t piece;
    for (size_t done = 0; done < bytes; done += piece) {
        const bool polite = needs_target(ref.rank) && be_polite(ref.rank);
        const size_t most = polite ? POLITE_PIECE : PIECE;
        piece = bytes - done < most ? bytes - done : most;
        const transfer t = {.ref = ref,
                            .place = place_of(ref, at + done),
                            .op = op,
                            .width = width,
                            .count = (int)(piece / (size_t)width),
                            .data = data + done};
        PM_TRY(polite ? move_politely(&t) : move(&t));
    }
    return PARMAP_OK;
}

static parmap_status move_all(pm_ref ref, uint64_t at, pm_word_op op, int width, char *data,
                              size_t bytes)
{
    PM_TRY(check_alive(ref));
    PM_TRY(pm_ask_enter());
    const parmap_status status = move_pieces(ref, at, op, width, data, bytes);
    pm_ask_leave();
    return status;
}

static parmap_status get_rma(pm_ref ref, uint64_t at, int width, void *data, size_t bytes)
{
    return move_all(ref, at, PM_LOAD, width, data, bytes);
}

static parmap_status put_rma(pm_ref ref, uint64_t at, int width, const void *data, size_t bytes)
{
    return move_all(ref, at, PM_STORE, width, (char *)(uintptr_t)data, bytes);
}

/* The door is held by the service. */
static parmap_status load_own(pm_ref ref, uint64_t at, uint64_t *value)
{
    const char *data = pm_direct(ref); /* private memory */
    if (!data)
        return pm_mpi_status(operate(ref, at, PM_LOAD, 8, 0, 0, value), "MPI_Fetch_and_op");
    *value = pm_word_at((char *)(uintptr_t)data + at, PM_LOAD, 8, 0, 0);
    return PARMAP_OK;
}

/* ---- opening and closing --------------------------------------------------------------------- */

/* Of Open MPI's components only osc/sm, used where all ranks are on one node, works without the
 * target; Open MPI gives the core away by itself. */
static parmap_status study_library(void)
{
    const bool open_mpi = strncmp(pm_world_library(), "Open MPI", strlen("Open MPI")) == 0;
    const char *osc = getenv("OMPI_MCA_osc");
    const bool by_memory =
        open_mpi && pm_the_job.topology.nodes == 1 && (!osc || strstr(osc, "sm") || *osc == '^');
    rma.flush_spins = !open_mpi;
    rma.nudged_at = by_memory ? NULL : calloc((size_t)pm_the_job.world.size, sizeof(double));
    if (by_memory || rma.nudged_at)
        return PARMAP_OK;
    return pm_fail(PARMAP_SYSTEM, "out of memory for %d ranks", pm_the_job.world.size);
}

static parmap_status start_rma(void)
{
    PM_TRY(pm_agree(&pm_the_job.world, study_library(), NULL));
    return pm_service_start(&(pm_service_hooks){.load_own = load_own, .watch = watch});
}

static parmap_status stop_rma(void)
{
    free(rma.nudged_at);
    rma.nudged_at = NULL;
    return pm_service_stop();
}

/* MPI libraries put a node's windows into /dev/shm and die of SIGBUS when it is full. */
static parmap_status check_room(uint64_t bytes)
{
    struct statvfs room;
    const uint64_t needed = bytes * (uint64_t)pm_the_job.topology.node_ranks;
    if (pm_the_job.topology.node_ranks == 1 || statvfs("/dev/shm", &room) != 0)
        return PARMAP_OK;
    const uint64_t there = (uint64_t)room.f_bavail * room.f_frsize;
    if (needed <= there)
        return PARMAP_OK;
    return pm_fail(PARMAP_NO_MEMORY,
                   "the ranks of %s need %llu MiB of /dev/shm, which has %llu MiB free; make "
                   "/dev/shm larger (docker: --shm-size), or set PARMAP_HEAP to less",
                   pm_the_job.topology.host, (unsigned long long)(needed >> 20) + 1,
                   (unsigned long long)(there >> 20));
}

enum { LINE = 64 };

static parmap_status make_window(uint32_t space, uint8_t *padding)
{
    const uint64_t bytes = pm_spaces[space].bytes;
    MPI_Win *window = &rma.windows[space];
    char *memory = NULL;
    const parmap_status status = PM_MPI(MPI_Win_allocate((MPI_Aint)(bytes + LINE), 1, MPI_INFO_NULL,
                                                         MPI_COMM_WORLD, (void *)&memory, window));
    if (status != PARMAP_OK)
        return space == 0 ? status
                          : pm_fail(PARMAP_NO_MEMORY,
                                    "no window of %llu MiB on rank %d (%s); ask for less, or use "
                                    "more ranks",
                                    (unsigned long long)bytes >> 20, pm_the_job.world.rank,
                                    parmap_message());
    *padding = (uint8_t)(-(uintptr_t)memory % LINE);
    rma.own[space] = memory + *padding;
    PM_TRY(PM_MPI(MPI_Win_set_errhandler(*window, MPI_ERRORS_RETURN)));
    /* the heap clears what it hands out */
    memset(rma.own[space], 0, space == 0 ? PM_HEAP_BEGIN : bytes);
    PM_TRY(PM_MPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, *window)));
    return PM_MPI(MPI_Win_sync(*window));
}

/* MPI_Win_allocate has no non-blocking form: it is entered when all ranks are at it. */
static parmap_status open_rma(uint32_t space)
{
    PM_TRY(pm_agree(&pm_the_job.world, check_room(pm_spaces[space].bytes), pm_window_idle()));
    PM_TRY(pm_barrier(&pm_the_job.world, pm_window_idle()));
    uint8_t mine = 0, *all = calloc((size_t)pm_the_job.world.size, 1);
    const parmap_status status =
        all ? make_window(space, &mine)
            : pm_fail(PARMAP_SYSTEM, "out of memory for %d ranks", pm_the_job.world.size);
    free(rma.padding[space]); /* not sooner: a daemon's last call may have come too late */
    rma.padding[space] = all;
    PM_TRY(pm_agree(&pm_the_job.world, status, pm_window_idle()));
    return pm_allgather(&pm_the_job.world, &mine, all, 1, pm_window_idle());
}

static parmap_status close_rma(uint32_t space)
{
    PM_TRY(pm_barrier(&pm_the_job.world, pm_window_idle()));
    PM_TRY(PM_MPI(MPI_Win_unlock_all(rma.windows[space])));
    return PM_MPI(MPI_Win_free(&rma.windows[space]));
}

static void *own_rma(uint32_t space)
{
    return rma.own[space];
}

static parmap_status sync_rma(void)
{
    for (uint32_t space = 0; space < PM_PRIVATE; space++)
        if (pm_spaces[space].base)
            PM_TRY(PM_MPI(MPI_Win_sync(rma.windows[space])));
    return PARMAP_OK;
}

const pm_backend pm_backend_rma = {.name = "rma",
                                   .start = start_rma,
                                   .stop = stop_rma,
                                   .open = open_rma,
                                   .close = close_rma,
                                   .own = own_rma,
                                   .word = word_rma,
                                   .get = get_rma,
                                   .put = put_rma,
                                   .wait = pm_ask_wait,
                                   .wake = pm_ask_wake,
                                   .progress = pm_service_progress,
                                   .sync = sync_rma};
