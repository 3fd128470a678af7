/* Functions, and rows. */
#include "formula/emitter.h"

#include "base/types.h"
#include "formula/functions.h"
#include "formula/types.h"

#include <stdio.h>
#include <string.h>

static const pm_node *node_at(const pm_emitter *e, int index)
{
    return &e->parts->tree.nodes[index];
}

/* ---- functions of math.h --------------------------------------------------------------------- */

/* The type in which the first argument of a function with a whole result is computed. */
static parmap_type real_type(const pm_emitter *e, int index)
{
    const parmap_type type = node_at(e, index)->type;
    return pm_type_is_real(type) ? type : PARMAP_FLOAT64;
}

/* The arguments, separated by commas. */
static void write_arguments(pm_emitter *e, const pm_node *node, const pm_callable *callable,
                            char *text, size_t room)
{
    size_t length = 0;
    text[0] = '\0';
    for (int child = node->first; child >= 0; child = node_at(e, child)->next) {
        const bool last = child != node->first;
        char value[PM_OPERAND];
        parmap_type type = node->type;
        if (last && callable->kind == PM_FUNCTION_SCALE) {
            type = node_at(e, child)->type;
            pm_emit_operand(e, child, type, value);
            pm_emit_fit(e, value, type, PARMAP_INT32);
        }
        pm_emit_operand(e, child, type, value);
        length +=
            (size_t)snprintf(text + length, room - length, "%s%s%s", last ? ", " : "",
                             last && callable->kind == PM_FUNCTION_SCALE ? "(int)" : "", value);
    }
}

static void emit_real_call(pm_emitter *e, int index, const pm_callable *callable)
{
    const pm_node *node = node_at(e, index);
    char arguments[4 * PM_OPERAND];
    const bool own = strcmp(callable->name, "lgamma") == 0;
    e->math = true;
    e->lgamma |= own;
    write_arguments(e, node, callable, arguments, sizeof arguments);
    pm_emit_line(e, "const %s t%d = %s%s%s(%s);", pm_emit_c_type(node->type), index,
                 own ? "pm_" : "", callable->name, node->type == PARMAP_FLOAT32 ? "f" : "",
                 arguments);
}

/* Functions of one real number with a whole result. */
static void emit_whole_call(pm_emitter *e, int index, const pm_callable *callable)
{
    const pm_node *node = node_at(e, index);
    const parmap_type type = real_type(e, node->first);
    const char *suffix = type == PARMAP_FLOAT32 ? "f" : "";
    char a[PM_OPERAND], name[32];
    e->math = true;
    pm_emit_operand(e, node->first, type, a);
    if (callable->kind == PM_FUNCTION_ROUND) {
        snprintf(name, sizeof name, "r%d", index);
        pm_emit_line(e, "const %s %s = %s%s(%s);", pm_emit_c_type(type), name, callable->like,
                     suffix, a);
        pm_emit_truncation(e, index, name, PARMAP_INT64);
    } else if (callable->kind == PM_FUNCTION_TEST) {
        pm_emit_line(e, "const int64_t t%d = %s(%s) != 0;", index, callable->name, a);
    } else {
        pm_emit_line(e, "const int64_t t%d = %s%s(%s);", index, callable->name, suffix, a);
    }
}

