/* msg: every rank reaches its own segment itself and asks the others, by message, for theirs.  For
 * MPI libraries whose one-sided calls are missing or broken. */
#include "comm/ask.h"
#include "comm/service.h"
#include "comm/window_backend.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Where plain memory is; the room is not taken before it is used. */
static parmap_status open_msg(uint32_t space)
{
    pm_memory *memory = &pm_spaces[space];
    void *own = mmap(NULL, memory->bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    const parmap_status status =
        own != MAP_FAILED ? PARMAP_OK
                          : pm_fail(PARMAP_NO_MEMORY,
                                    "no memory for %llu MiB of shared objects on rank %d; "
                                    "ask for less, or use more ranks",
                                    (unsigned long long)memory->bytes >> 20, pm_the_job.world.rank);
    if (status == PARMAP_OK)
        memory->base[pm_the_job.world.rank] = own;
    return pm_agree(&pm_the_job.world, status, pm_window_idle());
}

/* The heap stays, as with shm. */
static parmap_status close_msg(uint32_t space)
{
    if (space > 0)
        munmap(pm_space_own(space), pm_spaces[space].bytes);
    return PARMAP_OK;
}

static void *own_msg(uint32_t space)
{
    return pm_spaces[space].base[pm_the_job.world.rank];
}

static parmap_status load_own(pm_ref ref, uint64_t at, uint64_t *value)
{
    char *data = pm_direct(ref);
    if (!data)
        return PARMAP_STALE;
    *value = pm_word_at(data + at, PM_LOAD, 8, 0, 0);
    return PARMAP_OK;
}

static parmap_status start_msg(void)
{
    return pm_service_start(&(pm_service_hooks){.load_own = load_own});
}

static parmap_status ask(pm_ref ref, pm_packet request, const void *out, void *in, uint64_t *value)
{
    request.ref = ref;
    const parmap_status status = pm_ask(&request, out, in, value);
    return status == PARMAP_STALE ? pm_refuse_ref(ref) : status;
}

static parmap_status word_msg(pm_ref ref, uint64_t at, pm_word_op op, int width, uint64_t a,
                              uint64_t b, uint64_t *old)
{
    const pm_packet request = {.kind = PM_PACKET_WORD,
                               .op = (uint8_t)op,
                               .width = (uint8_t)width,
                               .at = at,
                               .a = a,
                               .b = b};
    return ask(ref, request, NULL, NULL, old);
}

/* Piece by piece, so that no rank needs large buffers for others. */
static parmap_status copy(pm_ref ref, pm_packet_kind kind, uint64_t at, int width, char *data,
                          size_t bytes)
{
    for (size_t done = 0; done < bytes; done += PM_PAYLOAD) {
        uint64_t unused;
        const size_t piece = bytes - done < PM_PAYLOAD ? bytes - done : PM_PAYLOAD;
        const pm_packet request = {.kind = (uint8_t)kind,
                                   .width = (uint8_t)width,
                                   .bytes = (uint32_t)piece,
                                   .at = at + done};
        const bool put = kind == PM_PACKET_PUT;
        PM_TRY(ask(ref, request, put ? data + done : NULL, put ? NULL : data + done, &unused));
    }
    return PARMAP_OK;
}

static parmap_status get_msg(pm_ref ref, uint64_t at, int width, void *data, size_t bytes)
{
    return copy(ref, PM_PACKET_GET, at, width, data, bytes);
}

static parmap_status put_msg(pm_ref ref, uint64_t at, int width, const void *data, size_t bytes)
{
    return copy(ref, PM_PACKET_PUT, at, width, (char *)(uintptr_t)data, bytes);
}

const pm_backend pm_backend_msg = {.name = "msg",
                                   .start = start_msg,
                                   .stop = pm_service_stop,
                                   .open = open_msg,
                                   .close = close_msg,
                                   .own = own_msg,
                                   .word = word_msg,
                                   .get = get_msg,
                                   .put = put_msg,
                                   .wait = pm_ask_wait,
                                   .wake = pm_ask_wake,
                                   .progress = pm_service_progress};
