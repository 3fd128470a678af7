/* Letters as packets: a large one in pieces, one behind the other, so that those of one rank never
 * mix.  An address is a box's place in a table and how often that place was given. */
#include "comm/post.h"

#include "comm/ask.h"
#include "comm/door.h"
#include "comm/mail.h"
#include "comm/service.h"
#include "comm/window_backend.h"

#include <stdlib.h>
#include <string.h>

typedef struct box {
    pm_post_handler *handler; /* NULL: closed */
    void *context;
    uint32_t round;
} box;

/* The letter of which pieces of a rank are arriving. */
typedef struct assembly {
    char *data;
    uint64_t got;
} assembly;

/* Behind the door. */
static struct {
    box *boxes;
    uint32_t count;
    assembly *assemblies; /* of each rank */
} post;

/* ---- boxes ----------------------------------------------------------------------------------- */

static box *find(uint64_t address)
{
    const uint32_t place = (uint32_t)address - 1;
    if (place >= post.count || post.boxes[place].round != address >> 32)
        return NULL;
    return post.boxes[place].handler ? &post.boxes[place] : NULL;
}

static parmap_status find_place(uint32_t *place)
{
    for (*place = 0; *place < post.count; (*place)++)
        if (!post.boxes[*place].handler)
            return PARMAP_OK;
    const uint32_t count = post.count ? 2 * post.count : 16;
    box *more = realloc(post.boxes, count * sizeof *more);
    if (!more)
        return pm_fail(PARMAP_SYSTEM, "out of memory for %u boxes", (unsigned)count);
    memset(more + post.count, 0, (count - post.count) * sizeof *more);
    post.boxes = more;
    post.count = count;
    return PARMAP_OK;
}

parmap_status pm_post_open(pm_post_handler *handler, void *context, uint64_t *address)
{
    uint32_t place;
    pm_door_enter();
    const parmap_status status = find_place(&place);
    if (status == PARMAP_OK) {
        box *opened = &post.boxes[place];
        *opened = (box){handler, context, opened->round + 1};
        *address = (uint64_t)opened->round << 32 | (place + 1);
    }
    pm_door_leave();
    return status;
}

void pm_post_close(uint64_t address)
{
    pm_door_enter();
    box *closed = find(address);
    if (closed)
        closed->handler = NULL;
    pm_door_leave();
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Bytes `first` .. of what head and body are together. */
static void copy_piece(char *to, uint64_t first, uint64_t bytes, const char *head,
                       uint64_t head_bytes, const char *body)
{
    const uint64_t of_head = first >= head_bytes          ? 0
                             : head_bytes - first < bytes ? head_bytes - first
                                                          : bytes;
    if (of_head > 0)
        memcpy(to, head + first, of_head);
    if (bytes > of_head)
        memcpy(to + of_head, body + (first + of_head - head_bytes), bytes - of_head);
}

parmap_status pm_post_send_inside(uint32_t rank, uint64_t address, const void *head,
                                  uint64_t head_bytes, const void *body, uint64_t body_bytes)
{
    const uint64_t total = head_bytes + body_bytes;
    uint64_t first = 0;
    do {
        const uint64_t bytes = total - first < PM_PAYLOAD ? total - first : PM_PAYLOAD;
        pm_packet *packet = pm_mail_prepare((uint32_t)bytes);
        if (!packet)
            return PARMAP_SYSTEM;
        *packet = (pm_packet){.kind = PM_PACKET_POST,
                              .bytes = (uint32_t)bytes,
                              .executor = pm_executor_of((uint32_t)pm_the_job.world.rank, 0),
                              .at = first,
                              .a = address,
                              .b = total};
        copy_piece((char *)(packet + 1), first, bytes, head, head_bytes, body);
        PM_TRY(pm_mail_post(rank, packet));
        first += bytes;
    } while (first < total);
    return PARMAP_OK;
}

parmap_status pm_post_send(uint32_t rank, uint64_t address, const void *head, uint64_t head_bytes,
                           const void *body, uint64_t body_bytes)
{
    PM_TRY(pm_ask_enter());
    pm_door_enter();
    const parmap_status status =
        pm_post_send_inside(rank, address, head, head_bytes, body, body_bytes);
    pm_door_leave();
    pm_ask_leave();
    return status;
}

parmap_status pm_post_wake_inside(pm_ref ref, uint64_t at)
{
    return pm_service_serve(
        &(pm_packet){.kind = PM_PACKET_WAKE, .ref = ref, .at = at, .a = PM_WAKE_ALL});
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void deliver(uint64_t address, const void *letter, uint64_t bytes)
{
    const box *to = find(address);
    if (to)
        to->handler(to->context, letter, bytes);
}

static parmap_status begin_assembly(assembly *a, uint64_t total)
{
    free(a->data);
    *a = (assembly){.data = malloc(total)};
    return a->data ? PARMAP_OK
                   : pm_fail(PARMAP_SYSTEM, "out of memory for a letter of %llu bytes",
                             (unsigned long long)total);
}

parmap_status pm_post_receive(const pm_packet *packet, const void *payload)
{
    if (packet->bytes == packet->b) {
        deliver(packet->a, payload, packet->b);
        return PARMAP_OK;
    }
    if (!post.assemblies)
        post.assemblies = calloc((size_t)pm_the_job.world.size, sizeof *post.assemblies);
    if (!post.assemblies)
        return pm_fail(PARMAP_SYSTEM, "out of memory for letters");
    assembly *a = &post.assemblies[pm_executor_rank(packet->executor)];
    if (packet->at == 0)
        PM_TRY(begin_assembly(a, packet->b));
    memcpy(a->data + packet->at, payload, packet->bytes);
    a->got += packet->bytes;
    if (a->got < packet->b)
        return PARMAP_OK;
    deliver(packet->a, a->data, packet->b);
    free(a->data);
    *a = (assembly){.data = NULL};
    return PARMAP_OK;
}

void pm_post_clear(void)
{
    for (int r = 0; post.assemblies && r < pm_the_job.world.size; r++)
        free(post.assemblies[r].data);
    free(post.assemblies);
    free(post.boxes);
    post.boxes = NULL;
    post.assemblies = NULL;
    post.count = 0;
}
