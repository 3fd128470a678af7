/* Interval arithmetic over the tree.  Of && || and ?: the side that is computed under a condition
 * is looked at with the inputs that meet it. */
#include "formula/prove.h"

#include "base/types.h"
#include "formula/types.h"

#include <string.h>

/* What an interval was before a condition narrowed it. */
typedef struct narrowed {
    pm_interval *interval, before;
} narrowed;

typedef struct prover {
    const pm_parts *parts;
    narrowed *log; /* room for one a node: a condition narrows once at a time */
    int logged;
    pm_reach inputs[PM_PARTS_NAMES];
    pm_reach lets[PM_PARTS_DEFINITIONS];
} prover;

static bool reach_of(prover *p, int index, pm_reach *reach);

static const pm_node *node_at(const prover *p, int index)
{
    return &p->parts->tree.nodes[index];
}

pm_reach pm_reach_of_type(parmap_type type)
{
    const parmap_domain domain = pm_type_domain(type);
    return (pm_reach){{domain.min, domain.max}, pm_real_any()};
}

/* Whether an interval lies within a type. */
static bool fits(pm_interval a, parmap_type type)
{
    const parmap_domain domain = pm_type_domain(type);
    return a.low >= domain.min && a.high <= domain.max;
}

/* ---- operands -------------------------------------------------------------------------------- */

/* A node's values as real numbers of a type. */
static bool real_of(prover *p, int index, parmap_type type, pm_real_interval *real)
{
    pm_reach reach;
    if (!reach_of(p, index, &reach))
        return false;
    *real = pm_type_is_real(node_at(p, index)->type) ? pm_real_round(reach.real, type)
                                                     : pm_real_of_whole(reach.whole, type);
    return true;
}

/* Its values as a condition: 1 all true, 0 all false, -1 both. */
static bool truth_of(prover *p, int index, int *truth)
{
    pm_reach reach;
    if (!reach_of(p, index, &reach))
        return false;
    *truth = -1;
    if (!pm_type_is_real(node_at(p, index)->type))
        *truth = pm_interval_compare(PM_OP_NOT_EQUAL, reach.whole, (pm_interval){0, 0});
    return true;
}

/* ---- conditions ------------------------------------------------------------------------------ */

static pm_reach *variable_of(prover *p, int index)
{
    const pm_node *node = node_at(p, index);
    if (pm_type_is_real(node->type))
        return NULL;
    return node->kind == PM_NODE_INPUT ? &p->inputs[node->number]
           : node->kind == PM_NODE_LET ? &p->lets[node->number]
                                       : NULL;
}

static pm_op negated(pm_op op)
{
    static const pm_op table[PM_OPS] = {
        [PM_OP_EQUAL] = PM_OP_NOT_EQUAL,    [PM_OP_NOT_EQUAL] = PM_OP_EQUAL,
        [PM_OP_LESS] = PM_OP_GREATER_EQUAL, [PM_OP_GREATER_EQUAL] = PM_OP_LESS,
        [PM_OP_GREATER] = PM_OP_LESS_EQUAL, [PM_OP_LESS_EQUAL] = PM_OP_GREATER,
    };
    return table[op];
}

static pm_op mirrored(pm_op op)
{
    static const pm_op table[PM_OPS] = {
        [PM_OP_EQUAL] = PM_OP_EQUAL,  [PM_OP_NOT_EQUAL] = PM_OP_NOT_EQUAL,
        [PM_OP_LESS] = PM_OP_GREATER, [PM_OP_GREATER_EQUAL] = PM_OP_LESS_EQUAL,
        [PM_OP_GREATER] = PM_OP_LESS, [PM_OP_LESS_EQUAL] = PM_OP_GREATER_EQUAL,
    };
    return table[op];
}

