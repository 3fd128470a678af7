/* What the tests of processes share: they begin with parmap_serve, so that rank 0 alone runs the
 * cases.  Checks may fail in processes on any rank: the program fails then, too. */
#ifndef SERVED_H
#define SERVED_H

#include "shared/shared.h"

static bool served_is_main;

static inline void served_serve(void)
{
    served_is_main = parmap_serve();
}

static inline int served_main(int argc, char **argv, const check_case *cases, size_t count)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    check_set_rank(parmap_rank());
    int code = check_main(&(const check_case){"serving", served_serve}, 1);
    if (served_is_main && check_main(cases, count) != 0)
        code = 1;
    const int finish_code = parmap_finish();
    return code != 0 ? code : finish_code;
}

#define SERVED_MAIN(cases)                                                                         \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return served_main(argc, argv, cases, sizeof cases / sizeof *cases);                       \
    }

/* Starts function(&argument). */
#define START(process, function, argument)                                                         \
    CHECK_OK(parmap_process_start((process), (function), &(argument), sizeof(argument)))

/* Waits for its end; its exit code. */
static inline int served_join(parmap_process *process)
{
    CHECK_OK(parmap_process_join(process, shared_long_s));
    return process->exit_code;
}

#endif
