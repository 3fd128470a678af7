/* A bound formula, as the C writer sees it. */
#ifndef PM_FORMULA_BOUND_H
#define PM_FORMULA_BOUND_H

#include "formula/parts.h"

/* Which body a table of loops gets. */
typedef enum pm_body { PM_BODY_NONE, PM_BODY_PLAIN, PM_BODY_CHECKED } pm_body;

struct pm_formula {
    pm_parts parts;
    bool typed;
    parmap_type type; /* of --type, PARMAP_TYPES without */
    char *text;
    bool bound;
    pm_layout input, result;
    parmap_domain domain;
    bool proved;
    pm_body spans, arrays;                 /* the loops for inputs within the domain, */
    pm_body checked_spans, checked_arrays; /* and those for others */
};

/* Sets the domain, what is proved, and the bodies. */
void pm_bound_decide(struct pm_formula *formula, bool range, bool known, parmap_domain used);

#endif