/* Narrows a to the values that compare so with a constant. */
static void narrow(pm_interval *a, pm_op op, parmap_int128 constant)
{
    parmap_int128 below = constant, above = constant; /* the neighbours, where these exist */
    __builtin_sub_overflow(constant, 1, &below);
    __builtin_add_overflow(constant, 1, &above);
    if (op == PM_OP_NOT_EQUAL) {
        if (a->low == constant)
            a->low = above;
        else if (a->high == constant)
            a->high = below;
        return;
    }
    const parmap_int128 most = op == PM_OP_LESS ? below : constant;
    const parmap_int128 least = op == PM_OP_GREATER ? above : constant;
    if (op != PM_OP_GREATER && op != PM_OP_GREATER_EQUAL && a->high > most)
        a->high = most;
    if (op != PM_OP_LESS && op != PM_OP_LESS_EQUAL && a->low < least)
        a->low = least;
}

/* Narrows the variables to where a condition is as wanted; false when it never is. */
static bool assume(prover *p, int index, bool wanted)
{
    const pm_node *node = node_at(p, index);
    if (node->kind == PM_NODE_UNARY && node->op == PM_OP_NOT)
        return assume(p, node->first, !wanted);
    if (node->kind != PM_NODE_BINARY)
        return true;
    const int a = node->first, b = node_at(p, a)->next;
    if (node->op == (wanted ? PM_OP_AND : PM_OP_OR))
        return assume(p, a, wanted) && assume(p, b, wanted);
    pm_op op = wanted ? node->op : negated(node->op);
    if (node->op < PM_OP_EQUAL || node->op > PM_OP_GREATER_EQUAL)
        return true;
    const bool constant_first = node_at(p, a)->kind == PM_NODE_WHOLE;
    pm_reach *variable = variable_of(p, constant_first ? b : a);
    const pm_node *constant = node_at(p, constant_first ? a : b);
    if (variable == NULL || constant->kind != PM_NODE_WHOLE)
        return true;
    p->log[p->logged++] = (narrowed){&variable->whole, variable->whole};
    narrow(&variable->whole, constant_first ? mirrored(op) : op, constant->whole);
    return variable->whole.low <= variable->whole.high;
}

/* Looks at a node where a condition is as wanted.  *reached: whether it ever is; only then `reach`
 * is set. */
static bool reach_where(prover *p, int condition, bool wanted, int index, pm_reach *reach,
                        bool *reached)
{
    const int before = p->logged;
    *reached = assume(p, condition, wanted);
    const bool proved = !*reached || reach_of(p, index, reach);
    while (p->logged > before) {
        p->logged--;
        *p->log[p->logged].interval = p->log[p->logged].before;
    }
    return proved;
}

/* && and ||. */
static bool reach_of_logic(prover *p, const pm_node *node, pm_reach *reach)
{
    const int a = node->first, b = node_at(p, a)->next;
    int truth;
    bool reached = false;
    pm_reach second;
    *reach = (pm_reach){.whole = {0, 1}};
    if (!truth_of(p, a, &truth))
        return false;
    if (truth == (node->op == PM_OP_OR)) {
        reach->whole = (pm_interval){truth, truth};
        return true;
    }
    return reach_where(p, a, node->op == PM_OP_AND, b, &second, &reached);
}

static pm_reach join(pm_reach a, pm_reach b)
{
    return (pm_reach){pm_interval_join(a.whole, b.whole), pm_real_join(a.real, b.real)};
}

/* A value where a node of a type selects it. */
static bool converted(const prover *p, int index, parmap_type type, pm_reach *reach)
{
    const bool real = pm_type_is_real(node_at(p, index)->type);
    if (pm_type_is_real(type)) {
        reach->real =
            real ? pm_real_round(reach->real, type) : pm_real_of_whole(reach->whole, type);
        return true;
    }
    return fits(reach->whole, type);
}

