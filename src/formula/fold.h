/* Arithmetic of whole constants, exact in 128 bits, while a formula is read. */
#ifndef PM_FORMULA_FOLD_H
#define PM_FORMULA_FOLD_H

#include "formula/tree.h"

/* Whether the operation of a node whose children are whole constants is one of theirs; then *node
 * becomes the constant.  PARMAP_USAGE at the node's place when the value does not exist or does not
 * fit 128 bits. */
parmap_status pm_fold_unary(pm_node *node, const pm_node *a);
parmap_status pm_fold_binary(pm_node *node, const pm_node *a, const pm_node *b);

/* base ** exponent, for exponents from 0 on; false when it does not fit 128 bits. */
bool pm_fold_power(parmap_int128 base, parmap_int128 exponent, parmap_int128 *result);

#endif
