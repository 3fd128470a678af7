/* What makes two runs the same run, as a text: "kernel cube version 0, range 1..10, type int64,
 * data set cubes, probe 12ab". */
#ifndef PM_STORE_IDENTITY_H
#define PM_STORE_IDENTITY_H

#include "store/file.h"

enum { PM_IDENTITY = 1216 };

/* Returns `text`. */
char *pm_identity(char text[PM_IDENTITY], const pm_file *file);

/* The probe alone. */
const char *pm_identity_probe(const char *text);

/* Are they the same run?  The results of probed items that failed in either, "-" in a probe, are
 * not compared. */
bool pm_identity_agree(const char *a, const char *b);

/* "range 1..10, not 1..20": the parts in which they differ, but for the probe, which no person can
 * read.  Returns `list`. */
char *pm_identity_differences(char *list, size_t room, const char *there, const char *wanted);

#endif
