/* Whole-number arithmetic: plain where it was proved, else checked.
 *
 * Values of two operands may be of types that do not hold each other's (int64 and uint64).  Sums,
 * products and bits come out right modulo 2^64 all the same; the rest is computed in int128. */
#include "formula/emitter.h"

#include "base/types.h"
#include "formula/types.h"

#include <stdio.h>
#include <string.h>

static const pm_node *node_at(const pm_emitter *e, int index)
{
    return &e->parts->tree.nodes[index];
}

/* The first type that holds the values of both operands, and is `type` or wider. */
static parmap_type exact_type(const pm_emitter *e, int a, int b, parmap_type type)
{
    return pm_emit_own_type(e, a, type) == type && pm_emit_own_type(e, b, type) == type
               ? type
               : PARMAP_INT128;
}

void pm_emit_fit(pm_emitter *e, const char *value, parmap_type from, parmap_type to)
{
    const parmap_domain has = pm_type_domain(from), may = pm_type_domain(to);
    char least[PM_OPERAND], most[PM_OPERAND];
    pm_emit_number(may.min, from, least);
    pm_emit_number(may.max, from, most);
    if (may.min > has.min || may.max < has.max)
        pm_emit_reason(e, "a value outside %s", pm_type_name(to));
    if (e->checked && may.min > has.min)
        pm_emit_line(e, "bad |= %s < %s;", value, least);
    if (e->checked && may.max < has.max)
        pm_emit_line(e, "bad |= %s > %s;", value, most);
}

/* Declares t<index> as the value of a wider variable. */
static void narrow(pm_emitter *e, int index, const char *wide)
{
    const parmap_type type = node_at(e, index)->type;
    pm_emit_fit(e, wide, PARMAP_INT128, type);
    pm_emit_line(e, "const %s t%d = (%s)%s;", pm_emit_c_type(type), index, pm_emit_c_type(type),
                 wide);
}

/* ---- sums and products ----------------------------------------------------------------------- */

static const char *builtin_of(pm_emitter *e, pm_op op, parmap_type type)
{
    if (op == PM_OP_MULTIPLY && type == PARMAP_INT128) {
        e->helpers[PM_HELPER_MULTIPLY][type] = true;
        return "multiply_int128";
    }
    if (e->quick)
        return op == PM_OP_ADD        ? "quick_add"
               : op == PM_OP_SUBTRACT ? "quick_subtract"
                                      : "quick_multiply";
    return op == PM_OP_ADD        ? "__builtin_add_overflow"
           : op == PM_OP_SUBTRACT ? "__builtin_sub_overflow"
                                  : "__builtin_mul_overflow";
}

/* `type name = a op b`, of C expressions of that type. */
static void declare_sum(pm_emitter *e, const char *name, pm_op op, parmap_type type, const char *a,
                        const char *b)
{
    const char *c = pm_emit_c_type(type), *u = pm_emit_unsigned(type);
    if (!e->checked) {
        pm_emit_line(e, "const %s %s = (%s)((%s)%s %s (%s)%s);", c, name, c, u, a,
                     pm_operators[op].text, u, b);
        return;
    }
    pm_emit_reason(e, "an overflow of %s", pm_type_name(type));
    pm_emit_line(e, "%s %s;", c, name);
    pm_emit_line(e, e->quick ? "bad |= %s(%s, %s, &%s);" : "if (%s(%s, %s, &%s)) return 1;",
                 builtin_of(e, op, type), a, b, name);
}

static void emit_sum(pm_emitter *e, int index, int first, int second)
{
    const pm_node *node = node_at(e, index);
    const parmap_type type = e->checked ? exact_type(e, first, second, node->type) : node->type;
    char a[PM_OPERAND], b[PM_OPERAND], name[32];
    snprintf(name, sizeof name, "%c%d", type == node->type ? 't' : 'w', index);
    pm_emit_operand(e, first, type, a);
    pm_emit_operand(e, second, type, b);
    declare_sum(e, name, node->op, type, a, b);
    if (type != node->type)
        narrow(e, index, name);
}

