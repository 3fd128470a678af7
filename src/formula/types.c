/* Types from the leaves up. */
#include "formula/types.h"

#include "base/text.h"
#include "base/types.h"
#include "formula/functions.h"

/* What the whole formula shares. */
typedef struct typing {
    pm_parts *parts;
    pm_tree *tree;
    parmap_type whole; /* W */
    parmap_type real;  /* R */
} typing;

/* ---- relations of types ---------------------------------------------------------------------- */

parmap_type pm_types_carrier(parmap_type type)
{
    if (type == PARMAP_UINT64 || type == PARMAP_INT128 || pm_type_is_real(type))
        return type;
    return PARMAP_INT64;
}

static int rank(parmap_type type)
{
    return type == PARMAP_INT128 || type == PARMAP_FLOAT64 ? 2 : type == PARMAP_UINT64 ? 1 : 0;
}

parmap_type pm_types_wider(parmap_type a, parmap_type b)
{
    return rank(b) > rank(a) ? b : a;
}

bool pm_types_holds(parmap_type type, parmap_type other)
{
    return type == other || type == PARMAP_INT128;
}

parmap_type pm_types_common(parmap_type a, parmap_type b)
{
    return a == b ? a : PARMAP_INT128;
}

bool pm_types_fits(parmap_int128 value, parmap_type type)
{
    const parmap_domain domain = pm_type_domain(type);
    return value >= domain.min && value <= domain.max;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static pm_node *node_at(const typing *t, int index)
{
    return &t->tree->nodes[index];
}

static bool is_real(const typing *t, int index)
{
    return pm_type_is_real(node_at(t, index)->type);
}

/* Gives a real constant, and what was computed from such ones alone, the type of what it met. */
static void settle(typing *t, int index, parmap_type type)
{
    pm_node *node = node_at(t, index);
    if (!node->loose)
        return;
    node->loose = false;
    node->type = type;
    for (int child = node->first; child >= 0; child = node_at(t, child)->next)
        settle(t, child, type);
}

static parmap_status fail_constant(const pm_node *node, parmap_type type)
{
    char text[PM_NUMBER_TEXT];
    return pm_script_fail(node->place, "%s does not fit %s, in which this is computed; %s",
                          pm_format_int128(text, node->whole), pm_type_name(type),
                          type == PARMAP_UINT64 ? "use --type int64 or int128"
                                                : "use --type int128, or write it with a point");
}

/* The type of real operands, from child `first` on; whole ones are converted to it. */
static void unify_reals(typing *t, int index, int first)
{
    pm_node *node = node_at(t, index);
    bool known = false, loose = true;
    parmap_type type = PARMAP_FLOAT32;
    for (int child = first; child >= 0; child = node_at(t, child)->next) {
        const pm_node *operand = node_at(t, child);
        if (pm_type_is_real(operand->type) && !operand->loose) {
            type = pm_types_wider(type, operand->type);
            known = true;
        }
        loose &= operand->loose || operand->kind == PM_NODE_WHOLE;
    }
    node->type = known ? type : t->real;
    node->loose = loose;
    for (int child = first; child >= 0 && !loose; child = node_at(t, child)->next)
        settle(t, child, node->type);
}

/* The type of whole operands from child `first` on, at least `least`; constants must fit it. */
static parmap_status unify_wholes(typing *t, int index, int first, parmap_type least, bool strict)
{
    pm_node *node = node_at(t, index);
    node->type = least;
    for (int child = first; child >= 0; child = node_at(t, child)->next)
        if (node_at(t, child)->kind != PM_NODE_WHOLE)
            node->type = pm_types_wider(node->type, node_at(t, child)->type);
    for (int child = first; child >= 0; child = node_at(t, child)->next) {
        const pm_node *operand = node_at(t, child);
        if (operand->kind == PM_NODE_WHOLE && !pm_types_fits(operand->whole, node->type) &&
            (strict || !pm_types_fits(operand->whole, PARMAP_INT64)))
            return fail_constant(operand, node->type);
    }
    return PARMAP_OK;
}

static bool any_real(const typing *t, int first)
{
    for (int child = first; child >= 0; child = node_at(t, child)->next)
        if (is_real(t, child))
            return true;
    return false;
}

static parmap_status need_wholes(const typing *t, int first, const char *what, const char *instead)
{
    for (int child = first; child >= 0; child = node_at(t, child)->next)
        if (is_real(t, child))
            return pm_script_fail(node_at(t, child)->place,
                                  "%s takes whole numbers, and this is real; %s", what, instead);
    return PARMAP_OK;
}

/* One of several numbers: a choice, min, max. */
static parmap_status type_selection(typing *t, int index, int first)
{
    if (any_real(t, first)) {
        unify_reals(t, index, first);
        return PARMAP_OK;
    }
    return unify_wholes(t, index, first, PARMAP_INT64, true);
}

/* ---- operators ------------------------------------------------------------------------------- */

static parmap_status type_unary(typing *t, int index)
{
    pm_node *node = node_at(t, index);
    if (node->op == PM_OP_NOT) {
        settle(t, node->first, t->real);
        node->type = PARMAP_INT64;
        return PARMAP_OK;
    }
    if (node->op == PM_OP_COMPLEMENT)
        PM_TRY(need_wholes(t, node->first, "~", "convert it with int64(...)"));
    if (any_real(t, node->first)) {
        unify_reals(t, index, node->first);
        return PARMAP_OK;
    }
    return unify_wholes(t, index, node->first, t->whole, false);
}

static parmap_status type_comparison(typing *t, int index)
{
    pm_node *node = node_at(t, index);
    if (any_real(t, node->first)) {
        unify_reals(t, index, node->first);
        for (int child = node->first; child >= 0; child = node_at(t, child)->next)
            settle(t, child, node->type);
    }
    node->loose = false;
    node->type = PARMAP_INT64;
    return PARMAP_OK;
}

static parmap_status type_power(typing *t, int index)
{
    pm_node *node = node_at(t, index);
    const pm_node *exponent = node_at(t, pm_tree_child(t->tree, index, 1));
    if (any_real(t, node->first)) {
        unify_reals(t, index, node->first);
        return PARMAP_OK;
    }
    if (exponent->kind == PM_NODE_WHOLE && exponent->whole < 0)
        return pm_script_fail(node->place,
                              "a whole number to a negative power is no whole number; "
                              "write float64(...)**%d",
                              exponent->whole > -100 ? (int)exponent->whole : -1);
    return unify_wholes(t, index, node->first, t->whole, false);
}

static parmap_status type_shift(typing *t, int index)
{
    pm_node *node = node_at(t, index);
    const pm_node *count = node_at(t, pm_tree_child(t->tree, index, 1));
    PM_TRY(need_wholes(t, node->first, "a shift", "convert it with int64(...)"));
    PM_TRY(unify_wholes(t, index, node->first, t->whole, false));
    const int bits = 8 * (int)pm_type_bytes(node->type);
    if (count->kind == PM_NODE_WHOLE && (count->whole < 0 || count->whole >= bits))
        return pm_script_fail(count->place, "%s has %d bits; shift by 0 to %d",
                              pm_type_name(node->type), bits, bits - 1);
    return PARMAP_OK;
}

static parmap_status type_arithmetic(typing *t, int index)
{
    pm_node *node = node_at(t, index);
    const pm_node *second = node_at(t, pm_tree_child(t->tree, index, 1));
    const bool divides = node->op == PM_OP_DIVIDE || node->op == PM_OP_REMAINDER;
    if (node->op == PM_OP_REMAINDER)
        PM_TRY(need_wholes(t, node->first, "%", "for real numbers write fmod(a, b)"));
    if (any_real(t, node->first)) {
        unify_reals(t, index, node->first);
        return PARMAP_OK;
    }
    if (divides && second->kind == PM_NODE_WHOLE && second->whole == 0)
        return pm_script_fail(node->place, "this divides by zero; change the divisor");
    if (node->op == PM_OP_DIVIDE)
        pm_parts_note_division(t->parts, node->place);
    node->square = node->op == PM_OP_MULTIPLY &&
                   pm_tree_same(t->tree, node->first, pm_tree_child(t->tree, index, 1));
    return unify_wholes(t, index, node->first, t->whole, false);
}

static parmap_status type_binary(typing *t, int index)
{
    pm_node *node = node_at(t, index);
    switch (node->op) {
    case PM_OP_OR:
    case PM_OP_AND:
        for (int child = node->first; child >= 0; child = node_at(t, child)->next)
            settle(t, child, t->real);
        node->type = PARMAP_INT64;
        return PARMAP_OK;
    case PM_OP_BIT_OR:
    case PM_OP_BIT_XOR:
    case PM_OP_BIT_AND:
        PM_TRY(need_wholes(t, node->first, pm_operators[node->op].text,
                           node->op == PM_OP_BIT_XOR ? "a power is written **"
                                                     : "to join conditions write && and ||"));
        return unify_wholes(t, index, node->first, t->whole, false);
    case PM_OP_SHIFT_LEFT:
    case PM_OP_SHIFT_RIGHT:
        return type_shift(t, index);
    case PM_OP_POWER:
        return type_power(t, index);
    case PM_OP_ADD:
    case PM_OP_SUBTRACT:
    case PM_OP_MULTIPLY:
    case PM_OP_DIVIDE:
    case PM_OP_REMAINDER:
        return type_arithmetic(t, index);
    default:
        return type_comparison(t, index);
    }
}

/* ---- inputs and calls ------------------------------------------------------------------------ */

/* The type in which the numbers of an input are computed. */
static parmap_type input_type(const typing *t, int number)
{
    const parmap_type type = t->parts->inputs[number].type;
    return pm_type_is_real(type) ? t->real : pm_types_carrier(type);
}

/* As it is written for so many dimensions. */
static const char *first_element(const pm_free_name *input)
{
    return &"[0][0][0]"[3 * (PARMAP_RANK - input->rank)];
}

static parmap_status type_input(typing *t, int index)
{
    pm_node *node = node_at(t, index);
    const pm_free_name *input = &t->parts->inputs[node->number];
    if (node->kind == PM_NODE_INPUT && input->elements != 1)
        return pm_script_fail(node->place,
                              "%s is a row of %lld numbers; write %s%s for one of them, or "
                              "sum(%s) and the like",
                              input->name, (long long)input->elements, input->name,
                              first_element(input), input->name);
    if (node->kind == PM_NODE_ROW && input->rank == 0)
        return pm_script_fail(node->place, "%s is a number, not a row; write %s alone", input->name,
                              input->name);
    node->type = input_type(t, node->number);
    return PARMAP_OK;
}

/* One index of an element. */
static parmap_status check_index(const typing *t, int index, const pm_free_name *input,
                                 int dimension)
{
    const pm_node *at = node_at(t, index);
    const int64_t extent = input->extent[dimension];
    if (pm_type_is_real(at->type))
        return pm_script_fail(at->place, "an index is a whole number, and this is real; convert it "
                                         "with int64(...)");
    if (at->kind != PM_NODE_WHOLE || (at->whole >= 0 && at->whole < extent))
        return PARMAP_OK;
    if (input->rank == 1)
        return pm_script_fail(at->place, "%s has %lld numbers; write %s[0] to %s[%lld]",
                              input->name, (long long)extent, input->name, input->name,
                              (long long)extent - 1);
    return pm_script_fail(at->place, "%s has %lld numbers here; count from 0 to %lld", input->name,
                          (long long)extent, (long long)extent - 1);
}

static parmap_status type_element(typing *t, int index)
{
    pm_node *node = node_at(t, index);
    const pm_node *row = node_at(t, node->first);
    const pm_free_name *input = &t->parts->inputs[row->number];
    const int indices = pm_tree_child_count(t->tree, index) - 1;
    int dimension = 0;
    if (indices != input->rank)
        return pm_script_fail(
            node->place, "%s has %d dimension%s; write %s%s for one of its numbers", input->name,
            input->rank, input->rank == 1 ? "" : "s", input->name, first_element(input));
    for (int at = row->next; at >= 0; at = node_at(t, at)->next)
        PM_TRY(check_index(t, at, input, dimension++));
    node->type = row->type;
    return PARMAP_OK;
}

static parmap_status type_reals(typing *t, int index, const pm_callable *callable)
{
    pm_node *node = node_at(t, index);
    const pm_node *last = node_at(t, pm_tree_child(t->tree, index, callable->least - 1));
    if (callable->kind == PM_FUNCTION_SCALE) {
        if (pm_type_is_real(last->type))
            return pm_script_fail(last->place,
                                  "the exponent of %s is a whole number, and this is "
                                  "real; convert it with int64(...)",
                                  callable->name);
        settle(t, node->first, t->real);
        node->type = is_real(t, node->first) ? node_at(t, node->first)->type : t->real;
        return PARMAP_OK;
    }
    unify_reals(t, index, node->first);
    for (int child = node->first; child >= 0; child = node_at(t, child)->next)
        settle(t, child, node->type);
    node->loose = false;
    return PARMAP_OK;
}

static parmap_status type_call(typing *t, int index)
{
    pm_node *node = node_at(t, index);
    const pm_callable *callable = &pm_callables[node->number];
    switch (callable->kind) {
    case PM_FUNCTION_REAL:
    case PM_FUNCTION_NEXT:
    case PM_FUNCTION_SCALE:
        return type_reals(t, index, callable);
    case PM_FUNCTION_EXPONENT:
    case PM_FUNCTION_TEST:
    case PM_FUNCTION_ROUND:
        settle(t, node->first, t->real);
        node->type = PARMAP_INT64;
        return PARMAP_OK;
    case PM_FUNCTION_MEAN:
        node->type = t->real;
        return PARMAP_OK;
    case PM_FUNCTION_MIN:
    case PM_FUNCTION_MAX:
        return type_selection(t, index, node->first);
    default: /* abs, sum */
        if (any_real(t, node->first)) {
            unify_reals(t, index, node->first);
            return PARMAP_OK;
        }
        return unify_wholes(t, index, node->first, t->whole, false);
    }
}

static parmap_status type_cast(typing *t, int index)
{
    pm_node *node = node_at(t, index);
    const parmap_type type = (parmap_type)node->number;
    const pm_node *value = node_at(t, node->first);
    settle(t, node->first, pm_type_is_real(type) ? type : t->real);
    node->type = pm_types_carrier(type);
    if (value->kind == PM_NODE_WHOLE && !pm_type_is_real(type) &&
        !pm_types_fits(value->whole, type))
        return pm_script_fail(value->place, "this does not fit %s; convert it to a wider type",
                              pm_type_name(type));
    return PARMAP_OK;
}

static parmap_status type_node(typing *t, int index)
{
    pm_node *node = node_at(t, index);
    node->loose = false;
    node->square = false;
    switch (node->kind) {
    case PM_NODE_WHOLE:
        node->type = pm_types_fits(node->whole, PARMAP_INT64)    ? PARMAP_INT64
                     : pm_types_fits(node->whole, PARMAP_UINT64) ? PARMAP_UINT64
                                                                 : PARMAP_INT128;
        return PARMAP_OK;
    case PM_NODE_REAL:
        node->type = t->real;
        node->loose = true;
        return PARMAP_OK;
    case PM_NODE_INPUT:
    case PM_NODE_ROW:
        return type_input(t, index);
    case PM_NODE_LET:
        node->type = node_at(t, t->parts->definitions[node->number].root)->type;
        return PARMAP_OK;
    case PM_NODE_UNARY:
        return type_unary(t, index);
    case PM_NODE_BINARY:
        return type_binary(t, index);
    case PM_NODE_CHOICE:
        settle(t, node->first, t->real);
        return type_selection(t, index, node_at(t, node->first)->next);
    case PM_NODE_CALL:
        return type_call(t, index);
    case PM_NODE_CAST:
        return type_cast(t, index);
    case PM_NODE_ELEMENT:
        return type_element(t, index);
    }
    return PARMAP_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool is_narrow(parmap_type type)
{
    return pm_type_is_real(type) ? type == PARMAP_FLOAT32 : pm_type_bytes(type) <= 2;
}

static typing common_types(pm_parts *parts, parmap_type wanted)
{
    typing t = {parts, &parts->tree, PARMAP_INT64, PARMAP_FLOAT64};
    bool all_narrow = true, some_real = false;
    for (int i = 0; i < parts->input_count; i++) {
        const parmap_type type = parts->inputs[i].type;
        all_narrow &= is_narrow(type);
        some_real |= pm_type_is_real(type);
        if (!pm_type_is_real(type))
            t.whole = pm_types_wider(t.whole, pm_types_carrier(type));
    }
    if (wanted != PARMAP_TYPES && !pm_type_is_real(wanted))
        t.whole = pm_types_wider(t.whole, pm_types_carrier(wanted));
    if (all_narrow && some_real && wanted != PARMAP_FLOAT64)
        t.real = PARMAP_FLOAT32;
    return t;
}

/* The node that a result is, behind the names of lets. */
static const pm_node *behind_lets(const pm_parts *parts, int index)
{
    while (parts->tree.nodes[index].kind == PM_NODE_LET)
        index = parts->definitions[parts->tree.nodes[index].number].root;
    return &parts->tree.nodes[index];
}

static parmap_status type_result(typing *t, pm_result_part *result, parmap_type wanted)
{
    const bool typed = wanted != PARMAP_TYPES;
    settle(t, result->root, typed && pm_type_is_real(wanted) ? wanted : t->real);
    const pm_node *node = behind_lets(t->parts, result->root);
    const bool real = pm_type_is_real(node->type);
    if (node->kind == PM_NODE_CAST)
        result->type = (parmap_type)node->number;
    else if (real)
        result->type = typed && pm_type_is_real(wanted) ? wanted : node->type;
    else if (node->kind == PM_NODE_WHOLE)
        result->type = typed ? wanted : t->whole;
    else
        result->type = typed ? wanted : node->type;
    if (node->kind == PM_NODE_WHOLE && !pm_type_is_real(result->type) &&
        !pm_types_fits(node->whole, result->type))
        return fail_constant(node, result->type);
    return PARMAP_OK;
}

parmap_status pm_types_set(pm_parts *parts, parmap_type wanted)
{
    typing t = common_types(parts, wanted);
    for (int i = 0; i < parts->tree.count; i++) {
        PM_TRY(type_node(&t, i));
        for (int d = 0; d < parts->definition_count; d++)
            if (parts->definitions[d].root == i)
                settle(&t, i, t.real);
    }
    for (int i = 0; i < parts->result_count; i++)
        PM_TRY(type_result(&t, &parts->results[i], wanted));
    return PARMAP_OK;
}
