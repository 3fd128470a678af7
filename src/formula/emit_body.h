/* The body of a formula in C: the statements that compute its results from its inputs. */
#ifndef PM_FORMULA_EMIT_BODY_H
#define PM_FORMULA_EMIT_BODY_H

#include "formula/emitter.h"

/* Statements from the input `x` to *y: lets, results. */
void pm_emit_body(pm_emitter *e);

#endif