/* ---- what has helpers ------------------------------------------------------------------------ */

static const char *helper_name(pm_helper helper)
{
    static const char *const names[PM_HELPERS] = {"multiply",   "divide",      "remainder",
                                                  "shift_left", "shift_right", "power"};
    return names[helper];
}

/* A count of bits, or an exponent, as an int64; of wider types what is out of range stays so, and
 * the parity, which counts for powers of -1. */
static void operand_of_count(pm_emitter *e, int index, char text[5 * PM_OPERAND])
{
    const pm_node *node = node_at(e, index);
    char value[PM_OPERAND];
    if (node->kind == PM_NODE_WHOLE) {
        const parmap_int128 n = node->whole;
        pm_emit_number(n < 0 ? -1 : n < 128 ? n : 128 + (n & 1), PARMAP_INT64, value);
    } else {
        pm_emit_operand(e, index, pm_emit_own_type(e, index, PARMAP_INT64), value);
    }
    if (node->kind == PM_NODE_WHOLE || node->type == PARMAP_INT64)
        snprintf(text, 5 * PM_OPERAND, "%s", value);
    else
        snprintf(text, 5 * PM_OPERAND,
                 "(%s < 0 ? -1 : %s < 128 ? (int64_t)%s : 128 + (int64_t)(%s & 1))", value, value,
                 value, value);
}

static void take_reason(pm_emitter *e, pm_helper helper, parmap_type type)
{
    if (helper == PM_HELPER_SHIFT_LEFT || helper == PM_HELPER_POWER)
        pm_emit_reason(e, "an overflow of %s", pm_type_name(type));
    if (helper == PM_HELPER_DIVIDE || helper == PM_HELPER_REMAINDER)
        pm_emit_reason(e, "a division by zero");
    else
        pm_emit_reason(e, "%s",
                       helper == PM_HELPER_POWER ? "a negative power" : "a shift by too many bits");
}

static void emit_by_helper(pm_emitter *e, int index, pm_helper helper, int first, int second)
{
    const pm_node *node = node_at(e, index);
    const bool counts = helper >= PM_HELPER_SHIFT_LEFT;
    const parmap_type type = exact_type(e, first, counts ? first : second, node->type);
    char a[PM_OPERAND], b[5 * PM_OPERAND], name[32];
    take_reason(e, helper, type);
    e->helpers[helper][type] = true;
    e->helpers[PM_HELPER_MULTIPLY][PARMAP_INT128] |=
        helper == PM_HELPER_POWER && type == PARMAP_INT128;
    pm_emit_operand(e, first, type, a);
    if (counts)
        operand_of_count(e, second, b);
    else
        pm_emit_operand(e, second, type, b);
    snprintf(name, sizeof name, "%c%d", type == node->type ? 't' : 'w', index);
    if (type != node->type && helper != PM_HELPER_POWER && counts) /* as wide as its own type */
        pm_emit_line(e, "bad |= %s >= %d;", b, 8 * (int)pm_type_bytes(node->type));
    pm_emit_line(e, "const %s %s = %s_%s(%s, %s, &bad);", pm_emit_c_type(type), name,
                 helper_name(helper), pm_type_name(type), a, b);
    if (type != node->type)
        narrow(e, index, name);
}

static void emit_division(pm_emitter *e, int index, int first, int second)
{
    const pm_node *node = node_at(e, index);
    if (e->checked) {
        emit_by_helper(e, index, node->op == PM_OP_DIVIDE ? PM_HELPER_DIVIDE : PM_HELPER_REMAINDER,
                       first, second);
        return;
    }
    const parmap_type type = exact_type(e, first, second, node->type);
    char a[PM_OPERAND], b[PM_OPERAND];
    pm_emit_operand(e, first, type, a);
    pm_emit_operand(e, second, type, b);
    pm_emit_line(e, "const %s t%d = (%s)(%s %s %s);", pm_emit_c_type(node->type), index,
                 pm_emit_c_type(node->type), a, pm_operators[node->op].text, b);
}

