/* What is known of MPI libraries' one-sided calls.
 *
 *   Open MPI 4, stock   MPI_Compare_and_swap crashes (osc/rdma), over TCP no window is made; its
 *                       components sm and pt2pt cure both, with threads up to SERIALIZED
 *   Open MPI 2, 3       the same components, never tried: msg
 *   all                 slow, or failing, at MPI_THREAD_MULTIPLE: msg, unless asked for
 *   others              the self-test decides */
#include "comm/window_choice.h"

#include "base/text.h"
#include "comm/window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char cure_variable[] = "OMPI_MCA_osc", cure[] = "sm,pt2pt";

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* In the list of components `osc` that are allowed, or not forbidden. */
static bool selected(const char *osc, const char *component)
{
    const bool forbidding = osc[0] == '^';
    char list[256];
    bool found = false;
    strncpy(list, osc + forbidding, sizeof list - 1);
    list[sizeof list - 1] = '\0';
    char *rest = NULL;
    for (char *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
        found = found || strcmp(word, component) == 0;
    return found != forbidding;
}

/* PARMAP_USAGE with the reason, when one-sided calls are known to fail. */
static parmap_status check_rma(const pm_topology *topology, const char *library,
                               pm_thread_level level)
{
    if (!begins(library, "Open MPI "))
        return PARMAP_OK;
    if (begins(library, "Open MPI 2.") || begins(library, "Open MPI 3."))
        return pm_fail(PARMAP_USAGE,
                       "the one-sided calls of %s are not known to work; "
                       "use PARMAP_WINDOW=msg",
                       library);
    if (!begins(library, "Open MPI 4."))
        return PARMAP_OK;
    const char *osc = getenv(cure_variable);
    if (!osc || selected(osc, "rdma"))
        return pm_fail(PARMAP_USAGE,
                       "MPI_Compare_and_swap of %s crashes with its component osc/rdma; "
                       "use PARMAP_WINDOW=msg, or set %s=%s before MPI_Init",
                       library, cure_variable, cure);
    if (topology->nodes > 1 && !selected(osc, "pt2pt") && !selected(osc, "ucx"))
        return pm_fail(PARMAP_USAGE,
                       "%s makes no window over several nodes with %s=%s; use PARMAP_WINDOW=msg, "
                       "or set it to %s",
                       library, cure_variable, osc, cure);
    if (level == PM_THREAD_MULTIPLE && selected(osc, "pt2pt"))
        return pm_fail(PARMAP_USAGE,
                       "osc/pt2pt of %s makes no window at MPI_THREAD_MULTIPLE; use "
                       "PARMAP_WINDOW=msg, or initialise MPI with MPI_THREAD_SERIALIZED",
                       library);
    return PARMAP_OK;
}

parmap_status pm_window_choose(const pm_topology *topology, const char *library,
                               pm_thread_level level, const char *asked, pm_window_choice *choice)
{
    static const char *const names[] = {"shm", "rma", "msg"};
    const bool one_node = topology->nodes == 1;
    *choice = (pm_window_choice){{one_node, false, true}};
    if (*asked == '\0') {
        choice->allowed[1] =
            level != PM_THREAD_MULTIPLE && check_rma(topology, library, level) == PARMAP_OK;
        return PARMAP_OK;
    }
    for (int i = 0; i < 3; i++)
        choice->allowed[i] = strcmp(asked, names[i]) == 0;
    if (choice->allowed[0] && !one_node)
        return pm_fail(PARMAP_USAGE,
                       "PARMAP_WINDOW=shm needs all ranks on one node, and they are on %d; "
                       "use rma or msg, or leave it out",
                       topology->nodes);
    if (choice->allowed[1])
        return check_rma(topology, library, level);
    if (!choice->allowed[0] && !choice->allowed[2])
        return pm_fail(PARMAP_USAGE, "PARMAP_WINDOW is \"%s\"; it can be shm, rma or msg", asked);
    return PARMAP_OK;
}

const char *pm_window_cure(const char *library)
{
    if (!begins(library, "Open MPI 4.") || getenv(cure_variable))
        return NULL;
    setenv(cure_variable, cure, 0);
    return "OMPI_MCA_osc=sm,pt2pt";
}

/* ---- what the user wishes -------------------------------------------------------------------- */

static const int64_t default_heap = (int64_t)64 << 20, least_heap = (int64_t)64 << 10;
static const int64_t most_heap = (int64_t)1 << 46;

static parmap_status read_heap(int64_t *bytes)
{
    const char *text = getenv("PARMAP_HEAP");
    *bytes = default_heap;
    if (!text || !*text)
        return PARMAP_OK;
    if (pm_parse_bytes(text, bytes) != PARMAP_OK || *bytes < least_heap || *bytes > most_heap)
        return pm_fail(
            PARMAP_USAGE,
            "PARMAP_HEAP is \"%s\"; it is the size of each rank's heap, from 64K to 64T: "
            "64M, 2G",
            text);
    return PARMAP_OK;
}

parmap_status pm_window_read_wish(pm_window_wish *wish)
{
    const char *backend = getenv("PARMAP_WINDOW");
    PM_TRY(read_heap(&wish->bytes));
    if (backend && strlen(backend) >= sizeof wish->backend)
        return pm_fail(PARMAP_USAGE, "PARMAP_WINDOW is \"%s\"; it can be shm, rma or msg", backend);
    snprintf(wish->backend, sizeof wish->backend, "%s", backend ? backend : "");
    return PARMAP_OK;
}
