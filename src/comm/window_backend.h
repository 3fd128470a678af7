/* What a window backend is: a const struct of functions.  window.c chooses one; only it and the
 * backends see this header. */
#ifndef PM_COMM_WINDOW_BACKEND_H
#define PM_COMM_WINDOW_BACKEND_H

#include "comm/window.h"

typedef struct pm_backend {
    const char *name;

    /* Collective.  Before the first space and after the last; may be NULL. */
    parmap_status (*start)(void);
    parmap_status (*stop)(void);

    /* Collective.  Memory for pm_spaces[space], whose bytes and ranks are set; fills in base. */
    parmap_status (*open)(uint32_t space);
    parmap_status (*close)(uint32_t space);

    /* Local.  This rank's own segment, as plain memory. */
    void *(*own)(uint32_t space);

    /* Local.  Memory behind the first bytes of this rank's segment; may be NULL. */
    parmap_status (*reserve)(uint32_t space, uint64_t first, uint64_t bytes);

    /* The verbs on live memory that has no base; NULL when all has. */
    parmap_status (*word)(pm_ref ref, uint64_t at, pm_word_op op, int width, uint64_t a, uint64_t b,
                          uint64_t *old);
    parmap_status (*get)(pm_ref ref, uint64_t at, int width, void *data, size_t bytes);
    parmap_status (*put)(pm_ref ref, uint64_t at, int width, const void *data, size_t bytes);
    parmap_status (*wait)(pm_ref ref, uint64_t at, uint32_t expected, double seconds,
                          bool *timed_out);
    parmap_status (*wake)(pm_ref ref, uint64_t at, int count);

    /* Local.  One look at what has arrived; whether there was something.  NULL: nothing arrives. */
    bool (*progress)(void);

    /* Local.  Makes plain stores to own segments and those of others meet; NULL: they do. */
    parmap_status (*sync)(void);
} pm_backend;

extern const pm_backend pm_backend_shm, pm_backend_rma, pm_backend_msg;

/* What the backends know of the job. */
typedef struct pm_job {
    pm_world world;
    pm_topology topology;
    bool own_thread; /* MPI's thread level lets a thread of ours poll */
} pm_job;

extern __attribute__((visibility("hidden"))) pm_job pm_the_job;

/* Whether this job has more to run than cores: who spins there takes the core from the one that it
 * waits for. */
bool pm_crowded(void);

/* Why there is nothing at ref; PARMAP_STALE or PARMAP_USAGE. */
parmap_status pm_refuse_ref(pm_ref ref);

/* Elements of `width` bytes, untorn, with acquire (get) or release (put). */
void pm_copy_from_words(void *data, const void *words, int width, size_t bytes);
void pm_copy_to_words(void *words, const void *data, int width, size_t bytes);

#endif
