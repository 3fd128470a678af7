/* The functions and constants of formulas: one table, from which they are checked, bounded and
 * compiled. */
#ifndef PM_FORMULA_FUNCTIONS_H
#define PM_FORMULA_FUNCTIONS_H

#include "base/status.h"

typedef enum pm_function_kind {
    PM_FUNCTION_REAL,     /* of math.h, real arguments, real result; f at the end for float32 */
    PM_FUNCTION_NEXT,     /* the same, the last argument a long double */
    PM_FUNCTION_SCALE,    /* the same, the last argument a whole number */
    PM_FUNCTION_EXPONENT, /* of math.h, the result an int */
    PM_FUNCTION_TEST,     /* a macro of math.h, true or false */
    PM_FUNCTION_ROUND,    /* rounds to a whole number; `like` is the real function */
    PM_FUNCTION_ABS,      /* these take whole numbers as such */
    PM_FUNCTION_MIN,      /* of two or more numbers, or of a row */
    PM_FUNCTION_MAX,
    PM_FUNCTION_SUM, /* of a row */
    PM_FUNCTION_MEAN
} pm_function_kind;

typedef struct pm_callable {
    const char *name;
    pm_function_kind kind;
    int least, most;          /* arguments */
    bool quick;               /* a few instructions: computed also where it is not needed */
    double low, high;         /* the result, where it is a number, lies within, */
    double (*rising)(double); /* or, not NULL, between the values at the argument's ends, */
    bool exact;               /* which are rounded correctly */
    const char *like;
} pm_callable;

/* NULL at the end of the list. */
extern const pm_callable pm_callables[];

/* The number of a function, or -1.  `length`: bytes of the name, which needs no '\0'. */
int pm_callable_find(const char *name, int length);

typedef struct pm_real_constant {
    const char *name;
    double value;
    float value32;
} pm_real_constant;

/* pi, e, inf, nan; NULL for any other name. */
const pm_real_constant *pm_constant_find(const char *name, int length);

/* What a function of C or of another language is called in a formula, or the nearest function or
 * type by spelling; NULL when there is none. */
const char *pm_callable_suggest(const char *name);

/* What a formula has for a word of another language, like `and`; NULL when it may be an input. */
const char *pm_word_suggest(const char *name);

#endif