static bool reach_of_choice(prover *p, const pm_node *node, pm_reach *reach)
{
    const int a = node_at(p, node->first)->next, b = node_at(p, a)->next;
    int truth;
    bool reached[2] = {false, false};
    pm_reach sides[2];
    if (!truth_of(p, node->first, &truth))
        return false;
    if (truth != 0 && !(reach_where(p, node->first, true, a, &sides[0], &reached[0]) &&
                        (!reached[0] || converted(p, a, node->type, &sides[0]))))
        return false;
    if (truth != 1 && !(reach_where(p, node->first, false, b, &sides[1], &reached[1]) &&
                        (!reached[1] || converted(p, b, node->type, &sides[1]))))
        return false;
    *reach = reached[0] && reached[1] ? join(sides[0], sides[1]) : sides[reached[1]];
    return reached[0] || reached[1];
}

/* ---- operators ------------------------------------------------------------------------------- */

static bool compares(pm_op op)
{
    return op >= PM_OP_EQUAL && op <= PM_OP_GREATER_EQUAL;
}

static bool reach_of_whole_binary(prover *p, const pm_node *node, pm_reach *reach)
{
    const int first = node->first, second = node_at(p, first)->next;
    const parmap_type type = node->type;
    pm_reach a, b;
    if (!reach_of(p, first, &a) || !reach_of(p, second, &b))
        return false;
    const int bits = 8 * (int)pm_type_bytes(type);
    const bool shifts = node->op == PM_OP_SHIFT_LEFT || node->op == PM_OP_SHIFT_RIGHT;
    if (shifts && !(b.whole.low >= 0 && b.whole.high < bits))
        return false;
    if (node->op == PM_OP_REMAINDER && a.whole.low == pm_type_domain(type).min && a.whole.low < 0 &&
        b.whole.low <= -1 && b.whole.high >= -1)
        return false; /* the processor traps */
    if (node->square ? !pm_interval_square(a.whole, &reach->whole)
                     : !pm_interval_binary(node->op, a.whole, b.whole, &reach->whole))
        return false;
    return fits(reach->whole, type);
}

static bool reach_of_comparison(prover *p, const pm_node *node, pm_reach *reach)
{
    const int first = node->first, second = node_at(p, first)->next;
    pm_reach a, b;
    *reach = (pm_reach){.whole = {0, 1}};
    if (!reach_of(p, first, &a) || !reach_of(p, second, &b))
        return false;
    if (pm_type_is_real(node_at(p, first)->type) || pm_type_is_real(node_at(p, second)->type))
        return true;
    const int truth = pm_interval_compare(node->op, a.whole, b.whole);
    if (truth >= 0)
        reach->whole = (pm_interval){truth, truth};
    return true;
}

static bool reach_of_binary(prover *p, const pm_node *node, pm_reach *reach)
{
    pm_real_interval a, b;
    if (node->op == PM_OP_AND || node->op == PM_OP_OR)
        return reach_of_logic(p, node, reach);
    if (compares(node->op))
        return reach_of_comparison(p, node, reach);
    if (!pm_type_is_real(node->type))
        return reach_of_whole_binary(p, node, reach);
    if (!real_of(p, node->first, node->type, &a) ||
        !real_of(p, node_at(p, node->first)->next, node->type, &b))
        return false;
    reach->real = pm_real_binary(node->op, a, b, node->type);
    return true;
}

static bool reach_of_unary(prover *p, const pm_node *node, pm_reach *reach)
{
    int truth;
    *reach = (pm_reach){.whole = {0, 1}};
    if (node->op == PM_OP_NOT) {
        if (!truth_of(p, node->first, &truth))
            return false;
        if (truth >= 0)
            reach->whole = (pm_interval){!truth, !truth};
        return true;
    }
    pm_reach a;
    if (!reach_of(p, node->first, &a))
        return false;
    if (pm_type_is_real(node->type)) {
        reach->real = pm_real_negate(a.real);
        return true;
    }
    if (node->op == PM_OP_COMPLEMENT && node->type == PARMAP_UINT64 &&
        node_at(p, node->first)->type == PARMAP_UINT64) {
        reach->whole = (pm_interval){UINT64_MAX - a.whole.high, UINT64_MAX - a.whole.low};
        return true;
    }
    return pm_interval_unary(node->op, a.whole, &reach->whole) && fits(reach->whole, node->type);
}

