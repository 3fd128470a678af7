/* Pipes: a queue for each direction, of at most some messages, made in chunks as they are needed.
 *
 * Who sends a large message for which the heap has no room waits until others have been received.
 * So the word that counts the work done in other queues counts here the large messages under way,
 * from before they are put until their memory is free; senders sleep on it.
 *
 * Each side says in the queue that it was closed, then closes the queue, then says that it does
 * nothing more with it; who says so second frees it.  The receiving side throws away what it did
 * not receive, so that its own later receives find nothing.
 *
 * Verbs: those of the queue; one more at each side for a large message, when the queue turns out to
 * be closed, and for a poll. */
#include "share/queue.h"

enum { MESSAGES = 1024, UNDER_WAY = PM_QUEUE_DONE };

typedef struct side {
    pm_queue_marks closed, gone, other_closed, other_gone;
} side;

static const side sending = {PM_SENDER_CLOSED, PM_SENDER_GONE, PM_RECEIVER_CLOSED,
                             PM_RECEIVER_GONE};
static const side receiving = {PM_RECEIVER_CLOSED, PM_RECEIVER_GONE, PM_SENDER_CLOSED,
                               PM_SENDER_GONE};

static bool is_set(const parmap_handle *handle)
{
    return handle->generation != PM_ANY_GENERATION;
}

static parmap_status check_created(const parmap_connection *connection)
{
    if (connection && (is_set(&connection->inbox) || is_set(&connection->outbox)))
        return PARMAP_OK;
    return pm_fail(PARMAP_USAGE, "this end of a pipe was never created, or closed before");
}

/* Whether this end can do what it is asked for; `handle` is its queue in that direction. */
static parmap_status check(const parmap_connection *connection, const parmap_handle *handle,
                           const char *verb)
{
    PM_TRY(check_created(connection));
    if (!is_set(handle))
        return pm_fail(PARMAP_USAGE, "this end of the pipe does not %s; make it duplex", verb);
    return PARMAP_OK;
}

/* Whether this end was closed; PARMAP_USAGE. */
static parmap_status check_open(const pm_queue *queue, const side *mine, uint64_t *marks)
{
    PM_TRY(pm_load(queue->ref, PM_QUEUE_ENDS, marks));
    return *marks & mine->closed ? pm_fail(PARMAP_USAGE, "this end of the pipe was closed already")
                                 : PARMAP_OK;
}

/* Why the queue says that it is closed: by this end, by the other, or since the job finishes. */
static parmap_status explain_closed(const parmap_handle *handle, const side *mine)
{
    pm_queue queue;
    uint64_t marks;
    if (pm_window_closing())
        return PARMAP_CLOSED;
    PM_TRY(pm_queue_open(handle, &queue));
    PM_TRY(check_open(&queue, mine, &marks));
    return marks & mine->other_closed
               ? pm_fail(PARMAP_CLOSED, "the other end of the pipe was closed")
               : PARMAP_CLOSED;
}

parmap_status parmap_pipe_create(parmap_connection *receiver, parmap_connection *sender,
                                 bool duplex)
{
    parmap_queue there, back = {.handle.generation = PM_ANY_GENERATION};
    if (!receiver || !sender)
        return pm_fail(PARMAP_USAGE, "parmap_pipe_create needs places for both ends");
    PM_TRY(parmap_queue_create(&there, MESSAGES));
    const parmap_status status = duplex ? parmap_queue_create(&back, MESSAGES) : PARMAP_OK;
    if (status != PARMAP_OK) {
        parmap_queue_free(&there);
        return status;
    }
    *receiver = (parmap_connection){.inbox = there.handle, .outbox = back.handle};
    *sender = (parmap_connection){.inbox = back.handle, .outbox = there.handle};
    return PARMAP_OK;
}

/* ---- sending and receiving ------------------------------------------------------------------- */

/* A large message is no longer under way.  Its memory is free if it was received; if it could not
 * be sent, that concerns those who wait only when there is no other that they can wait for. */
static parmap_status end_large(const pm_queue *queue, bool received)
{
    uint64_t before;
    PM_TRY(pm_add(queue->ref, UNDER_WAY, -PM_QUEUE_ONE, &before));
    return pm_queue_sleepers(before) > 0 && (received || pm_queue_count(before) == 1)
               ? pm_wake_word(queue->ref, UNDER_WAY, PM_WAKE_ALL)
               : PARMAP_OK;
}

