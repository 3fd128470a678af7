/* Runs a fuzzer for a while: inputs are made from its seeds by random changes, and from those.
 *
 *     fuzz_<name> [--seconds S] [--seed N] [FILE...]
 *
 * The same seed gives the same inputs.  With FILEs it runs these only, once each.  The input with
 * which it crashed, or took longer than a minute, is written to crash-<seed>-<run>. */
#include "fuzz.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { POOL = 512, LONGEST = 1 << 16, TOO_LONG_S = 60 };

typedef struct input {
    uint8_t *data;
    size_t size;
} input;

static struct {
    input pool[POOL];
    int count, own; /* inputs, and how many of these are seeds, which stay */
    uint8_t now[LONGEST];
    size_t size;
    unsigned long seed, run;
    pid_t process;
    uint64_t state;
} fuzz;

/* ---- when it fails --------------------------------------------------------------------------- */

/* In a signal handler: no locks, no memory. */
static void keep_input(void)
{
    if (getpid() != fuzz.process)
        return; /* what a child comes to is the parent's to judge */
    char name[64], text[160];
    snprintf(name, sizeof name, "crash-%lu-%lu", fuzz.seed, fuzz.run);
    FILE *file = fopen(name, "w");
    if (file != NULL) {
        fwrite(fuzz.now, 1, fuzz.size, file);
        fclose(file);
    }
    const int length = snprintf(text, sizeof text, "run %lu of seed %lu: %zu bytes are in %s\n",
                                fuzz.run, fuzz.seed, fuzz.size, name);
    if (write(2, text, (size_t)length) < 0)
        _exit(2);
}

static void on_signal(int number)
{
    signal(number, SIG_DFL);
    if (number == SIGALRM && write(2, "it takes too long\n", 18) < 0)
        _exit(2);
    keep_input();
    raise(number);
}

/* Sanitizers end the program without a signal. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void watch(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM};
    static char stack[1 << 16]; /* the usual one may have overflowed */
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    sigaltstack(&other, NULL);
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(keep_input);
        sigaction(SIGALRM, &action, NULL);
        sigaction(SIGABRT, &action, NULL);
        return;
    }
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
}

/* ---- inputs ---------------------------------------------------------------------------------- */

/* The generator of Knuth's MMIX; its upper bits. */
static size_t below(size_t end)
{
    fuzz.state = fuzz.state * 6364136223846793005u + 1442695040888963407u;
    return end > 0 ? (size_t)(fuzz.state >> 31) % end : 0;
}

static void add_seed(const void *data, size_t size)
{
    if (fuzz.count == POOL || size > LONGEST)
        return;
    uint8_t *copy = malloc(size + 1);
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    fuzz.pool[fuzz.count++] = (input){copy, size};
    fuzz.own = fuzz.count;
}

/* Takes the input of now into the pool, in place of another that is no seed. */
static void keep(void)
{
    uint8_t *copy = malloc(fuzz.size + 1);
    if (copy == NULL)
        abort();
    memcpy(copy, fuzz.now, fuzz.size);
    const int at =
        fuzz.count < POOL ? fuzz.count++ : fuzz.own + (int)below((size_t)(POOL - fuzz.own));
    free(fuzz.pool[at].data);
    fuzz.pool[at] = (input){copy, fuzz.size};
}

/* Replaces `old` bytes at `at`. */
static void replace(size_t at, size_t old, const void *data, size_t size)
{
    if (fuzz.size - old + size > LONGEST)
        return;
    memmove(fuzz.now + at + size, fuzz.now + at + old, fuzz.size - at - old);
    memcpy(fuzz.now + at, data, size);
    fuzz.size += size - old;
}

static void put_word(size_t at)
{
    size_t count = 0;
    while (fuzz_words[count] != NULL)
        count++;
    const char *word = count > 0 ? fuzz_words[below(count)] : "";
    replace(at, below(2) ? 0 : below(fuzz.size - at + 1) % 4, word, strlen(word));
}

