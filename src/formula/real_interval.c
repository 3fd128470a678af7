/* Interval arithmetic of real numbers: enough to see that a conversion to whole numbers fits. */
#include "formula/real_interval.h"

#include <float.h>
#include <math.h>

pm_real_interval pm_real_any(void)
{
    return (pm_real_interval){-INFINITY, INFINITY, true};
}

pm_real_interval pm_real_round(pm_real_interval a, parmap_type type)
{
    if (type == PARMAP_FLOAT32) {
        a.low = (double)(float)a.low;
        a.high = (double)(float)a.high;
    }
    return a;
}

pm_real_interval pm_real_of_whole(pm_interval a, parmap_type type)
{
    /* two roundings, of which the second may go wrong by one place: the next number outwards */
    pm_real_interval result = {(double)a.low, (double)a.high, false};
    if (type == PARMAP_FLOAT32) {
        result.low = (double)nextafterf((float)result.low, -INFINITY);
        result.high = (double)nextafterf((float)result.high, INFINITY);
    }
    return result;
}

pm_real_interval pm_real_join(pm_real_interval a, pm_real_interval b)
{
    return (pm_real_interval){a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high,
                              a.nan || b.nan};
}

pm_real_interval pm_real_negate(pm_real_interval a)
{
    return (pm_real_interval){-a.high, -a.low, a.nan};
}

static bool infinite(pm_real_interval a)
{
    return isinf(a.low) || isinf(a.high);
}

static bool holds_zero(pm_real_interval a)
{
    return a.low <= 0 && a.high >= 0;
}

static double compute(pm_op op, double a, double b)
{
    return op == PM_OP_MULTIPLY ? a * b : op == PM_OP_DIVIDE ? a / b : a + b;
}

static pm_real_interval of_ends(pm_op op, pm_real_interval a, pm_real_interval b)
{
    const double x[] = {a.low, a.low, a.high, a.high}, y[] = {b.low, b.high, b.low, b.high};
    pm_real_interval result = {INFINITY, -INFINITY, a.nan || b.nan};
    for (int i = 0; i < 4; i++) {
        const double value = compute(op, x[i], y[i]);
        if (isnan(value))
            return pm_real_any();
        result = pm_real_join(result, (pm_real_interval){value, value, false});
    }
    return result;
}

pm_real_interval pm_real_binary(pm_op op, pm_real_interval a, pm_real_interval b, parmap_type type)
{
    if (op == PM_OP_POWER)
        return pm_real_any();
    if (op == PM_OP_SUBTRACT) {
        b = pm_real_negate(b);
        op = PM_OP_ADD;
    }
    if (op == PM_OP_DIVIDE && (holds_zero(b) || infinite(b)))
        return pm_real_any();
    if (op == PM_OP_MULTIPLY && (infinite(a) || infinite(b)))
        return pm_real_any();
    return pm_real_round(of_ends(op, a, b), type);
}

/* One end of a rising function: what the library gives there, and a little outwards, since it may
 * be wrong in the last places. */
static double end_of(const pm_callable *callable, double x, double otherwise, double outwards,
                     bool *nan)
{
    double y = callable->rising(x);
    if (isnan(y)) {
        *nan = true;
        return otherwise;
    }
    for (int i = 0; i < 8 && !callable->exact; i++)
        y = nextafter(y, outwards);
    return y;
}

pm_real_interval pm_real_call(const pm_callable *callable, pm_real_interval a, parmap_type type)
{
    pm_real_interval result = {callable->low, callable->high, true};
    if (callable->rising == NULL)
        return result;
    result.nan = a.nan;
    result.low = end_of(callable, a.low, callable->low, -INFINITY, &result.nan);
    result.high = end_of(callable, a.high, callable->high, INFINITY, &result.nan);
    if (type == PARMAP_FLOAT32 && !callable->exact) { /* the f function has errors of its own */
        result.low -= fabs(result.low) * 8 * FLT_EPSILON + FLT_MIN;
        result.high += fabs(result.high) * 8 * FLT_EPSILON + FLT_MIN;
    }
    return pm_real_round(result, type);
}

bool pm_real_truncate(pm_real_interval a, pm_interval *result)
{
    if (a.nan || !(a.low >= -0x1p127) || !(a.high < 0x1p127))
        return false;
    result->low = (parmap_int128)a.low;
    result->high = (parmap_int128)a.high;
    return true;
}
