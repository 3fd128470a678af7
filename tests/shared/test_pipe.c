/* TEST seconds=180 */
/* Pipes: messages whole and in order, both directions, end of file, closing, waiting. */
#include "shared/messages.h"
#include "shared/shared.h"

#include <stdatomic.h>
#include <stdlib.h>

static const double short_s = 0.1;

enum { LARGEST = 200000 };

/* Collective.  Rank 0 makes the pipe; both ends everywhere. */
static void new_pipe(parmap_connection *receiver, parmap_connection *sender, bool duplex)
{
    parmap_connection ends[2] = {0};
    ON_ROOT(parmap_pipe_create(&ends[0], &ends[1], duplex));
    SHARE(ends);
    *receiver = ends[0];
    *sender = ends[1];
}

/* Collective. */
static void close_pipe(parmap_connection *receiver, parmap_connection *sender)
{
    CHECK_OK(parmap_sync_all());
    ON_ROOT(parmap_connection_close(receiver));
    ON_ROOT(parmap_connection_close(sender));
    CHECK_OK(parmap_sync_all());
}

/* Message `number` of a stream; most are small. */
static size_t message_bytes(uint64_t seed, int64_t number)
{
    uint64_t state = seed << 32 ^ (uint64_t)number;
    const uint64_t kind = next_random(&state) % 16;
    return next_random(&state) % (kind == 0 ? LARGEST : kind < 6 ? 3000 : kind < 15 ? 70 : 1);
}

static bool send_stream(const parmap_connection *to, uint64_t seed, int64_t count)
{
    char *message = malloc(LARGEST);
    bool well = true;
    for (int64_t i = 0; i < count && well; i++) {
        const size_t bytes = message_bytes(seed, i);
        fill_message(message, bytes, seed << 32 ^ (uint64_t)i);
        well = CHECK_OK(parmap_connection_send(to, message, bytes, shared_long_s));
    }
    free(message);
    return well;
}

static bool receive_stream(const parmap_connection *from, uint64_t seed, int64_t count)
{
    char *message = malloc(LARGEST);
    bool well = true;
    for (int64_t i = 0; i < count && well; i++) {
        size_t bytes = 0;
        well = CHECK_OK(parmap_connection_receive(from, message, LARGEST, &bytes, shared_long_s)) &&
               bytes == message_bytes(seed, i) &&
               is_message(message, bytes, seed << 32 ^ (uint64_t)i);
    }
    CHECK(well);
    free(message);
    return well;
}

/* ---- messages -------------------------------------------------------------------------------- */

typedef struct pipe {
    parmap_connection receiver, sender;
    int64_t count;
    _Atomic int64_t failures;
} pipe_of_two;

static void one_way(int worker, void *context)
{
    pipe_of_two *pipe = context;
    if (worker == 0)
        send_stream(&pipe->sender, 1, pipe->count);
    else
        receive_stream(&pipe->receiver, 1, pipe->count);
}

static void stream_one_way(shared_layout layout)
{
    pipe_of_two pipe = {.count = shared_count(3000, 150)};
    new_pipe(&pipe.receiver, &pipe.sender, false);
    shared_run_as(layout, 2, one_way, &pipe);
    close_pipe(&pipe.receiver, &pipe.sender);
}

static void messages_arrive_whole_and_in_order(void)
{
    shared_each_layout(stream_one_way);
}

/* Workers 0 and 1 are one end, 2 and 3 the other; all four streams at once. */
static void both_ways(int worker, void *context)
{
    pipe_of_two *pipe = context;
    const parmap_connection *end = worker < 2 ? &pipe->receiver : &pipe->sender;
    const uint64_t sent = worker < 2 ? 2 : 3;
    if (worker % 2 == 0)
        send_stream(end, sent, pipe->count);
    else
        receive_stream(end, 5 - sent, pipe->count);
}

static void stream_both_ways(shared_layout layout)
{
    pipe_of_two pipe = {.count = shared_count(1500, 80)};
    new_pipe(&pipe.receiver, &pipe.sender, true);
    shared_run_as(layout, 4, both_ways, &pipe);
    close_pipe(&pipe.receiver, &pipe.sender);
}

static void both_directions_at_once(void)
{
    shared_each_layout(stream_both_ways);
}

