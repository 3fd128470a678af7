/* Text -> tree.  The grammar is that of expressions in C, without what has a side effect, and with
 * ** for powers, which binds as in Python: -x**2 = -(x**2), 2**3**2 = 2**9. */
#ifndef PM_FORMULA_PARSE_H
#define PM_FORMULA_PARSE_H

#include "formula/parts.h"

/* Whether a text is `name = expression`, and its name.  PARMAP_USAGE for a name that cannot be. */
parmap_status pm_parse_head(const pm_script *script, char name[PM_LAYOUT_NAME], int *at);

/* Reads the expression that begins at byte `at` of a text, to its end.  Names that are
 * no definitions before `definitions`, constants or functions become inputs.  PARMAP_USAGE, at the
 * place, for what is wrong. */
parmap_status pm_parse_expression(pm_parts *parts, const pm_script *script, int at, int definitions,
                                  int *root);

#endif