/* ---- rows, calls, casts ---------------------------------------------------------------------- */

static bool reach_of_element(prover *p, const pm_node *node, pm_reach *reach)
{
    const pm_node *row = node_at(p, node->first);
    const int64_t *extent = p->parts->inputs[row->number].extent;
    pm_reach at;
    for (int index = row->next; index >= 0; index = node_at(p, index)->next, extent++)
        if (!reach_of(p, index, &at) || at.whole.low < 0 || at.whole.high >= *extent)
            return false;
    *reach = p->inputs[row->number];
    return true;
}

/* The sum of a row: every one on the way fits when the whole row of extremes does. */
static bool reach_of_sum(prover *p, const pm_node *node, pm_interval *sum)
{
    const int number = node_at(p, node->first)->number;
    const parmap_int128 elements = p->parts->inputs[number].elements;
    const pm_interval one = p->inputs[number].whole;
    const parmap_type type =
        pm_type_is_real(node->type) ? node_at(p, node->first)->type : node->type;
    const pm_interval least = {1, elements};
    return pm_interval_binary(PM_OP_MULTIPLY, one, least, sum) && fits(*sum, type);
}

static bool reach_of_row_function(prover *p, const pm_node *node, const pm_callable *callable,
                                  pm_reach *reach)
{
    const pm_node *row = node_at(p, node->first);
    const bool adds = callable->kind == PM_FUNCTION_SUM || callable->kind == PM_FUNCTION_MEAN;
    *reach = p->inputs[row->number];
    if (!adds)
        return true;
    reach->real = pm_real_any();
    return pm_type_is_real(row->type) || reach_of_sum(p, node, &reach->whole);
}

static bool reach_of_selection(prover *p, const pm_node *node, const pm_callable *callable,
                               pm_reach *reach)
{
    const bool smallest = callable->kind == PM_FUNCTION_MIN;
    for (int child = node->first; child >= 0; child = node_at(p, child)->next) {
        pm_reach one;
        if (!reach_of(p, child, &one) || !converted(p, child, node->type, &one))
            return false;
        if (child == node->first) {
            *reach = one;
            continue;
        }
        reach->real = pm_real_join(reach->real, one.real);
        if (smallest ? one.whole.low < reach->whole.low : one.whole.low > reach->whole.low)
            reach->whole.low = one.whole.low;
        if (smallest ? one.whole.high < reach->whole.high : one.whole.high > reach->whole.high)
            reach->whole.high = one.whole.high;
    }
    return true;
}

static bool reach_of_round(prover *p, const pm_node *node, const pm_callable *callable,
                           pm_reach *reach)
{
    const parmap_type type = node_at(p, node->first)->type;
    const parmap_type real = pm_type_is_real(type) ? type : PARMAP_FLOAT64;
    pm_real_interval a;
    return real_of(p, node->first, real, &a) &&
           pm_real_truncate(pm_real_call(callable, a, real), &reach->whole) &&
           fits(reach->whole, PARMAP_INT64);
}

static bool reach_of_real_call(prover *p, const pm_node *node, const pm_callable *callable,
                               pm_reach *reach)
{
    pm_real_interval first = {0}, other;
    for (int child = node->first; child >= 0; child = node_at(p, child)->next)
        if (!real_of(p, child, node->type, child == node->first ? &first : &other))
            return false;
    if (callable->kind == PM_FUNCTION_SCALE) {
        pm_reach exponent;
        if (!reach_of(p, node_at(p, node->first)->next, &exponent) ||
            !fits(exponent.whole, PARMAP_INT32))
            return false;
    }
    reach->real = pm_real_call(callable, first, node->type);
    return true;
}