static void throw_and_catch(int worker, void *context)
{
    pipe_of_two *pipe = context;
    const parmap_connection *end = worker == 0 ? &pipe->receiver : &pipe->sender;
    int64_t ball = -worker;
    if (worker == 0)
        pipe->failures +=
            parmap_connection_send(end, &ball, sizeof ball, shared_long_s) != PARMAP_OK;
    while (ball < pipe->count) {
        size_t bytes = 0;
        int64_t next = -1;
        if (parmap_connection_receive(end, &next, sizeof next, &bytes, shared_long_s) !=
                PARMAP_OK ||
            bytes != sizeof next || next != ball + 1) {
            pipe->failures++;
            return;
        }
        ball = next + 1;
        pipe->failures +=
            parmap_connection_send(end, &ball, sizeof ball, shared_long_s) != PARMAP_OK;
    }
}

static void play(shared_layout layout)
{
    pipe_of_two pipe = {.count = shared_count(2000, 200)};
    new_pipe(&pipe.receiver, &pipe.sender, true);
    shared_run_as(layout, 2, throw_and_catch, &pipe);
    CHECK_INT(shared_sum(pipe.failures), 0);
    close_pipe(&pipe.receiver, &pipe.sender);
}

static void ping_pong(void)
{
    shared_each_layout(play);
}

/* Alone at both ends of a pipe of its own, at each rank. */
static void sizes(void)
{
    static const size_t bytes_of[] = {0, 1, 48, 49, 0, 0, 1000, 100000, 0};
    enum { SIZES = sizeof bytes_of / sizeof *bytes_of };
    parmap_connection one, other;
    char *message = malloc(LARGEST);
    CHECK_OK(parmap_pipe_create(&one, &other, true));
    for (int turn = 0; turn < 2; turn++) {
        const parmap_connection *from = turn == 0 ? &one : &other, *to = turn == 0 ? &other : &one;
        for (int i = 0; i < SIZES; i++) {
            fill_message(message, bytes_of[i], (uint64_t)i);
            CHECK_OK(parmap_connection_send(from, message, bytes_of[i], shared_long_s));
        }
        for (int i = 0; i < SIZES; i++) {
            size_t bytes = 77;
            bool ready = false;
            CHECK_OK(parmap_connection_poll(to, 0, &ready));
            CHECK(ready); /* an empty message is one */
            CHECK_OK(parmap_connection_receive(to, message, bytes_of[i], &bytes, 0));
            CHECK_INT(bytes, bytes_of[i]);
            CHECK(is_message(message, bytes, (uint64_t)i));
        }
    }
    CHECK_OK(parmap_connection_close(&one));
    CHECK_OK(parmap_connection_close(&other));
    free(message);
}

static void a_buffer_that_is_too_small(void)
{
    parmap_connection receiver, sender;
    char message[100];
    size_t bytes = 0;
    CHECK_OK(parmap_pipe_create(&receiver, &sender, false));
    fill_message(message, 100, 5);
    CHECK_OK(parmap_connection_send(&sender, message, 100, 0));
    CHECK_OK(parmap_connection_send(&sender, "z", 1, 0));
    memset(message, 0x5a, 100);
    CHECK_STATUS(parmap_connection_receive(&receiver, message, 99, &bytes, 0), PARMAP_USAGE);
    CHECK(bytes == 100 && message[0] == 0x5a);
    CHECK_OK(parmap_connection_receive(&receiver, message, 100, &bytes, 0));
    CHECK(bytes == 100 && is_message(message, 100, 5));
    CHECK_OK(parmap_connection_receive(&receiver, message, 100, &bytes, 0));
    CHECK(bytes == 1 && message[0] == 'z');
    CHECK_OK(parmap_connection_close(&receiver));
    CHECK_OK(parmap_connection_close(&sender));
}

/* ---- waiting and polling --------------------------------------------------------------------- */

static void nothing_there(void)
{
    parmap_connection receiver, sender;
    int64_t number = 1;
    bool ready = true;
    CHECK_OK(parmap_pipe_create(&receiver, &sender, false));
    CHECK_STATUS(parmap_connection_receive(&receiver, &number, sizeof number, NULL, 0),
                 PARMAP_EMPTY);
    CHECK_STATUS(parmap_connection_receive(&receiver, &number, sizeof number, NULL, -1),
                 PARMAP_EMPTY);
    CHECK_OK(parmap_connection_poll(&receiver, 0, &ready));
    CHECK(!ready);
    ready = true;
    double begun = shared_now();
    CHECK_OK(parmap_connection_poll(&receiver, short_s, &ready));
    CHECK_TOOK(begun, short_s);
    CHECK(!ready);
    begun = shared_now();
    CHECK_STATUS(parmap_connection_receive(&receiver, &number, sizeof number, NULL, short_s),
                 PARMAP_EMPTY);
    CHECK_TOOK(begun, short_s);
    CHECK_OK(parmap_connection_send(&sender, &number, sizeof number, 0));
    CHECK_OK(parmap_connection_poll(&receiver, PARMAP_FOREVER, &ready));
    CHECK(ready);
    CHECK_OK(parmap_connection_close(&receiver));
    CHECK_OK(parmap_connection_close(&sender));
}

