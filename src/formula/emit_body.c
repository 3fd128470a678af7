/* Nodes -> statements. */
#include "formula/emit_body.h"

#include "base/types.h"
#include "formula/functions.h"
#include "formula/types.h"

#include <stdio.h>

static const pm_node *node_at(const pm_emitter *e, int index)
{
    return &e->parts->tree.nodes[index];
}

/* ---- what needs no condition ------------------------------------------------------------------
 */

static bool harmless_node(const pm_emitter *e, const pm_node *node)
{
    const bool whole = !pm_type_is_real(node->type);
    switch (node->kind) {
    case PM_NODE_UNARY:
        return !e->checked || !whole || node->op == PM_OP_NOT;
    case PM_NODE_BINARY:
        if (!whole)
            return node->op != PM_OP_POWER;
        if (node->op >= PM_OP_EQUAL && node->op <= PM_OP_GREATER_EQUAL)
            return true;
        if (node->op == PM_OP_ADD || node->op == PM_OP_SUBTRACT || node->op == PM_OP_MULTIPLY)
            return !e->checked; /* it wraps round, where nobody looks */
        return node->op >= PM_OP_BIT_OR && node->op <= PM_OP_BIT_AND && !e->checked;
    case PM_NODE_CALL:
        return pm_callables[node->number].quick && node_at(e, node->first)->kind != PM_NODE_ROW &&
               pm_callables[node->number].kind != PM_FUNCTION_ROUND && (!e->checked || !whole);
    case PM_NODE_CAST:
        return !whole ? true : !e->checked && !pm_type_is_real(node_at(e, node->first)->type);
    case PM_NODE_CHOICE:
        return !e->checked || !whole;
    case PM_NODE_ELEMENT:
        return node_at(e, node_at(e, node->first)->next)->kind == PM_NODE_WHOLE;
    default:
        return true;
    }
}

bool pm_emit_is_harmless(const pm_emitter *e, int index)
{
    if (!harmless_node(e, node_at(e, index)))
        return false;
    for (int child = node_at(e, index)->first; child >= 0; child = node_at(e, child)->next)
        if (!pm_emit_is_harmless(e, child))
            return false;
    return true;
}

/* ---- conditions ------------------------------------------------------------------------------ */

static void condition(const pm_emitter *e, int index, char text[PM_OPERAND])
{
    char value[PM_OPERAND];
    pm_emit_operand(e, index, node_at(e, index)->type, value);
    snprintf(text, PM_OPERAND, "%.120s != 0", value);
}

/* && and ||: the second operand only where the first does not decide. */
static void emit_logic(pm_emitter *e, int index)
{
    const pm_node *node = node_at(e, index);
    const int first = node->first, second = node_at(e, first)->next;
    const bool both = node->op == PM_OP_AND;
    char a[PM_OPERAND], b[PM_OPERAND];
    pm_emit_node(e, first);
    condition(e, first, a);
    if (pm_emit_is_harmless(e, second)) {
        pm_emit_node(e, second);
        condition(e, second, b);
        pm_emit_line(e, "const int64_t t%d = (%s) %c (%s);", index, a, both ? '&' : '|', b);
        return;
    }
    pm_emit_line(e, "int64_t t%d = %d;", index, !both);
    pm_emit_line(e, both ? "if (%s) {" : "if (!(%s)) {", a);
    e->depth++;
    pm_emit_node(e, second);
    condition(e, second, b);
    pm_emit_line(e, "t%d = %s;", index, b);
    e->depth--;
    pm_emit_line(e, "}");
}

/* t<index> = the value of one side of a choice. */
static void emit_side(pm_emitter *e, int index, int side)
{
    const parmap_type type = node_at(e, index)->type, own = node_at(e, side)->type;
    char value[PM_OPERAND];
    pm_emit_node(e, side);
    if (!pm_type_is_real(own) && !pm_type_is_real(type)) {
        pm_emit_operand(e, side, own, value);
        pm_emit_fit(e, value, own, type);
    }
    pm_emit_operand(e, side, type, value);
    pm_emit_line(e, "t%d = %s;", index, value);
}

static void emit_choice(pm_emitter *e, int index)
{
    const pm_node *node = node_at(e, index);
    const int a = node_at(e, node->first)->next, b = node_at(e, a)->next;
    const char *c = pm_emit_c_type(node->type);
    const bool fits = pm_emit_own_type(e, a, node->type) == node->type &&
                      pm_emit_own_type(e, b, node->type) == node->type;
    char when[PM_OPERAND], x[PM_OPERAND], y[PM_OPERAND];
    pm_emit_node(e, node->first);
    condition(e, node->first, when);
    if (pm_emit_is_harmless(e, a) && pm_emit_is_harmless(e, b) && (fits || !e->checked)) {
        pm_emit_node(e, a);
        pm_emit_node(e, b);
        pm_emit_operand(e, a, node->type, x);
        pm_emit_operand(e, b, node->type, y);
        pm_emit_line(e, "const %s t%d = %s ? %s : %s;", c, index, when, x, y);
        return;
    }
    pm_emit_line(e, "%s t%d;", c, index);
    pm_emit_line(e, "if (%s) {", when);
    e->depth++;
    emit_side(e, index, a);
    e->depth--;
    pm_emit_line(e, "} else {");
    e->depth++;
    emit_side(e, index, b);
    e->depth--;
    pm_emit_line(e, "}");
}

