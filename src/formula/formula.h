/* The front end of formulas: text -> checked, typed, and written as C with the loops of a kernel.
 *
 *     pm_formula_parse     finds every mistake in the text
 *     pm_formula_bind      says what the names are; types, domain, notes are known from here on
 *     pm_formula_emit      the C source, for a compiler to make a shared object of
 *
 * All calls are Local, and as cheap on every rank. */
#ifndef PM_FORMULA_FORMULA_H
#define PM_FORMULA_FORMULA_H

#include "base/layout.h"

typedef struct pm_formula pm_formula;

/* What the user wrote.  The texts must last as long as the formula. */
typedef struct pm_formula_request {
    const char *const *formulas; /* "x*x", or "name = x*x"; several, or named ones, make a record */
    int formula_count;
    const char *const *lets; /* "r = sqrt(x*x + y*y)"; each may use those before it */
    int let_count;
    const char *const *constants; /* "k = 2.5"; may use those before it, but no input */
    int constant_count;
    bool typed; /* --type was given: */
    parmap_type type;
} pm_formula_request;

/* PARMAP_USAGE for a mistake, with a message of two lines that shows it:
 *
 *     formula: x*yy(2)
 *                ^~ there is no function yy; write y0
 *
 * The message begins with "formula", "formula 2", "--let" or "--param". */
parmap_status pm_formula_parse(const pm_formula_request *request, pm_formula **formula);

void pm_formula_free(pm_formula *formula); /* or NULL */

/* The free names, in the order of their appearance: the inputs. */
int pm_formula_name_count(const pm_formula *formula);
const char *pm_formula_name(const pm_formula *formula, int index);

/* Data that comes in under a name. */
typedef struct pm_formula_input {
    const char *name; /* NULL: the formula's only free name */
    parmap_type type; /* of a number */
    int64_t elements; /* numbers in one item; 1 = a number, more = a row */
    int rank;         /* dimensions of a row; 0 = one, or none of a number */
    int64_t extent[PARMAP_RANK];
} pm_formula_input;

typedef struct pm_formula_inputs {
    const pm_formula_input *data; /* data sets; none = a range */
    int count;
    bool known; /* of a range: its ends, both included; else it may be any */
    parmap_int128 first, last;
} pm_formula_inputs;

/* Says what the free names are; once.  PARMAP_USAGE, with the place where there is one, for names
 * without data and data without name, for more than one name over a range, for operations that the
 * types do not have. */
parmap_status pm_formula_bind(pm_formula *formula, const pm_formula_inputs *inputs);

/* ---- of a bound formula ---------------------------------------------------------------------- */

/* An item that comes in: a number, a row, or a record of the names in their order. */
const pm_layout *pm_formula_input_layout(const pm_formula *formula);

/* A result: a number, or a record. */
const pm_layout *pm_formula_result_layout(const pm_formula *formula);

/* Inputs for which no value can overflow and the like.  Of rows and records all of int128 when that
 * is proved, else, as for numbers with none, an empty one (min > max). */
parmap_domain pm_formula_domain(const pm_formula *formula);

/* Whether that is so for all the inputs there are: the range, or all values of the data's types.
 * Otherwise it is found out item by item. */
bool pm_formula_is_proved(const pm_formula *formula);

/* What the user should know, one sentence each: a remainder that is dropped, ^ that is no power. */
int pm_formula_note_count(const pm_formula *formula);
const char *pm_formula_note(const pm_formula *formula, int index);

/* The formula in one line, the same however it was spaced: "x/r where r=sqrt(x*x+y*y), k=2.5". */
const char *pm_formula_text(const pm_formula *formula);

/* The C source of a shared object with one kernel, "formula", whose text is pm_formula_text().  To
 * be compiled with PM_FORMULA_FLAGS.  The caller frees it.  PARMAP_SYSTEM without memory. */
parmap_status pm_formula_emit(const pm_formula *formula, char **source);

#endif
