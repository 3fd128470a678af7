/* What a run maps, and over what: the kernel and where it comes from, its parameters, and the data
 * sets that its inputs are read from. */
#ifndef PM_APP_MAPPING_H
#define PM_APP_MAPPING_H

#include "app/settings.h"
#include "comm/world.h"
#include "store/input.h"
#include "store/record.h"
#include "work/module.h"
#include "work/parameters.h"

/* Where the kernel comes from. */
typedef struct pm_origin {
    const parmap_kernel *linked; /* to the program; NULL = what the words say: */
    char *const *words;          /* the name of a file with kernels, or formulas */
    int count;
} pm_origin;

/* What other ranks have to be told besides the plan.  Plain data; it travels with the plan. */
typedef struct pm_mapping_head {
    size_t object_bytes;  /* of a shared object; 0 = the kernel is linked to the program */
    size_t columns_bytes; /* 0 = the inputs are a range */
    int kernel;           /* which of the shared object */
    pm_parameters parameters;
} pm_mapping_head;

typedef struct pm_mapping {
    const parmap_kernel *kernel; /* NULL until it is there */
    parmap_type type;            /* of its inputs */
    pm_mapping_head head;
    pm_bytes object;
    pm_module module;
    pm_columns *columns; /* NULL = the inputs are a range */
    pm_columns_reader *reader;
    parmap_status ready; /* why this rank cannot map, with the message */
    char failure[1024];
} pm_mapping;

/* Local, rank 0, before MPI starts: looks at the inputs, compiles or loads the kernel, sets its
 * parameters, and finds the type of inputs for which it is run.  All errors of the user's are found
 * here. */
parmap_status pm_mapping_make(pm_mapping *mapping, const pm_origin *origin,
                              const pm_settings *settings);

/* Local.  The shared object alone, for another time. */
parmap_status pm_mapping_compile(const pm_origin *origin, const pm_settings *settings,
                                 pm_bytes *object);

/* Collective.  From rank 0 to all, as the head says, which they have.  What keeps a rank from
 * mapping is in `ready`; a status other than PARMAP_OK is of MPI. */
parmap_status pm_mapping_share(pm_mapping *mapping, const pm_origin *origin, const pm_world *world);

/* Local, before an output is created.  PARMAP_USAGE when it is one of the inputs. */
parmap_status pm_mapping_check_output(const pm_mapping *mapping, const char *output);

/* Local.  Whether the data sets are still as they were looked at. */
parmap_status pm_mapping_check_inputs(const pm_mapping *mapping);

/* Local.  The input of an item of a run over the range, or over rows of that range, as text.
 * Returns `text`. */
char *pm_mapping_input(char *text, size_t room, const pm_mapping *mapping, const pm_range *range,
                       int64_t item);

/* Local.  Puts what tells this mapping from others into the attributes of a data set. */
void pm_mapping_describe(const pm_mapping *mapping, const pm_range *range, pm_record *data);

/* Local.  What keeps integer results from overflowing: "proved", "checked", or "" where nothing has
 * to. */
const char *pm_mapping_arithmetic(const pm_mapping *mapping, const pm_range *range);

void pm_mapping_close(pm_mapping *mapping);

#endif
