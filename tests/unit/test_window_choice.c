/* Which window backends are tried where, without any of them. */
#include "comm/window_choice.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static const char stock[] = "Open MPI 4.1.4";
static pm_thread_level level = PM_THREAD_SERIALIZED;

/* "shm rma msg" and so on: what is allowed; or the error. */
static const char *choice(int nodes, const char *library, const char *osc, const char *asked)
{
    static char text[32];
    const pm_topology topology = {.size = 4, .nodes = nodes};
    pm_window_choice chosen;
    if (osc)
        setenv("OMPI_MCA_osc", osc, 1);
    else
        unsetenv("OMPI_MCA_osc");
    if (pm_window_choose(&topology, library, level, asked, &chosen) != PARMAP_OK)
        return parmap_message();
    text[0] = '\0';
    for (int i = 0; i < 3; i++)
        if (chosen.allowed[i])
            strcat(strcat(text, *text ? " " : ""), ((const char *[]){"shm", "rma", "msg"})[i]);
    return text;
}

static void by_itself(void)
{
    CHECK_TEXT(choice(1, "MPICH 4.0.2", NULL, ""), "shm rma msg");
    CHECK_TEXT(choice(3, "MPICH 4.0.2", NULL, ""), "rma msg");
    CHECK_TEXT(choice(1, stock, NULL, ""), "shm msg"); /* compare-and-swap crashes */
    CHECK_TEXT(choice(3, stock, NULL, ""), "msg");
    CHECK_TEXT(choice(3, stock, "sm,pt2pt", ""), "rma msg");
    CHECK_TEXT(choice(1, stock, "sm", ""), "shm rma msg");
    CHECK_TEXT(choice(2, stock, "sm", ""), "msg"); /* no window over TCP */
    CHECK_TEXT(choice(2, stock, "^rdma", ""), "rma msg");
    CHECK_TEXT(choice(2, stock, "^ucx,pt2pt", ""), "msg");
    CHECK_TEXT(choice(2, "Open MPI 3.1.6", "sm,pt2pt", ""), "msg");
    CHECK_TEXT(choice(2, "Open MPI 5.0.1", NULL, ""), "rma msg");
}

static void as_asked(void)
{
    CHECK_TEXT(choice(1, stock, NULL, "shm"), "shm");
    CHECK_TEXT(choice(1, stock, NULL, "msg"), "msg");
    CHECK_TEXT(choice(2, stock, "sm,pt2pt", "rma"), "rma");
    CHECK_HOLDS(choice(2, stock, NULL, "shm"), "needs all ranks on one node");
    CHECK_HOLDS(choice(1, stock, NULL, "rma"), "OMPI_MCA_osc=sm,pt2pt");
    CHECK_HOLDS(choice(2, stock, "sm", "rma"), "over several nodes");
    CHECK_HOLDS(choice(1, "Open MPI 3.1.6", NULL, "rma"), "PARMAP_WINDOW=msg");
    CHECK_HOLDS(choice(1, stock, NULL, "ucx"), "it can be shm, rma or msg");
}

/* The program initialised MPI at the highest level. */
static void threads(void)
{
    level = PM_THREAD_MULTIPLE;
    CHECK_TEXT(choice(3, "MPICH 4.0.2", NULL, ""), "msg");
    CHECK_TEXT(choice(1, stock, "sm,pt2pt", ""), "shm msg");
    CHECK_TEXT(choice(3, "MPICH 4.0.2", NULL, "rma"), "rma");
    CHECK_HOLDS(choice(3, stock, "sm,pt2pt", "rma"), "MPI_THREAD_SERIALIZED");
    level = PM_THREAD_SERIALIZED;
}

/* Set for the one library that needs it, where the user has set nothing. */
static void cure(void)
{
    unsetenv("OMPI_MCA_osc");
    CHECK_TEXT(pm_window_cure("MPICH 4.0.2"), NULL);
    CHECK_TEXT(pm_window_cure("Open MPI 5.0.1"), NULL);
    CHECK_TEXT(getenv("OMPI_MCA_osc"), NULL);
    CHECK_TEXT(pm_window_cure(stock), "OMPI_MCA_osc=sm,pt2pt");
    CHECK_TEXT(getenv("OMPI_MCA_osc"), "sm,pt2pt");
    setenv("OMPI_MCA_osc", "ucx", 1);
    CHECK_TEXT(pm_window_cure(stock), NULL);
    CHECK_TEXT(getenv("OMPI_MCA_osc"), "ucx");
}

int main(void)
{
    static const check_case cases[] = {
        {"window choice: by itself", by_itself},
        {"window choice: as asked", as_asked},
        {"window choice: threads", threads},
        {"window choice: the cure", cure},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