static void put_other(size_t at)
{
    const input *other = &fuzz.pool[below((size_t)fuzz.count)];
    const size_t from = below(other->size + 1), size = below(other->size - from + 1);
    replace(at, below(fuzz.size - at + 1), other->data + from, size);
}

/* Repeats a piece, now and then so often that nesting and lengths meet their limits. */
static void repeat(size_t at)
{
    uint8_t piece[16];
    const size_t rest = fuzz.size - at,
                 size = below((rest < sizeof piece ? rest : sizeof piece) + 1);
    memcpy(piece, fuzz.now + at, size);
    for (size_t times = below(20) == 0 ? below(3000) : below(4); times > 0; times--)
        replace(at, 0, piece, size);
}

static void change(void)
{
    static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff, ' ', '\n', '0', '9', '-', '.'};
    const size_t at = below(fuzz.size + 1), rest = fuzz.size - at;
    const uint8_t byte = (uint8_t)below(256);
    switch (below(9)) {
    case 0:
        if (rest > 0)
            fuzz.now[at] ^= (uint8_t)(1 << below(8));
        return;
    case 1:
        replace(at, rest > 0, &byte, 1);
        return;
    case 2:
        replace(at, 0, &edges[below(sizeof edges)], 1);
        return;
    case 3:
        replace(at, below((rest < 8 ? rest : 8) + 1), "", 0);
        return;
    case 4:
        replace(at, below(8) == 0 ? rest : 0, "", 0);
        return;
    case 5:
        repeat(at);
        return;
    case 6:
        put_other(at);
        return;
    default:
        put_word(at);
        return;
    }
}

static void draw_input(void)
{
    const input *from = &fuzz.pool[below((size_t)fuzz.count)];
    memcpy(fuzz.now, from->data, from->size);
    fuzz.size = from->size;
    for (size_t changes = 1 + below(6); changes > 0; changes--)
        change();
    if (below(16) == 0 && fuzz.size < 4096)
        keep();
}

/* ---- running --------------------------------------------------------------------------------- */

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* In memory of its own size, so that a byte too far is seen by the sanitizers. */
static void run_once(void)
{
    uint8_t *data = malloc(fuzz.size > 0 ? fuzz.size : 1);
    if (data == NULL)
        abort();
    memcpy(data, fuzz.now, fuzz.size);
    alarm(TOO_LONG_S);
    LLVMFuzzerTestOneInput(data, fuzz.size);
    alarm(0);
    free(data);
    fuzz.run++;
}

static bool run_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return false;
    }
    fuzz.size = fread(fuzz.now, 1, sizeof fuzz.now, file);
    fclose(file);
    run_once();
    return true;
}

static void run_seeds(void)
{
    for (int i = 0; i < fuzz.own; i++) {
        fuzz.size = fuzz.pool[i].size;
        memcpy(fuzz.now, fuzz.pool[i].data, fuzz.size);
        run_once();
    }
}

static int run_for(double seconds)
{
    const double end = now_s() + seconds;
    if (fuzz.count == 0)
        add_seed("", 0);
    run_seeds();
    while (now_s() < end) {
        draw_input();
        run_once();
    }
    printf("ok - %lu runs of seed %lu\n", fuzz.run, fuzz.seed);
    return 0;
}

static int run_files(int count, char **paths)
{
    bool good = true;
    for (int i = 0; i < count; i++)
        good &= run_file(paths[i]);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    double seconds = 2;
    int at = 1;
    fuzz.seed = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--seconds") == 0)
            seconds = atof(argv[at + 1]);
        else if (strcmp(argv[at], "--seed") == 0)
            fuzz.seed = strtoul(argv[at + 1], NULL, 10);
    }
    fuzz.state = fuzz.seed;
    fuzz.process = getpid();
    watch();
    fuzz_seeds(add_seed);
    const int status = at == argc ? run_for(seconds) : run_files(argc - at, argv + at);
    for (int i = 0; i < fuzz.count; i++)
        free(fuzz.pool[i].data);
    return status;
}