/* How many messages it takes until a send does not find a place. */
static int64_t fill_pipe(const parmap_connection *sender)
{
    int64_t count = 0;
    parmap_status status;
    while ((status = parmap_connection_send(sender, &count, sizeof count, 0)) == PARMAP_OK &&
           count < 1000000)
        count++;
    CHECK_STATUS(status, PARMAP_FULL);
    return count;
}

static void many_under_way(void)
{
    parmap_connection receiver, sender;
    CHECK_OK(parmap_pipe_create(&receiver, &sender, false));
    const int64_t count = fill_pipe(&sender);
    CHECK(count > 0);
    const double begun = shared_now();
    CHECK_STATUS(parmap_connection_send(&sender, &count, sizeof count, short_s), PARMAP_FULL);
    CHECK_TOOK(begun, short_s);
    for (int64_t i = 0; i < count; i++) {
        int64_t number = -1;
        CHECK_OK(parmap_connection_receive(&receiver, &number, sizeof number, NULL, 0));
        CHECK_INT(number, i);
    }
    CHECK_OK(parmap_connection_send(&sender, &count, sizeof count, 0));
    CHECK_OK(parmap_connection_close(&sender)); /* with a message that nobody receives */
    CHECK_OK(parmap_connection_close(&receiver));
}

/* ---- the end --------------------------------------------------------------------------------- */

static void end_of_file(void)
{
    for (int duplex = 0; duplex < 2; duplex++) {
        parmap_connection receiver, sender;
        int64_t number = 5;
        bool ready = false;
        new_pipe(&receiver, &sender, duplex);
        if (parmap_rank() == 0) {
            CHECK_OK(parmap_connection_send(&sender, &number, sizeof number, 0));
            CHECK_OK(parmap_connection_close(&sender));
        }
        CHECK_OK(parmap_sync_all());
        if (parmap_rank() == parmap_size() - 1) {
            CHECK_OK(parmap_connection_receive(&receiver, &number, sizeof number, NULL, 0));
            CHECK_INT(number, 5);
            CHECK_OK(parmap_connection_poll(&receiver, 0, &ready));
            CHECK(ready);
            for (int i = 0; i < 2; i++)
                CHECK_STATUS(parmap_connection_receive(&receiver, &number, sizeof number, NULL,
                                                       i * shared_long_s),
                             PARMAP_CLOSED);
            if (duplex)
                CHECK_STATUS(parmap_connection_send(&receiver, &number, sizeof number, 0),
                             PARMAP_CLOSED);
            CHECK_OK(parmap_connection_close(&receiver));
        }
        CHECK_OK(parmap_sync_all());
    }
}

static void the_receiver_has_gone(void)
{
    parmap_connection receiver, sender;
    int64_t number = 5;
    new_pipe(&receiver, &sender, false);
    ON_ROOT(parmap_connection_send(&sender, &number, sizeof number, 0));
    CHECK_OK(parmap_sync_all());
    if (parmap_rank() == parmap_size() - 1)
        CHECK_OK(parmap_connection_close(&receiver));
    CHECK_OK(parmap_sync_all());
    CHECK_STATUS(parmap_connection_send(&sender, &number, sizeof number, 0), PARMAP_CLOSED);
    CHECK_STATUS(parmap_connection_send(&sender, &number, sizeof number, PARMAP_FOREVER),
                 PARMAP_CLOSED);
    CHECK_OK(parmap_sync_all());
    ON_ROOT(parmap_connection_close(&sender));
    CHECK_OK(parmap_sync_all());
}