static bool reach_of_call(prover *p, const pm_node *node, pm_reach *reach)
{
    const pm_callable *callable = &pm_callables[node->number];
    pm_reach a;
    if (node_at(p, node->first)->kind == PM_NODE_ROW)
        return reach_of_row_function(p, node, callable, reach);
    switch (callable->kind) {
    case PM_FUNCTION_MIN:
    case PM_FUNCTION_MAX:
        return reach_of_selection(p, node, callable, reach);
    case PM_FUNCTION_ROUND:
        return reach_of_round(p, node, callable, reach);
    case PM_FUNCTION_TEST:
    case PM_FUNCTION_EXPONENT:
        *reach = pm_reach_of_type(callable->kind == PM_FUNCTION_TEST ? PARMAP_INT8 : PARMAP_INT32);
        if (callable->kind == PM_FUNCTION_TEST)
            reach->whole = (pm_interval){0, 1};
        return reach_of(p, node->first, &a);
    case PM_FUNCTION_ABS:
        *reach = pm_reach_of_type(PARMAP_INT64);
        if (!reach_of(p, node->first, &a))
            return false;
        return pm_type_is_real(node->type) ||
               (pm_interval_abs(a.whole, &reach->whole) && fits(reach->whole, node->type));
    default:
        return reach_of_real_call(p, node, callable, reach);
    }
}

static bool reach_of_cast(prover *p, const pm_node *node, pm_reach *reach)
{
    const parmap_type type = (parmap_type)node->number;
    if (pm_type_is_real(type))
        return real_of(p, node->first, type, &reach->real);
    if (!reach_of(p, node->first, reach))
        return false;
    if (pm_type_is_real(node_at(p, node->first)->type) &&
        !pm_real_truncate(reach->real, &reach->whole))
        return false;
    return fits(reach->whole, type);
}

static bool reach_of(prover *p, int index, pm_reach *reach)
{
    const pm_node *node = node_at(p, index);
    *reach = (pm_reach){.real = {0, 0, false}};
    switch (node->kind) {
    case PM_NODE_WHOLE:
        reach->whole = (pm_interval){node->whole, node->whole};
        return true;
    case PM_NODE_REAL:
        reach->real = node->real == node->real ? (pm_real_interval){node->real, node->real, false}
                                               : pm_real_any();
        reach->real = pm_real_round(reach->real, node->type);
        return true;
    case PM_NODE_INPUT:
    case PM_NODE_ROW:
        *reach = p->inputs[node->number];
        return true;
    case PM_NODE_LET:
        *reach = p->lets[node->number];
        return true;
    case PM_NODE_UNARY:
        return reach_of_unary(p, node, reach);
    case PM_NODE_BINARY:
        return reach_of_binary(p, node, reach);
    case PM_NODE_CHOICE:
        return reach_of_choice(p, node, reach);
    case PM_NODE_CALL:
        return reach_of_call(p, node, reach);
    case PM_NODE_CAST:
        return reach_of_cast(p, node, reach);
    case PM_NODE_ELEMENT:
        return reach_of_element(p, node, reach);
    }
    return false;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* A result must fit the type in which it is stored. */
static bool prove_result(prover *p, const pm_result_part *result)
{
    pm_reach reach;
    if (!reach_of(p, result->root, &reach))
        return false;
    return pm_type_is_real(result->type) || pm_type_is_real(node_at(p, result->root)->type) ||
           fits(reach.whole, result->type);
}

bool pm_prove(const pm_parts *parts, const pm_reach *inputs)
{
    narrowed log[PM_TREE_NODES];
    prover p = {.parts = parts, .log = log};
    memcpy(p.inputs, inputs, (size_t)parts->input_count * sizeof *inputs);
    for (int i = 0; i < parts->definition_count; i++)
        if (parts->definitions[i].used && !reach_of(&p, parts->definitions[i].root, &p.lets[i]))
            return false;
    for (int i = 0; i < parts->result_count; i++)
        if (!prove_result(&p, &parts->results[i]))
            return false;
    return true;
}
