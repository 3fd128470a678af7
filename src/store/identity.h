/* What makes two runs the same run, as a text: "cube version 0, range 1..10, int64, data set cubes,
 * probe 12ab". */
#ifndef PM_STORE_IDENTITY_H
#define PM_STORE_IDENTITY_H

#include "store/file.h"

enum { PM_IDENTITY = 1024 };

/* Returns `text`. */
char *pm_identity(char text[PM_IDENTITY], const pm_file *file);

/* The part that a person reads: its length.  Behind it follows the probe. */
int pm_identity_readable(const char *text);

/* The probe alone. */
const char *pm_identity_probe(const char *text);

/* Are they the same run?  The results of probed items that failed in either, "-" in a probe, are
 * not compared. */
bool pm_identity_agree(const char *a, const char *b);

#endif
