/* parmap doctor: what can be wrong before a long run.  doctor.c has the table of checks; this is
 * what the checks share. */
#ifndef PM_APP_DOCTOR_H
#define PM_APP_DOCTOR_H

#include "app/plan.h"
#include "comm/launcher.h"
#include "comm/topology.h"
#include "comm/window.h"

/* `wrong`: a run would fail.  `warning`: it would be slow, or stop before its end. */
typedef enum pm_verdict { PM_FINE, PM_WARNING, PM_WRONG, PM_VERDICTS } pm_verdict;

typedef struct pm_doctor {
    const char *check; /* the name of the one that runs */
    int found[PM_VERDICTS];
    pm_launcher launcher;
    pm_world world;
    pm_topology topology;
    pm_host *hosts;       /* of all ranks */
    int threads;          /* that were asked for; 0 = auto */
    char output[PM_PATH]; /* file or folder, as given; "" = none */
    char folder[PM_PATH]; /* of the output, absolute; "" = there is none that can be used */
    int64_t folder_free;  /* bytes there, on rank 0 */
    char slurm_job[4096]; /* what scontrol says of this job, on rank 0; "" = nothing */
    double slurm_left_s;  /* until its end, on rank 0; INFINITY = not known */
    const pm_idle *idle;  /* for the collectives */
} pm_doctor;

/* ---- what the checks say --------------------------------------------------------------------- */

/* Local, heard from rank 0 only.  One finding of the check that runs: what was found and, unless it
 * is PM_FINE, what to do about it. */
void pm_doctor_say(pm_doctor *doctor, pm_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Local.  A finding as it is printed, into `line` of so many bytes; returns its length. */
size_t pm_doctor_format(char *line, size_t bytes, pm_verdict verdict, const char *check,
                        const char *text);

/* "h1, h2, h3 and 5 more" */
typedef struct pm_names {
    char text[256];
    size_t length; /* without "and 5 more" */
    int count;
} pm_names;

void pm_names_add(pm_names *names, const char *name);

/* "s", unless it is one. */
const char *pm_plural(int64_t count);

/* Seconds, "12 ns" to "1.50 s"; bytes, "64.0 MiB".  `text` has PM_NUMBER_TEXT bytes; returns it. */
char *pm_format_time(char *text, double seconds);
char *pm_format_bytes(char *text, int64_t bytes);

/* ---- what they need -------------------------------------------------------------------------- */

/* Collective.  (*all)[rank] = what that rank has measured, on rank 0, to be freed; NULL elsewhere.
 */
parmap_status pm_doctor_gather(pm_doctor *doctor, const void *mine, size_t bytes, void *all);

/* Whether this rank is the lowest of its node. */
bool pm_doctor_leads(const pm_doctor *doctor);

/* ---- the checks ------------------------------------------------------------------------------ */

/* Collective, each.  What is found is said; the status is of the communication alone. */
parmap_status pm_doctor_mpi(pm_doctor *doctor);
parmap_status pm_doctor_nodes(pm_doctor *doctor);
parmap_status pm_doctor_cores(pm_doctor *doctor);
parmap_status pm_doctor_memory(pm_doctor *doctor);
parmap_status pm_doctor_shm(pm_doctor *doctor);
parmap_status pm_doctor_limits(pm_doctor *doctor);
parmap_status pm_doctor_hdf5(pm_doctor *doctor);
parmap_status pm_doctor_folder(pm_doctor *doctor);
parmap_status pm_doctor_shared(pm_doctor *doctor);
parmap_status pm_doctor_locks(pm_doctor *doctor);
parmap_status pm_doctor_speed(pm_doctor *doctor);
parmap_status pm_doctor_clock(pm_doctor *doctor);
parmap_status pm_doctor_slurm(pm_doctor *doctor);
parmap_status pm_doctor_window(pm_doctor *doctor);

/* Local, before MPI starts.  False, and it is said, when MPI must not be started. */
bool pm_doctor_libraries_agree(pm_doctor *doctor);
bool pm_doctor_limits_suffice(pm_doctor *doctor);

/* Local, before MPI starts.  Says what may end the start. */
void pm_doctor_warn_of_shm(pm_doctor *doctor);

/* Local, before MPI starts, by the process that will be rank 0. */
void pm_doctor_ask_slurm(pm_doctor *doctor);

/* Local.  Removes the test file, should it be there. */
void pm_doctor_clean(void);

#endif
