/* Numbers in a formula: 12, 1_000, 0xff, 0b101, 1.5, 2e-3, 0x1p-3. */
#ifndef PM_FORMULA_LEX_NUMBER_H
#define PM_FORMULA_LEX_NUMBER_H

#include "formula/lex.h"

/* Reads the number at the word's place; whole numbers keep 128 bits.  PARMAP_USAGE when it does not
 * fit, or is followed by letters. */
parmap_status pm_lex_number(pm_word *word);

#endif