static void emit_abs(pm_emitter *e, int index)
{
    const pm_node *node = node_at(e, index);
    const char *c = pm_emit_c_type(node->type);
    char a[PM_OPERAND];
    if (pm_type_is_real(node->type)) {
        e->math = true;
        pm_emit_operand(e, node->first, node->type, a);
        pm_emit_line(e, "const %s t%d = fabs%s(%s);", c, index,
                     node->type == PARMAP_FLOAT32 ? "f" : "", a);
        return;
    }
    const parmap_type own = node_at(e, node->first)->type;
    pm_emit_operand(e, node->first, own, a);
    if (own == PARMAP_UINT64) {
        pm_emit_line(e, "const %s t%d = (%s)%s;", c, index, c, a);
        return;
    }
    if (e->checked && own == node->type)
        pm_emit_reason(e, "an overflow of %s", pm_type_name(own));
    if (e->checked && own == node->type)
        pm_emit_line(e, "bad |= %s == (%s)((%s)1 << (8 * sizeof(%s) - 1));", a, c,
                     pm_emit_unsigned(node->type), c);
    pm_emit_line(e, "const %s t%d = (%s)(%s < 0 ? 0 - (%s)%s : (%s)%s);", c, index, c, a,
                 pm_emit_unsigned(node->type), a, pm_emit_unsigned(node->type), a);
}

/* ---- the least and the most ------------------------------------------------------------------ */

/* `t = a if it is less, or NaN, else t`. */
static void emit_better(pm_emitter *e, int index, bool smallest, const char *a)
{
    const parmap_type type = node_at(e, index)->type;
    if (pm_type_is_real(type))
        pm_emit_line(e, "t%d = t%d %s %s || t%d != t%d ? t%d : %s;", index, index,
                     smallest ? "<" : ">", a, index, index, index, a);
    else
        pm_emit_line(e, "t%d = t%d %s %s ? t%d : %s;", index, index, smallest ? "<" : ">", a, index,
                     a);
}

