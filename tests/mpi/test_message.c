/* Small messages: all to all, in each sender's order, and many at once. */
#include "comm/message.h"
#include "comm/pause.h"

#include "mpi/ranks.h"

enum { MOST_RANKS = 64 };

static const double limit_s = 30;

/* Per sender: how many have come.  Message n of a rank is {n, rank, receiver, -n}. */
static int64_t come[MOST_RANKS];

static void send_to(int rank, int64_t number)
{
    const pm_message message = {.kind = number, .values = {world.rank, rank, -number}};
    CHECK_INT(pm_message_send(rank, &message), PARMAP_OK);
}

/* Takes one message, if there is one, and checks that it is its sender's next. */
static bool take_one(void)
{
    pm_message message = {0};
    int source = -1;
    bool got = false;
    CHECK_INT(pm_message_poll(&message, &source, &got), PARMAP_OK);
    if (!got)
        return false;
    CHECK(source >= 0 && source < world.size);
    CHECK_INT(message.kind, come[source]);
    CHECK_INT(message.values[0], source);
    CHECK_INT(message.values[1], world.rank);
    CHECK_INT(message.values[2], -come[source]);
    come[source]++;
    return true;
}

static void begin(void)
{
    for (int rank = 0; rank < MOST_RANKS; rank++)
        come[rank] = 0;
    meet();
}

/* Takes messages until so many have come from every sender but this rank. */
static void take_all(int64_t of_each, int first_sender)
{
    const double begun = pm_now();
    int64_t missing = of_each * (world.size - first_sender - (world.rank >= first_sender));
    pm_pause pause = {0};
    for (int rank = 0; rank < world.size; rank++)
        missing -= come[rank];
    while (missing > 0 && pm_now() - begun < limit_s) {
        if (take_one())
            missing--;
        else
            pm_pause_once(&pause);
    }
    for (int rank = first_sender; rank < world.size; rank++)
        CHECK_INT(come[rank], rank == world.rank ? 0 : of_each);
}

static void end(void)
{
    CHECK_INT(pm_message_flush(), PARMAP_OK);
    check_nothing_left();
}

static void nothing_there(void)
{
    begin();
    for (int i = 0; i < 100; i++)
        CHECK(!take_one());
    end();
}

static void all_to_all(void)
{
    enum { ROUNDS = 200 };
    begin();
    for (int64_t round = 0; round < ROUNDS; round++) {
        for (int rank = 0; rank < world.size; rank++)
            if (rank != world.rank)
                send_to(rank, round);
        take_one();
    }
    take_all(ROUNDS, 0);
    end();
}

/* Rank 0 takes none before the others have sent all of theirs. */
static void thousands_in_flight(void)
{
    enum { MESSAGES = 3000 };
    begin();
    if (world.rank > 0)
        for (int64_t i = 0; i < MESSAGES; i++)
            send_to(0, i);
    meet();
    if (world.rank == 0)
        take_all(MESSAGES, 1);
    end();
}

/* An answer to each message, as rank 0 answers requests for blocks. */
static void question_and_answer(void)
{
    enum { QUESTIONS = 300 };
    const double begun = pm_now();
    begin();
    for (int64_t i = 0; i < QUESTIONS && world.rank > 0; i++) {
        send_to(0, i);
        while (come[0] <= i && pm_now() - begun < limit_s)
            take_one();
    }
    if (world.rank == 0) {
        int64_t open = (int64_t)QUESTIONS * (world.size - 1);
        while (open > 0 && pm_now() - begun < limit_s) {
            pm_message message;
            int source;
            bool got;
            CHECK_INT(pm_message_poll(&message, &source, &got), PARMAP_OK);
            if (got) {
                send_to(source, message.kind);
                open--;
            }
        }
        CHECK_INT(open, 0);
    } else {
        CHECK_INT(come[0], QUESTIONS);
    }
    end();
}

static void to_itself(void)
{
    enum { MESSAGES = 50 };
    begin();
    for (int64_t i = 0; i < MESSAGES; i++)
        send_to(world.rank, i);
    const double begun = pm_now();
    while (come[world.rank] < MESSAGES && pm_now() - begun < limit_s)
        take_one();
    CHECK_INT(come[world.rank], MESSAGES);
    end();
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {
        {"message: nothing there", nothing_there},
        {"message: all to all", all_to_all},
        {"message: thousands in flight", thousands_in_flight},
        {"message: question and answer", question_and_answer},
        {"message: to itself", to_itself},
    };
    return ranks_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
