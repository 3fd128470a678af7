/* Numbers that users set before a run, --param sigma=0.3: read against a kernel's table, sent to
 * other ranks, stored where the kernel reads them. */
#ifndef PM_WORK_PARAMETERS_H
#define PM_WORK_PARAMETERS_H

#include "base/types.h"

enum { PM_PARAMETERS = 32, PM_PARAMETER_NAME = 32 };
enum { PM_LIMITS_TEXT = 2 * PM_VALUE_TEXT + 16 };
enum { PM_PARAMETERS_TEXT = PM_PARAMETERS * (PM_PARAMETER_NAME + PM_VALUE_TEXT + 4) };

typedef struct pm_parameter {
    char name[PM_PARAMETER_NAME];
    parmap_type type;
    _Alignas(16) unsigned char value[16]; /* of that type, from the first byte on */
} pm_parameter;

/* All of a kernel, in the order of its table.  Plain data: it travels. */
typedef struct pm_parameters {
    int count;
    pm_parameter items[PM_PARAMETERS];
} pm_parameters;

/* PARMAP_USAGE for a table that its author has to correct. */
parmap_status pm_parameters_check(const parmap_kernel *kernel);

/* What the user gave, `count` texts "NAME=VALUE", and the kernel's own values for the rest: before
 * pm_parameters_apply, these are the defaults.  PARMAP_USAGE for a name that the kernel does not
 * have, or that is given twice, and for what is no value of the type within the limits. */
parmap_status pm_parameters_read(const parmap_kernel *kernel, const char *const *texts, int count,
                                 pm_parameters *parameters);

/* Stores them in the kernel, this rank's copy.  Before any thread calls it.  PARMAP_BAD_DATA when
 * they are another kernel's. */
parmap_status pm_parameters_apply(const parmap_kernel *kernel, const pm_parameters *parameters);

/* "sigma=0.3, order=2"; "" when there are none.  Returns `text`. */
char *pm_parameters_format(char text[PM_PARAMETERS_TEXT], const pm_parameters *parameters);

/* The value of an entry as it is now, and its limits: "0 to 100", "at least 0", "at most 100"; ""
 * where its type is the only one.  Both return `text`. */
char *pm_parameter_format_value(char text[PM_VALUE_TEXT], const parmap_parameter *parameter);
char *pm_parameter_format_limits(char text[PM_LIMITS_TEXT], const parmap_parameter *parameter);

#endif
