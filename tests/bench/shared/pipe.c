/* pipe SECONDS: a round trip of 8 bytes through a pipe between two ranks, in nanoseconds. */
#include "ours.h"

static void bounce(void *end)
{
    int64_t word = 1;
    PARMAP_MUST(parmap_connection_send(end, &word, sizeof word, PARMAP_FOREVER));
    PARMAP_MUST(parmap_connection_receive(end, &word, sizeof word, NULL, PARMAP_FOREVER));
}

/* Sends back what comes, until the other end is closed. */
static void echo(const parmap_connection *end)
{
    for (;;) {
        int64_t word;
        size_t bytes;
        const parmap_status status =
            parmap_connection_receive(end, &word, sizeof word, &bytes, PARMAP_FOREVER);
        if (status == PARMAP_CLOSED)
            return;
        PARMAP_MUST(status);
        PARMAP_MUST(parmap_connection_send(end, &word, bytes, PARMAP_FOREVER));
    }
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (argc != 2 || parmap_size() != 2)
        return parmap_finish() ? 71 : 64;
    parmap_connection ends[2];
    if (parmap_rank() == 1)
        PARMAP_MUST(parmap_pipe_create(&ends[0], &ends[1], true));
    share_of_last(ends, sizeof ends);
    start_together();
    if (parmap_rank() == 0)
        printf("{\"ping\": %.1f}\n", ns_of(bounce, &ends[0], atof(argv[1])));
    else
        echo(&ends[1]);
    PARMAP_MUST(parmap_connection_close(&ends[parmap_rank()]));
    return parmap_finish();
}