/* ---- real arithmetic, casts ------------------------------------------------------------------ */

static void emit_real_binary(pm_emitter *e, int index)
{
    const pm_node *node = node_at(e, index);
    const char *c = pm_emit_c_type(node->type);
    char a[PM_OPERAND], b[PM_OPERAND];
    pm_emit_operand(e, node->first, node->type, a);
    pm_emit_operand(e, node_at(e, node->first)->next, node->type, b);
    if (node->op == PM_OP_POWER) {
        e->math = true;
        pm_emit_line(e, "const %s t%d = pow%s(%s, %s);", c, index,
                     node->type == PARMAP_FLOAT32 ? "f" : "", a, b);
        return;
    }
    pm_emit_line(e, "const %s t%d = %s %s %s;", c, index, a, pm_operators[node->op].text, b);
}

static void emit_unary(pm_emitter *e, int index)
{
    const pm_node *node = node_at(e, index);
    char a[PM_OPERAND];
    if (!pm_type_is_real(node->type)) {
        pm_emit_whole_unary(e, index);
        return;
    }
    pm_emit_operand(e, node->first, node->type, a);
    pm_emit_line(e, "const %s t%d = -%s;", pm_emit_c_type(node->type), index, a);
}

static void emit_cast(pm_emitter *e, int index)
{
    const pm_node *node = node_at(e, index);
    const parmap_type to = (parmap_type)node->number, from = node_at(e, node->first)->type;
    const char *c = pm_emit_c_type(node->type);
    char a[PM_OPERAND];
    if (pm_type_is_real(to)) {
        pm_emit_operand(e, node->first, to, a);
        pm_emit_line(e, "const %s t%d = %s;", c, index, a);
        return;
    }
    pm_emit_operand(e, node->first, from, a);
    if (pm_type_is_real(from)) {
        pm_emit_truncation(e, index, a, to);
        return;
    }
    pm_emit_fit(e, a, from, to);
    pm_emit_line(e, "const %s t%d = (%s)%s;", c, index, c, a);
}

/* ---- all nodes ------------------------------------------------------------------------------- */

void pm_emit_node(pm_emitter *e, int index)
{
    const pm_node *node = node_at(e, index);
    if (node->kind == PM_NODE_CHOICE) {
        emit_choice(e, index);
        return;
    }
    if (node->kind == PM_NODE_BINARY && (node->op == PM_OP_AND || node->op == PM_OP_OR)) {
        emit_logic(e, index);
        return;
    }
    for (int child = node->first; child >= 0; child = node_at(e, child)->next)
        pm_emit_node(e, child);
    switch (node->kind) {
    case PM_NODE_UNARY:
        emit_unary(e, index);
        break;
    case PM_NODE_BINARY:
        if (pm_type_is_real(node->type))
            emit_real_binary(e, index);
        else
            pm_emit_whole_binary(e, index);
        break;
    case PM_NODE_CALL:
        pm_emit_call(e, index);
        break;
    case PM_NODE_CAST:
        emit_cast(e, index);
        break;
    case PM_NODE_ELEMENT:
        pm_emit_element(e, index);
        break;
    default: /* numbers and names stand where they are used */
        break;
    }
}

static void emit_result(pm_emitter *e, int number)
{
    const pm_result_part *result = &e->parts->results[number];
    const parmap_type own = node_at(e, result->root)->type;
    const bool whole = !pm_type_is_real(own) && !pm_type_is_real(result->type);
    char value[PM_OPERAND], member[32] = "*y";
    pm_emit_node(e, result->root);
    pm_emit_operand(e, result->root, own, value);
    if (whole && node_at(e, result->root)->kind != PM_NODE_WHOLE)
        pm_emit_fit(e, value, own, result->type);
    pm_emit_operand(e, result->root, whole ? own : result->type, value);
    if (e->parts->result_count > 1 || e->parts->results[0].name[0] != '\0')
        snprintf(member, sizeof member, "y->r%d", number);
    pm_emit_line(e, "%s = (%s)%s;", member, pm_emit_c_type(result->type), value);
}

void pm_emit_body(pm_emitter *e)
{
    e->depth = 1;
    for (int i = 0; i < e->parts->definition_count; i++) {
        const pm_definition *definition = &e->parts->definitions[i];
        const pm_node *root = node_at(e, definition->root);
        char value[PM_OPERAND];
        if (!definition->used || root->kind == PM_NODE_WHOLE || root->kind == PM_NODE_REAL)
            continue;
        pm_emit_node(e, definition->root);
        pm_emit_operand(e, definition->root, root->type, value);
        pm_emit_line(e, "const %s l%d = %s;", pm_emit_c_type(root->type), i, value);
    }
    for (int i = 0; i < e->parts->result_count; i++)
        emit_result(e, i);
}
