/* Interval arithmetic of whole numbers. */
#include "formula/interval.h"

#include "formula/fold.h"

typedef bool end_operation(parmap_int128 a, parmap_int128 b, parmap_int128 *result);

static const parmap_int128 least = (parmap_int128)((parmap_uint128)1 << 127);

static parmap_int128 lower(parmap_int128 a, parmap_int128 b)
{
    return a < b ? a : b;
}

static parmap_int128 higher(parmap_int128 a, parmap_int128 b)
{
    return a > b ? a : b;
}

pm_interval pm_interval_join(pm_interval a, pm_interval b)
{
    return (pm_interval){lower(a.low, b.low), higher(a.high, b.high)};
}

/* For operations whose extremes lie at the ends. */
static bool of_ends(end_operation *operation, pm_interval a, pm_interval b, pm_interval *result)
{
    const parmap_int128 x[] = {a.low, a.low, a.high, a.high};
    const parmap_int128 y[] = {b.low, b.high, b.low, b.high};
    for (int i = 0; i < 4; i++) {
        parmap_int128 value;
        if (!operation(x[i], y[i], &value))
            return false;
        const pm_interval one = {value, value};
        *result = i == 0 ? one : pm_interval_join(*result, one);
    }
    return true;
}

static bool multiply(parmap_int128 a, parmap_int128 b, parmap_int128 *result)
{
    return !__builtin_mul_overflow(a, b, result);
}

static bool divide(parmap_int128 a, parmap_int128 b, parmap_int128 *result)
{
    if (a == least && b == -1)
        return false;
    *result = a / b;
    return true;
}

static bool shift_left(parmap_int128 a, parmap_int128 n, parmap_int128 *result)
{
    *result = (parmap_int128)((parmap_uint128)a << n);
    return *result >> n == a;
}

static bool shift_right(parmap_int128 a, parmap_int128 n, parmap_int128 *result)
{
    *result = a >> n;
    return true;
}

static bool holds(pm_interval a, parmap_int128 value)
{
    return a.low <= value && value <= a.high;
}

static bool remainder_of(pm_interval a, pm_interval b, pm_interval *result)
{
    if (holds(b, 0) || b.low == least || (a.low == least && holds(b, -1)))
        return false;
    const parmap_int128 most =
        higher(b.low < 0 ? -b.low : b.low, b.high < 0 ? -b.high : b.high) - 1;
    result->low = a.low < 0 ? higher(a.low, -most) : 0;
    result->high = a.high > 0 ? lower(a.high, most) : 0;
    return true;
}

static pm_interval complement(pm_interval a)
{
    return (pm_interval){-1 - a.high, -1 - a.low};
}

/* The least 2^k - 1 that is at least every number of an interval, negative ones complemented. */
static parmap_int128 bits_of(pm_interval a)
{
    const parmap_int128 most =
        higher(a.low < 0 ? -1 - a.low : a.low, a.high < 0 ? -1 - a.high : a.high);
    parmap_int128 bits = 0;
    while (bits < most)
        bits = 2 * bits + 1;
    return bits;
}

static pm_interval bit_and(pm_interval a, pm_interval b)
{
    const parmap_int128 bits = higher(bits_of(a), bits_of(b));
    if (a.low >= 0 && b.low >= 0)
        return (pm_interval){0, lower(a.high, b.high)};
    if (a.low >= 0 || b.low >= 0)
        return (pm_interval){0, a.low >= 0 ? a.high : b.high};
    return (pm_interval){-1 - bits, higher(a.high, b.high)};
}

static bool bitwise(pm_op op, pm_interval a, pm_interval b, pm_interval *result)
{
    const parmap_int128 bits = higher(bits_of(a), bits_of(b));
    if (op == PM_OP_BIT_AND)
        *result = bit_and(a, b);
    else if (op == PM_OP_BIT_OR) /* by De Morgan */
        *result = complement(bit_and(complement(a), complement(b)));
    else
        *result = (pm_interval){a.low >= 0 && b.low >= 0 ? 0 : -1 - bits, bits};
    return true;
}

