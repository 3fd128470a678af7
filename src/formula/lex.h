/* The words of a formula. */
#ifndef PM_FORMULA_LEX_H
#define PM_FORMULA_LEX_H

#include "formula/script.h"

/* Operators, as words and in trees. */
typedef enum pm_op {
    PM_OP_NONE,
    PM_OP_OR,
    PM_OP_AND,
    PM_OP_BIT_OR,
    PM_OP_BIT_XOR,
    PM_OP_BIT_AND,
    PM_OP_EQUAL,
    PM_OP_NOT_EQUAL,
    PM_OP_LESS,
    PM_OP_LESS_EQUAL,
    PM_OP_GREATER,
    PM_OP_GREATER_EQUAL,
    PM_OP_SHIFT_LEFT,
    PM_OP_SHIFT_RIGHT,
    PM_OP_ADD,
    PM_OP_SUBTRACT,
    PM_OP_MULTIPLY,
    PM_OP_DIVIDE,
    PM_OP_REMAINDER,
    PM_OP_POWER,
    PM_OP_NOT,
    PM_OP_COMPLEMENT,
    PM_OP_NEGATE,
    PM_OPS
} pm_op;

typedef struct pm_operator {
    const char *text;
    int strength; /* how strongly a binary operator binds; 0: it has no binary form */
} pm_operator;

extern const pm_operator pm_operators[PM_OPS];

typedef enum pm_word_kind {
    PM_WORD_END,
    PM_WORD_NAME,
    PM_WORD_WHOLE,
    PM_WORD_REAL,
    PM_WORD_OPERATOR,
    PM_WORD_SIGN /* one of ( ) [ ] , ? : = */
} pm_word_kind;

typedef struct pm_word {
    pm_word_kind kind;
    pm_place place;
    pm_op op;            /* of an operator; + and - as the binary ones */
    char sign;           /* of a sign */
    parmap_int128 whole; /* of a whole number */
    double real;         /* of a real number, */
    float real32;        /* rounded once */
} pm_word;

/* Reads the word that begins at byte `at` or behind blanks.  PARMAP_USAGE for what is none. */
parmap_status pm_lex(const pm_script *script, int at, pm_word *word);

/* Whether a word is this sign. */
static inline bool pm_word_is(const pm_word *word, char sign)
{
    return word->kind == PM_WORD_SIGN && word->sign == sign;
}

#endif
