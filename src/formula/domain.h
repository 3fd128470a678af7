/* The inputs for which a formula is proved. */
#ifndef PM_FORMULA_DOMAIN_H
#define PM_FORMULA_DOMAIN_H

#include "formula/parts.h"

/* No number lies in it. */
#define PM_DOMAIN_EMPTY ((parmap_domain){1, 0})

static inline bool pm_domain_is_empty(parmap_domain domain)
{
    return domain.min > domain.max;
}

static inline bool pm_domain_covers(parmap_domain domain, parmap_domain other)
{
    return domain.min <= other.min && domain.max >= other.max;
}

/* Of a formula with one input, a whole number: an interval of inputs for which it is proved, and
 * which does not grow at either end; or the empty one.  Of several, that which has most of `used`
 * in common. */
parmap_domain pm_domain_find(const pm_parts *parts, parmap_domain used);

#endif