static void emit_shift(pm_emitter *e, int index, int first, int second)
{
    const pm_node *node = node_at(e, index);
    const bool left = node->op == PM_OP_SHIFT_LEFT;
    char a[PM_OPERAND], n[5 * PM_OPERAND];
    if (e->checked) {
        emit_by_helper(e, index, left ? PM_HELPER_SHIFT_LEFT : PM_HELPER_SHIFT_RIGHT, first,
                       second);
        return;
    }
    const char *type = pm_emit_c_type(node->type);
    pm_emit_operand(e, first, node->type, a);
    operand_of_count(e, second, n);
    if (left)
        pm_emit_line(e, "const %s t%d = (%s)((%s)%s << %s);", type, index, type,
                     pm_emit_unsigned(node->type), a, n);
    else
        pm_emit_line(e, "const %s t%d = %s >> %s;", type, index, a, n);
}

/* ---- powers ---------------------------------------------------------------------------------- */

/* By squaring, the exponent's bits from the highest down: one variable for each product. */
static void emit_known_power(pm_emitter *e, int index, int base, int exponent)
{
    const pm_node *node = node_at(e, index);
    char a[PM_OPERAND], power[32], next[32];
    int bit = 31 - __builtin_clz((unsigned)exponent), products = 0;
    pm_emit_operand(e, base, node->type, a);
    snprintf(power, sizeof power, "p%d_0", index);
    pm_emit_line(e, "const %s %s = %s;", pm_emit_c_type(node->type), power, a);
    while (bit-- > 0) {
        snprintf(next, sizeof next, "p%d_%d", index, ++products);
        declare_sum(e, next, PM_OP_MULTIPLY, node->type, power, power);
        memcpy(power, next, sizeof next);
        if (exponent >> bit & 1) {
            snprintf(next, sizeof next, "p%d_%d", index, ++products);
            declare_sum(e, next, PM_OP_MULTIPLY, node->type, power, a);
            memcpy(power, next, sizeof next);
        }
    }
    pm_emit_line(e, "const %s t%d = %s;", pm_emit_c_type(node->type), index, power);
}

static void emit_power(pm_emitter *e, int index, int first, int second)
{
    const pm_node *node = node_at(e, index), *exponent = node_at(e, second);
    const bool exact = pm_emit_own_type(e, first, node->type) == node->type;
    if (exact && exponent->kind == PM_NODE_WHOLE && exponent->whole >= 1 && exponent->whole <= 64)
        emit_known_power(e, index, first, (int)exponent->whole);
    else
        emit_by_helper(e, index, PM_HELPER_POWER, first, second);
}

/* ---- bits and comparisons -------------------------------------------------------------------- */

static void emit_bits(pm_emitter *e, int index, int first, int second)
{
    const pm_node *node = node_at(e, index);
    const parmap_type type = e->checked ? exact_type(e, first, second, node->type) : node->type;
    char a[PM_OPERAND], b[PM_OPERAND], name[32];
    snprintf(name, sizeof name, "%c%d", type == node->type ? 't' : 'w', index);
    pm_emit_operand(e, first, type, a);
    pm_emit_operand(e, second, type, b);
    pm_emit_line(e, "const %s %s = (%s)(%s %s %s);", pm_emit_c_type(type), name,
                 pm_emit_c_type(type), a, pm_operators[node->op].text, b);
    if (type != node->type)
        narrow(e, index, name);
}

/* The type in which two operands are compared. */
static parmap_type comparison_type(const pm_emitter *e, int first, int second)
{
    const pm_node *a = node_at(e, first), *b = node_at(e, second);
    if (pm_type_is_real(a->type) || pm_type_is_real(b->type)) {
        if (!pm_type_is_real(a->type) || !pm_type_is_real(b->type))
            return pm_type_is_real(a->type) ? a->type : b->type;
        return pm_types_wider(a->type, b->type);
    }
    const parmap_type left = pm_emit_own_type(e, first, b->type);
    const parmap_type right = pm_emit_own_type(e, second, a->type);
    return left == b->type ? b->type : right == a->type ? a->type : PARMAP_INT128;
}

