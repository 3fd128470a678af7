/* What the files that write C share; for these only.
 *
 * A body is a list of statements: every node that computes something becomes a variable t<node>,
 * every let l<let>; numbers and inputs stand where they are used.  Plain bodies take for granted
 * what was proved; checked ones set `bad` where a value does not fit, and go on with any other. */
#ifndef PM_FORMULA_EMITTER_H
#define PM_FORMULA_EMITTER_H

#include "formula/parts.h"
#include "formula/writer.h"

enum { PM_OPERAND = 160 }; /* bytes of a variable, a number, or one of these converted */

/* Functions that are written only where a formula uses them, for int64, uint64 or int128 each. */
typedef enum pm_helper {
    PM_HELPER_MULTIPLY, /* int128 only: not every compiler has its check built in */
    PM_HELPER_DIVIDE,
    PM_HELPER_REMAINDER,
    PM_HELPER_SHIFT_LEFT,
    PM_HELPER_SHIFT_RIGHT,
    PM_HELPER_POWER,
    PM_HELPERS
} pm_helper;

enum { PM_REASONS = 8, PM_REASON_TEXT = 48 };

typedef struct pm_emitter {
    const pm_parts *parts;
    pm_writer *out;
    bool checked;
    bool quick; /* checked, by vectors: sums of int64 only; what may not fit counts as bad */
    int depth;  /* of blocks */
    bool helpers[PM_HELPERS][PARMAP_TYPES]; /* that were used */
    bool math;                              /* a function of math.h was */
    bool lgamma;
    char reasons[PM_REASONS][PM_REASON_TEXT]; /* why a checked body can fail */
    int reason_count;
} pm_emitter;

/* "int64_t", and its unsigned companion "uint64_t", "parmap_uint128". */
const char *pm_emit_c_type(parmap_type type);
const char *pm_emit_unsigned(parmap_type type);

/* One line of the body. */
void pm_emit_line(pm_emitter *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes down why a checked body can fail: "an overflow of int64"; once. */
void pm_emit_reason(pm_emitter *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The statements of a node and of what is below. */
void pm_emit_node(pm_emitter *e, int index);

/* The value of a node, whose statements were written, as a C expression of a type. */
void pm_emit_operand(const pm_emitter *e, int index, parmap_type type, char text[PM_OPERAND]);

/* The type in which a whole operand can take part where `type` is wanted: that type, where it holds
 * all values, else its own. */
parmap_type pm_emit_own_type(const pm_emitter *e, int index, parmap_type type);

/* A whole number as a constant expression of a type, whole or real. */
void pm_emit_number(parmap_int128 value, parmap_type type, char text[PM_OPERAND]);

/* The statements of nodes with whole results: operators; conversions from a C expression. */
void pm_emit_whole_unary(pm_emitter *e, int index);
void pm_emit_whole_binary(pm_emitter *e, int index);

/* Checks that `value`, of a carrier type, is one of a type's; in checked bodies only. */
void pm_emit_fit(pm_emitter *e, const char *value, parmap_type from, parmap_type to);

/* Declares t<index> as the real number `value` without its fraction, within `type`. */
void pm_emit_truncation(pm_emitter *e, int index, const char *value, parmap_type type);

/* Calls, elements and functions of rows. */
void pm_emit_call(pm_emitter *e, int index);
void pm_emit_element(pm_emitter *e, int index);

/* An input as it comes in: "x", "x->i2". */
void pm_emit_input(const pm_emitter *e, int number, char text[PM_OPERAND]);

/* Whether a node may be computed where its value is not needed: it cannot fail, and is cheap. */
bool pm_emit_is_harmless(const pm_emitter *e, int index);

/* The text of the helpers that were used. */
void pm_emit_helpers(const pm_emitter *e, pm_writer *out);

#endif