static void emit_selection(pm_emitter *e, int index, bool smallest)
{
    const pm_node *node = node_at(e, index);
    const char *c = pm_emit_c_type(node->type);
    for (int child = node->first; child >= 0; child = node_at(e, child)->next) {
        const parmap_type own = node_at(e, child)->type;
        char a[PM_OPERAND];
        if (!pm_type_is_real(own) && !pm_type_is_real(node->type)) {
            pm_emit_operand(e, child, own, a);
            pm_emit_fit(e, a, own, node->type);
        }
        pm_emit_operand(e, child, node->type, a);
        if (child == node->first)
            pm_emit_line(e, "%s t%d = %s;", c, index, a);
        else
            emit_better(e, index, smallest, a);
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Element `at` of a row, as a value of a type. */
static void operand_of_element(const pm_emitter *e, int row, const char *at, parmap_type type,
                               char text[PM_OPERAND])
{
    const int number = node_at(e, row)->number;
    char base[PM_OPERAND];
    pm_emit_input(e, number, base);
    if (e->parts->inputs[number].type == type)
        snprintf(text, PM_OPERAND, "%.60s[%.60s]", base, at);
    else
        snprintf(text, PM_OPERAND, "(%s)%.60s[%.60s]", pm_emit_c_type(type), base, at);
}

/* t = the first; then a loop over the others, in order. */
static void emit_row_loop(pm_emitter *e, int index, parmap_type type, pm_function_kind kind)
{
    const pm_node *node = node_at(e, index);
    const char *c = pm_emit_c_type(type), *u = pm_emit_unsigned(type);
    const int64_t elements = e->parts->inputs[node_at(e, node->first)->number].elements;
    char first[PM_OPERAND], one[PM_OPERAND];
    operand_of_element(e, node->first, "0", type, first);
    operand_of_element(e, node->first, "k", type, one);
    if (kind == PM_FUNCTION_SUM && !pm_type_is_real(type))
        pm_emit_reason(e, "an overflow of %s", pm_type_name(type));
    pm_emit_line(e, "%s t%d = %s;", c, index, first);
    pm_emit_line(e, "for (int64_t k = 1; k < %lld; k++)", (long long)elements);
    e->depth++;
    if (kind == PM_FUNCTION_MIN || kind == PM_FUNCTION_MAX)
        emit_better(e, index, kind == PM_FUNCTION_MIN, one);
    else if (pm_type_is_real(type))
        pm_emit_line(e, "t%d = t%d + %s;", index, index, one);
    else if (e->checked)
        pm_emit_line(e, "bad |= __builtin_add_overflow(t%d, %s, &t%d);", index, one, index);
    else
        pm_emit_line(e, "t%d = (%s)((%s)t%d + (%s)%s);", index, c, u, index, u, one);
    e->depth--;
}

/* The mean is the sum, converted, by the count. */
static void emit_mean(pm_emitter *e, int index)
{
    const pm_node *node = node_at(e, index), *row = node_at(e, node->first);
    const char *c = pm_emit_c_type(node->type);
    char count[PM_OPERAND];
    pm_emit_number(e->parts->inputs[row->number].elements, node->type, count);
    pm_emit_line(e, "%s m%d;", c, index);
    pm_emit_line(e, "{");
    e->depth++;
    emit_row_loop(e, index, row->type, PM_FUNCTION_SUM);
    pm_emit_line(e, "m%d = (%s)t%d / %s;", index, c, index, count);
    e->depth--;
    pm_emit_line(e, "}");
    pm_emit_line(e, "const %s t%d = m%d;", c, index, index);
}

/* The place of an element in the row, counted over all dimensions; in checked bodies -1 for one
 * that is not there. */
static void emit_place(pm_emitter *e, int index)
{
    const pm_node *row = node_at(e, node_at(e, index)->first);
    const int64_t *extent = e->parts->inputs[row->number].extent;
    pm_emit_line(e, "int64_t k%d = 0;", index);
    for (int at = row->next; at >= 0; at = node_at(e, at)->next, extent++) {
        const parmap_type type = pm_emit_own_type(e, at, PARMAP_INT64);
        char k[PM_OPERAND];
        pm_emit_operand(e, at, type, k);
        if (e->checked && node_at(e, at)->kind != PM_NODE_WHOLE) {
            pm_emit_reason(e, "an index outside the row");
            pm_emit_line(e, "bad |= %s < 0 || %s >= %lld;", k, k, (long long)*extent);
        }
        pm_emit_line(e, "k%d = (int64_t)((uint64_t)k%d * %lld + (uint64_t)%s);", index, index,
                     (long long)*extent, k);
    }
    if (e->checked) /* any that is there, where one is not */
        pm_emit_line(e, "k%d = k%d >= 0 && k%d < %lld ? k%d : 0;", index, index, index,
                     (long long)e->parts->inputs[row->number].elements, index);
}

void pm_emit_element(pm_emitter *e, int index)
{
    const pm_node *node = node_at(e, index);
    char k[PM_OPERAND], value[PM_OPERAND];
    emit_place(e, index);
    snprintf(k, sizeof k, "k%d", index);
    operand_of_element(e, node->first, k, node->type, value);
    pm_emit_line(e, "const %s t%d = %s;", pm_emit_c_type(node->type), index, value);
}

void pm_emit_call(pm_emitter *e, int index)
{
    const pm_node *node = node_at(e, index);
    const pm_callable *callable = &pm_callables[node->number];
    const bool row = node_at(e, node->first)->kind == PM_NODE_ROW;
    switch (callable->kind) {
    case PM_FUNCTION_ABS:
        emit_abs(e, index);
        return;
    case PM_FUNCTION_MEAN:
        emit_mean(e, index);
        return;
    case PM_FUNCTION_SUM:
        emit_row_loop(e, index, node->type, PM_FUNCTION_SUM);
        return;
    case PM_FUNCTION_MIN:
    case PM_FUNCTION_MAX:
        if (row)
            emit_row_loop(e, index, node->type, callable->kind);
        else
            emit_selection(e, index, callable->kind == PM_FUNCTION_MIN);
        return;
    case PM_FUNCTION_ROUND:
    case PM_FUNCTION_TEST:
    case PM_FUNCTION_EXPONENT:
        emit_whole_call(e, index, callable);
        return;
    default:
        emit_real_call(e, index, callable);
        return;
    }
}