static void emit_comparison(pm_emitter *e, int index, int first, int second)
{
    const parmap_type type = comparison_type(e, first, second);
    char a[PM_OPERAND], b[PM_OPERAND];
    pm_emit_operand(e, first, type, a);
    pm_emit_operand(e, second, type, b);
    pm_emit_line(e, "const int64_t t%d = %s %s %s;", index, a,
                 pm_operators[node_at(e, index)->op].text, b);
}

void pm_emit_whole_binary(pm_emitter *e, int index)
{
    const pm_node *node = node_at(e, index);
    const int first = node->first, second = node_at(e, first)->next;
    switch (node->op) {
    case PM_OP_ADD:
    case PM_OP_SUBTRACT:
    case PM_OP_MULTIPLY:
        emit_sum(e, index, first, second);
        return;
    case PM_OP_DIVIDE:
    case PM_OP_REMAINDER:
        emit_division(e, index, first, second);
        return;
    case PM_OP_SHIFT_LEFT:
    case PM_OP_SHIFT_RIGHT:
        emit_shift(e, index, first, second);
        return;
    case PM_OP_POWER:
        emit_power(e, index, first, second);
        return;
    case PM_OP_BIT_OR:
    case PM_OP_BIT_XOR:
    case PM_OP_BIT_AND:
        emit_bits(e, index, first, second);
        return;
    default:
        emit_comparison(e, index, first, second);
        return;
    }
}

void pm_emit_whole_unary(pm_emitter *e, int index)
{
    const pm_node *node = node_at(e, index);
    const parmap_type own = node_at(e, node->first)->type;
    const parmap_type type = e->checked || node->op == PM_OP_NOT
                                 ? pm_emit_own_type(e, node->first, node->type)
                                 : node->type;
    const parmap_type wide = type == node->type ? type : PARMAP_INT128;
    char a[PM_OPERAND], name[32];
    if (node->op == PM_OP_NOT) {
        pm_emit_operand(e, node->first, own, a);
        pm_emit_line(e, "const int64_t t%d = %s == 0;", index, a);
        return;
    }
    snprintf(name, sizeof name, "%c%d", wide == node->type ? 't' : 'w', index);
    pm_emit_operand(e, node->first, wide, a);
    if (node->op == PM_OP_NEGATE)
        declare_sum(e, name, PM_OP_SUBTRACT, wide,
                    wide == PARMAP_UINT64   ? "(uint64_t)0"
                    : wide == PARMAP_INT128 ? "(parmap_int128)0"
                                            : "(int64_t)0",
                    a);
    else
        declare_sum(e, name, PM_OP_SUBTRACT, wide,
                    wide == PARMAP_UINT64   ? "(uint64_t)-1"
                    : wide == PARMAP_INT128 ? "(parmap_int128)-1"
                                            : "(int64_t)-1",
                    a);
    if (wide != node->type)
        narrow(e, index, name);
}

/* ---- real numbers without their fraction ------------------------------------------------------
 */

void pm_emit_truncation(pm_emitter *e, int index, const char *value, parmap_type type)
{
    const parmap_type carrier = pm_types_carrier(type);
    const parmap_domain domain = pm_type_domain(type);
    const char *c = pm_emit_c_type(carrier);
    if (!e->checked) {
        pm_emit_line(e, "const %s t%d = (%s)%s;", c, index, c, value);
        return;
    }
    pm_emit_reason(e, "a value outside %s", pm_type_name(type));
    const bool wide = domain.min < INT32_MIN; /* one less is no double, but the least itself is */
    pm_emit_line(e, "const int f%d = (double)%s %s %a && (double)%s < %a;", index, value,
                 wide ? ">=" : ">", (double)domain.min - (wide ? 0 : 1), value,
                 (double)domain.max + (domain.max < INT64_MAX ? 1 : 0));
    pm_emit_line(e, "const %s t%d = f%d ? (%s)%s : 0;", c, index, index, c, value);
    pm_emit_line(e, "bad |= !f%d;", index);
}
