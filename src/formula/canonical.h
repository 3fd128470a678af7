/* A formula in one line, the same however it was spaced. */
#ifndef PM_FORMULA_CANONICAL_H
#define PM_FORMULA_CANONICAL_H

#include "formula/parts.h"

/* "a=x*x, b=x/r where r=sqrt(x*x+y*y), k=2.5": the results, and the definitions they use.  The
 * caller frees it.  PARMAP_SYSTEM without memory. */
parmap_status pm_canonical_text(const pm_parts *parts, char **text);

#endif
