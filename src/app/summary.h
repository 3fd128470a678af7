/* What a run came to, on stdout: as text for people, or as one JSON object. */
#ifndef PM_APP_SUMMARY_H
#define PM_APP_SUMMARY_H

#include "app/plan.h"

enum { PM_SUMMARY_WORD = 32 };

typedef struct pm_summary {
    const char *program;
    const char *status; /* "complete", "already complete", "verified", "stopped" */
    const char *kernel;
    const char *formula;    /* NULL = none */
    const char *arithmetic; /* "proved", "checked", or "" */
    const pm_plan *plan;
    const pm_topology *topology;
    int64_t items;  /* that were done, */
    int64_t before; /* and how many of them by earlier attempts */
    int64_t failed; /* of these */
    double seconds; /* 0 = nothing was run */
    double balance;
    bool has_checksum;
    uint64_t checksum;
    const char *min, *max, *sum; /* NULL = not known */
    const char *output;          /* as the user named it; NULL = none */
    const char *dataset;
} pm_summary;

/* Local, rank 0.  PARMAP_WRITE_ERROR when stdout takes it not. */
parmap_status pm_summary_print(const pm_summary *summary, pm_summary_kind kind);

#endif