static parmap_status send_large(const pm_queue *queue, const void *message, size_t bytes,
                                pm_deadline deadline)
{
    bool over = pm_deadline_over(deadline);
    for (;;) {
        uint64_t others;
        PM_TRY(pm_add(queue->ref, UNDER_WAY, PM_QUEUE_ONE, &others));
        const parmap_status status = pm_queue_put_large(queue, message, bytes, deadline);
        if (status == PARMAP_OK)
            return PARMAP_OK;
        PM_TRY(end_large(queue, false));
        if (status != PARMAP_NO_MEMORY || pm_queue_count(others) == 0 || over)
            return status == PARMAP_FULL ? pm_queue_refuse_full(queue) : status;
        const parmap_status waited = pm_queue_sleep(queue, UNDER_WAY, others, deadline);
        over = waited == PARMAP_TIMED_OUT;
        if (!over)
            PM_TRY(waited);
    }
}

static parmap_status send(const parmap_handle *outbox, const void *message, size_t bytes,
                          double timeout_s)
{
    const parmap_queue small = {*outbox};
    pm_queue queue;
    if (bytes <= PM_QUEUE_INLINE || !message)
        return parmap_queue_put(&small, message, bytes, timeout_s);
    PM_TRY(pm_queue_open(outbox, &queue));
    return send_large(&queue, message, bytes, pm_deadline_in(timeout_s));
}

parmap_status parmap_connection_send(const parmap_connection *connection, const void *message,
                                     size_t bytes, double timeout_s)
{
    PM_TRY(check(connection, connection ? &connection->outbox : NULL, "send"));
    PM_TRY(pm_check_cancelled());
    const parmap_status status = send(&connection->outbox, message, bytes, timeout_s);
    return status == PARMAP_CLOSED ? explain_closed(&connection->outbox, &sending) : status;
}

parmap_status parmap_connection_receive(const parmap_connection *connection, void *message,
                                        size_t capacity, size_t *bytes, double timeout_s)
{
    size_t received = 0;
    pm_queue queue;
    PM_TRY(check(connection, connection ? &connection->inbox : NULL, "receive"));
    const parmap_queue inbox = {connection->inbox};
    const parmap_status status = parmap_queue_get(&inbox, message, capacity, &received, timeout_s);
    if (bytes && (status == PARMAP_OK || status == PARMAP_USAGE))
        *bytes = received;
    if (status == PARMAP_CLOSED)
        return explain_closed(&inbox.handle, &receiving);
    if (status != PARMAP_OK || received <= PM_QUEUE_INLINE)
        return status;
    PM_TRY(pm_queue_open(&inbox.handle, &queue));
    return end_large(&queue, true);
}

parmap_status parmap_connection_poll(const parmap_connection *connection, double timeout_s,
                                     bool *ready)
{
    pm_queue queue;
    uint64_t marks;
    PM_TRY(check(connection, connection ? &connection->inbox : NULL, "receive"));
    PM_TRY(pm_queue_open(&connection->inbox, &queue));
    PM_TRY(pm_check_cancelled());
    const parmap_status status = pm_queue_await(&queue, timeout_s);
    *ready = status == PARMAP_OK;
    PM_TRY(status == PARMAP_EMPTY ? PARMAP_OK : status);
    return check_open(&queue, &receiving, &marks);
}

/* ---- closing --------------------------------------------------------------------------------- */

/* Who waits for memory to send to this end finds it closed. */
static parmap_status leave_receiving(const pm_queue *queue)
{
    PM_TRY(pm_queue_drain(queue));
    PM_TRY(pm_add(queue->ref, UNDER_WAY, PM_QUEUE_CLOSED, NULL));
    return pm_wake_word(queue->ref, UNDER_WAY, PM_WAKE_ALL);
}

static parmap_status leave(parmap_handle *handle, const side *mine)
{
    pm_queue queue;
    uint64_t before;
    if (!is_set(handle))
        return PARMAP_OK;
    PM_TRY(pm_queue_open(handle, &queue));
    PM_TRY(pm_queue_mark(&queue, mine->closed, &before));
    if (before & mine->closed) /* by another copy of this end */
        return PARMAP_OK;
    PM_TRY(pm_queue_close(&queue));
    if (mine->closed == PM_RECEIVER_CLOSED)
        PM_TRY(leave_receiving(&queue));
    PM_TRY(pm_queue_mark(&queue, mine->gone, &before));
    return before & mine->other_gone ? pm_queue_destroy(handle) : PARMAP_OK;
}

parmap_status parmap_connection_close(parmap_connection *connection)
{
    PM_TRY(check_created(connection));
    PM_TRY(leave(&connection->outbox, &sending));
    PM_TRY(leave(&connection->inbox, &receiving));
    *connection = (parmap_connection){.inbox.generation = PM_ANY_GENERATION};
    return PARMAP_OK;
}
