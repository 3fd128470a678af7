/* Exact arithmetic of whole constants. */
#include "formula/fold.h"

static const parmap_int128 smallest = (parmap_int128)((parmap_uint128)1 << 127);

bool pm_fold_power(parmap_int128 base, parmap_int128 exponent, parmap_int128 *result)
{
    parmap_int128 power = 1;
    if (base == 0 || base == 1) {
        *result = exponent == 0 ? 1 : base;
        return true;
    }
    if (base == -1) {
        *result = exponent % 2 == 0 ? 1 : -1;
        return true;
    }
    for (; exponent > 0; exponent--) /* at most 127 times */
        if (__builtin_mul_overflow(power, base, &power))
            return false;
    *result = power;
    return true;
}

static parmap_status fail_wide(const pm_node *node)
{
    return pm_script_fail(node->place, "the value of this does not fit 128 bits; write a number "
                                       "with a point to compute in real numbers");
}

static parmap_status fold_shift(pm_node *node, parmap_int128 a, parmap_int128 b)
{
    if (b < 0 || b > 127)
        return pm_script_fail(node->place, "a shift by this many bits does not exist; shift by 0 "
                                           "to 63, or 127 for int128");
    if (node->op == PM_OP_SHIFT_RIGHT) {
        node->whole = a >> b;
        return PARMAP_OK;
    }
    node->whole = (parmap_int128)((parmap_uint128)a << b);
    return node->whole >> b == a ? PARMAP_OK : fail_wide(node);
}

static parmap_status fold_division(pm_node *node, parmap_int128 a, parmap_int128 b)
{
    if (b == 0)
        return pm_script_fail(node->place, "this divides by zero; change the divisor");
    if (a == smallest && b == -1)
        return fail_wide(node);
    node->whole = node->op == PM_OP_DIVIDE ? a / b : a % b;
    return PARMAP_OK;
}

static parmap_status fold_power(pm_node *node, parmap_int128 a, parmap_int128 b)
{
    if (b < 0)
        return pm_script_fail(node->place, "a whole number to a negative power is no whole number; "
                                           "write a base with a point: 2.0**-1");
    return pm_fold_power(a, b, &node->whole) ? PARMAP_OK : fail_wide(node);
}

static parmap_int128 compare(pm_op op, parmap_int128 a, parmap_int128 b)
{
    switch (op) {
    case PM_OP_EQUAL:
        return a == b;
    case PM_OP_NOT_EQUAL:
        return a != b;
    case PM_OP_LESS:
        return a < b;
    case PM_OP_LESS_EQUAL:
        return a <= b;
    case PM_OP_GREATER:
        return a > b;
    case PM_OP_GREATER_EQUAL:
        return a >= b;
    case PM_OP_AND:
        return a && b;
    case PM_OP_OR:
        return a || b;
    case PM_OP_BIT_AND:
        return a & b;
    case PM_OP_BIT_OR:
        return a | b;
    default:
        return a ^ b;
    }
}

parmap_status pm_fold_binary(pm_node *node, const pm_node *a, const pm_node *b)
{
    const parmap_int128 x = a->whole, y = b->whole;
    bool wide = false;
    node->kind = PM_NODE_WHOLE;
    switch (node->op) {
    case PM_OP_ADD:
        wide = __builtin_add_overflow(x, y, &node->whole);
        break;
    case PM_OP_SUBTRACT:
        wide = __builtin_sub_overflow(x, y, &node->whole);
        break;
    case PM_OP_MULTIPLY:
        wide = __builtin_mul_overflow(x, y, &node->whole);
        break;
    case PM_OP_DIVIDE:
    case PM_OP_REMAINDER:
        return fold_division(node, x, y);
    case PM_OP_SHIFT_LEFT:
    case PM_OP_SHIFT_RIGHT:
        return fold_shift(node, x, y);
    case PM_OP_POWER:
        return fold_power(node, x, y);
    default:
        node->whole = compare(node->op, x, y);
        break;
    }
    return wide ? fail_wide(node) : PARMAP_OK;
}

parmap_status pm_fold_unary(pm_node *node, const pm_node *a)
{
    node->kind = PM_NODE_WHOLE;
    if (node->op == PM_OP_NEGATE)
        return __builtin_sub_overflow((parmap_int128)0, a->whole, &node->whole) ? fail_wide(node)
                                                                                : PARMAP_OK;
    node->whole = node->op == PM_OP_NOT ? !a->whole : ~a->whole;
    return PARMAP_OK;
}
