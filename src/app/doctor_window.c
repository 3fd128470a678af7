/* How ranks reach each other's memory, whether that works, and how fast: also while the other one
 * computes. */
#include "app/doctor.h"

#include "base/text.h"
#include "comm/window_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_SAMPLES = 201, WARM_UP = 10, DIRECT_ADDS = 100 };
static const double measure_s = 0.25; /* of one series at most, and of one add more */
static const double busy_s = 0.3, ahead_s = 0.02;
static const double stalled_s = 0.05; /* an add that waits longer than this waits for the other */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Seconds of one atomic add to a rank: the median of many.  By memory it is too short for the
 * clock, so a hundred are timed at once. */
static parmap_status time_adds(int rank, double *median)
{
    const pm_ref ref = pm_head_ref((uint32_t)rank);
    const int adds = pm_direct(ref) ? DIRECT_ADDS : 1;
    double samples[MOST_SAMPLES];
    int count = 0;
    const double end = pm_now() + measure_s;
    do {
        const double began = pm_now();
        for (int i = 0; i < adds; i++)
            PM_TRY(pm_add(ref, PM_HEAD_TEST, 1, NULL));
        samples[count++] = (pm_now() - began) / adds;
    } while (count < MOST_SAMPLES && pm_now() < end);
    qsort(samples, (size_t)count, sizeof *samples, by_size);
    *median = samples[count / 2];
    return PARMAP_OK;
}

/* Makes no call of MPI: what comes for this rank meanwhile is somebody else's to answer. */
static void compute(double seconds)
{
    const double end = pm_now() + seconds;
    while (pm_now() < end)
        continue;
}

typedef struct latency {
    double own, other, busy;
} latency;

/* Between barriers; who has nothing to measure serves. */
static parmap_status measure(pm_doctor *doctor, int other, latency *l)
{
    const int rank = doctor->world.rank;
    parmap_status status = PARMAP_OK;
    PM_TRY(pm_barrier(&doctor->world, doctor->idle));
    if (rank == 0) {
        for (int i = 0; i < WARM_UP && status == PARMAP_OK; i++)
            status = pm_add(pm_head_ref((uint32_t)other), PM_HEAD_TEST, 1, NULL);
        if (status == PARMAP_OK && (status = time_adds(0, &l->own)) == PARMAP_OK)
            status = time_adds(other, &l->other);
    }
    PM_TRY(pm_agree(&doctor->world, status, doctor->idle));
    if (other == 0)
        return PARMAP_OK;
    if (rank == other)
        compute(busy_s);
    if (rank == 0) {
        usleep((useconds_t)(ahead_s * 1e6));
        status = time_adds(other, &l->busy);
    }
    return pm_agree(&doctor->world, status, doctor->idle);
}

/* The first on another node, else the next one; 0 = there is none. */
static int partner(const pm_doctor *doctor)
{
    for (int r = 1; r < doctor->world.size && doctor->topology.nodes > 1; r++)
        if (strcmp(doctor->hosts[r].name, doctor->hosts[0].name) != 0)
            return r;
    return doctor->world.size > 1;
}

/* Why it is this backend; `message` is what was refused or failed before. */
static void explain(const pm_doctor *doctor, const pm_window_wish *wish, const char *message,
                    char why[512])
{
    if (wish->backend[0])
        snprintf(why, 512, "as PARMAP_WINDOW says");
    else if (strcmp(pm_window_name(), "shm") == 0)
        snprintf(why, 512, "all ranks on one node");
    else if (strcmp(pm_window_name(), "rma") == 0)
        snprintf(why, 512, "ranks on %d nodes, one-sided calls of MPI", doctor->topology.nodes);
    else
        snprintf(why, 512, "messages, since %s",
                 message[0] ? message : "one-sided calls do not work here");
}

static void say_latency(pm_doctor *doctor, const char *why, int other, const latency *l)
{
    char own[PM_NUMBER_TEXT], far[PM_NUMBER_TEXT], busy[PM_NUMBER_TEXT];
    pm_format_time(own, l->own);
    pm_format_time(far, l->other);
    pm_format_time(busy, l->busy);
    if (other == 0)
        pm_doctor_say(doctor, PM_FINE, "%s (%s): works; an atomic add takes %s", pm_window_name(),
                      why, own);
    else if (l->busy < stalled_s)
        pm_doctor_say(
            doctor, PM_FINE,
            "%s (%s): works; an atomic add takes %s, to rank %d on %s %s, and %s while that "
            "rank computes",
            pm_window_name(), why, own, other, pm_window_node((uint32_t)other), far, busy);
    else
        pm_doctor_say(
            doctor, PM_WARNING,
            "%s (%s): an atomic add takes %s, to rank %d on %s %s, but %s while that rank "
            "computes: nobody answers for it; use fewer threads than cores, or try "
            "PARMAP_WINDOW=msg",
            pm_window_name(), why, own, other, pm_window_node((uint32_t)other), far, busy);
}

static parmap_status close_window(pm_doctor *doctor)
{
    PM_TRY(pm_barrier(&doctor->world, doctor->idle));
    pm_window_begin_closing();
    PM_TRY(pm_agree(&doctor->world, PARMAP_OK, doctor->idle));
    doctor->idle = NULL;
    return pm_window_close();
}

parmap_status pm_doctor_window(pm_doctor *doctor)
{
    pm_window_wish wish = {.bytes = 0};
    latency l = {.own = 0};
    char why[512];
    const int other = partner(doctor);
    parmap_status status = doctor->world.rank == 0 ? pm_window_read_wish(&wish) : PARMAP_OK;
    status = pm_agree(&doctor->world, status, NULL);
    if (status == PARMAP_OK) {
        PM_TRY(pm_broadcast(&doctor->world, &wish, sizeof wish, NULL));
        pm_message_clear(); /* what stands there afterwards is why it is not the first choice */
        status = pm_window_open(&doctor->world, &doctor->topology, doctor->hosts, true, &wish);
    }
    if (status != PARMAP_OK) {
        pm_doctor_say(doctor, PM_WRONG, "%s", parmap_message());
        return PARMAP_OK;
    }
    explain(doctor, &wish, parmap_message(), why);
    doctor->idle = pm_window_idle();
    status = measure(doctor, other, &l);
    if (status == PARMAP_OK)
        say_latency(doctor, why, other, &l);
    else
        pm_doctor_say(doctor, PM_WRONG, "%s (%s): %s; set PARMAP_WINDOW=msg", pm_window_name(), why,
                      parmap_message());
    return close_window(doctor);
}