/* What an end does not do: the other direction, and anything after it was closed. */
static void refusals(void)
{
    parmap_connection receiver, sender, zero = {0};
    int64_t number = 5;
    bool ready;
    CHECK_OK(parmap_pipe_create(&receiver, &sender, false));
    CHECK_STATUS(parmap_connection_send(&receiver, &number, sizeof number, 0), PARMAP_USAGE);
    CHECK_STATUS(parmap_connection_receive(&sender, &number, sizeof number, NULL, 0), PARMAP_USAGE);
    CHECK_STATUS(parmap_connection_poll(&sender, 0, &ready), PARMAP_USAGE);
    parmap_connection copy = sender;
    CHECK_OK(parmap_connection_close(&sender));
    CHECK_STATUS(parmap_connection_send(&copy, &number, sizeof number, 0), PARMAP_USAGE);
    CHECK_OK(parmap_connection_close(&receiver));
    CHECK_STATUS(parmap_connection_send(&zero, &number, sizeof number, 0), PARMAP_USAGE);
    CHECK_STATUS(parmap_connection_receive(&zero, &number, sizeof number, NULL, 0), PARMAP_USAGE);
    CHECK_STATUS(parmap_connection_poll(&zero, 0, &ready), PARMAP_USAGE);
    CHECK_STATUS(parmap_connection_close(&zero), PARMAP_USAGE);
    CHECK_OK(parmap_pipe_create(&receiver, &sender, true));
    copy = sender;
    CHECK_OK(parmap_connection_close(&sender));
    CHECK_STATUS(parmap_connection_send(&copy, &number, sizeof number, 0), PARMAP_USAGE);
    CHECK_OK(parmap_connection_close(&receiver));
}

/* Worker 0 closes while worker 1 waits. */
static void close_or_receive(int worker, void *context)
{
    pipe_of_two *pipe = context;
    int64_t number = 0;
    if (worker == 0) {
        shared_sleep(0.05);
        CHECK_OK(parmap_connection_close(&pipe->sender));
    } else {
        CHECK_STATUS(
            parmap_connection_receive(&pipe->receiver, &number, sizeof number, NULL, shared_long_s),
            PARMAP_CLOSED);
        CHECK_OK(parmap_connection_close(&pipe->receiver));
    }
}

static void close_or_send(int worker, void *context)
{
    pipe_of_two *pipe = context;
    if (worker == 0) {
        shared_sleep(0.05);
        CHECK_OK(parmap_connection_close(&pipe->receiver));
    } else {
        int64_t count = 0;
        parmap_status status;
        do
            status = parmap_connection_send(&pipe->sender, &count, sizeof count, shared_long_s);
        while (status == PARMAP_OK && ++count < 100000000);
        CHECK_STATUS(status, PARMAP_CLOSED);
        CHECK_OK(parmap_connection_close(&pipe->sender));
    }
}

static void close_while_waiting(shared_layout layout)
{
    for (int duplex = 0; duplex < 2; duplex++) {
        pipe_of_two pipe = {.count = 0};
        new_pipe(&pipe.receiver, &pipe.sender, duplex);
        shared_run_as(layout, 2, close_or_receive, &pipe);
        new_pipe(&pipe.receiver, &pipe.sender, duplex);
        shared_run_as(layout, 2, close_or_send, &pipe);
    }
}

static void closing_wakes(void)
{
    shared_each_layout(close_while_waiting);
}

/* More pipes, with messages left in them, than the heap could hold if they stayed. */
static void pipes_come_and_go(void)
{
    const int64_t rounds = shared_count(300, 80);
    for (int64_t i = 0; i < rounds; i++) {
        parmap_connection ends[2];
        char message[100000] = {0};
        if (!CHECK_OK(parmap_pipe_create(&ends[0], &ends[1], i % 2)))
            return;
        for (int j = 0; j < 5; j++)
            CHECK_OK(parmap_connection_send(&ends[1], message, sizeof message, 0));
        CHECK_OK(parmap_connection_close(&ends[i % 3 != 0]));
        CHECK_OK(parmap_connection_close(&ends[i % 3 == 0]));
    }
}

static const check_case cases[] = {
    {"messages arrive whole and in order", messages_arrive_whole_and_in_order},
    {"both directions at once", both_directions_at_once},
    {"ping-pong", ping_pong},
    {"sizes", sizes},
    {"a buffer that is too small", a_buffer_that_is_too_small},
    {"nothing there", nothing_there},
    {"many under way", many_under_way},
    {"end of file", end_of_file},
    {"the receiver has gone", the_receiver_has_gone},
    {"refusals", refusals},
    {"closing wakes", closing_wakes},
    {"pipes come and go", pipes_come_and_go},
};

int main(int argc, char **argv)
{
    setenv("PARMAP_HEAP", "32M", 1);
    return shared_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