/* For one exponent. */
static bool power_of(pm_interval a, parmap_int128 n, pm_interval *result)
{
    parmap_int128 low, high;
    if (!pm_fold_power(a.low, n, &low) || !pm_fold_power(a.high, n, &high))
        return false;
    *result = (pm_interval){lower(low, high), higher(low, high)};
    if (n > 0 && n % 2 == 0 && holds(a, 0))
        result->low = 0;
    return true;
}

static bool power(pm_interval a, pm_interval n, pm_interval *result)
{
    pm_interval few, many;
    if (n.low < 0 || !power_of(a, n.low, &few) || !power_of(a, n.high, &many))
        return false;
    *result = pm_interval_join(few, many);
    if (n.low == n.high)
        return true;
    if (result->low == least)
        return false;
    if (a.low <= 0) { /* signs change with the exponent, and 0 to some powers is 0 */
        const parmap_int128 most = higher(higher(result->high, -result->low), 1);
        *result = (pm_interval){a.low < 0 ? -most : 0, most};
    }
    return true;
}

bool pm_interval_square(pm_interval a, pm_interval *result)
{
    return power_of(a, 2, result);
}

bool pm_interval_binary(pm_op op, pm_interval a, pm_interval b, pm_interval *result)
{
    switch (op) {
    case PM_OP_ADD:
        return !__builtin_add_overflow(a.low, b.low, &result->low) &&
               !__builtin_add_overflow(a.high, b.high, &result->high);
    case PM_OP_SUBTRACT:
        return !__builtin_sub_overflow(a.low, b.high, &result->low) &&
               !__builtin_sub_overflow(a.high, b.low, &result->high);
    case PM_OP_MULTIPLY:
        return of_ends(multiply, a, b, result);
    case PM_OP_DIVIDE:
        return !holds(b, 0) && of_ends(divide, a, b, result);
    case PM_OP_REMAINDER:
        return remainder_of(a, b, result);
    case PM_OP_SHIFT_LEFT:
        return b.low >= 0 && b.high <= 127 && of_ends(shift_left, a, b, result);
    case PM_OP_SHIFT_RIGHT:
        return b.low >= 0 && b.high <= 127 && of_ends(shift_right, a, b, result);
    case PM_OP_POWER:
        return power(a, b, result);
    default:
        return bitwise(op, a, b, result);
    }
}

bool pm_interval_unary(pm_op op, pm_interval a, pm_interval *result)
{
    if (op == PM_OP_NEGATE)
        return pm_interval_binary(PM_OP_SUBTRACT, (pm_interval){0, 0}, a, result);
    if (op == PM_OP_COMPLEMENT)
        *result = complement(a);
    else
        *result = (pm_interval){a.low == 0 && a.high == 0, holds(a, 0)};
    return true;
}

bool pm_interval_abs(pm_interval a, pm_interval *result)
{
    if (a.low == least)
        return false;
    *result = (pm_interval){
        holds(a, 0) ? 0 : lower(a.low < 0 ? -a.low : a.low, a.high < 0 ? -a.high : a.high),
        higher(-a.low, a.high)};
    return true;
}

int pm_interval_compare(pm_op op, pm_interval a, pm_interval b)
{
    switch (op) {
    case PM_OP_LESS:
        return a.high < b.low ? 1 : a.low >= b.high ? 0 : -1;
    case PM_OP_LESS_EQUAL:
        return a.high <= b.low ? 1 : a.low > b.high ? 0 : -1;
    case PM_OP_GREATER:
        return pm_interval_compare(PM_OP_LESS, b, a);
    case PM_OP_GREATER_EQUAL:
        return pm_interval_compare(PM_OP_LESS_EQUAL, b, a);
    case PM_OP_EQUAL:
        if (a.high < b.low || b.high < a.low)
            return 0;
        return a.low == a.high && b.low == b.high ? 1 : -1;
    default: {
        const int equal = pm_interval_compare(PM_OP_EQUAL, a, b);
        return equal < 0 ? -1 : !equal;
    }
    }
}
