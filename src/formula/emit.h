/* A bound formula as C: the source of a shared object with its kernel. */
#ifndef PM_FORMULA_EMIT_H
#define PM_FORMULA_EMIT_H

#include "formula/bound.h"

/* As pm_formula_emit(). */
parmap_status pm_emit_source(const struct pm_formula *formula, char **source);

#endif
