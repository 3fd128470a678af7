/* Names, numbers and conversions in C. */
#include "formula/emitter.h"

#include "base/text.h"
#include "base/types.h"
#include "formula/types.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *pm_emit_c_type(parmap_type type)
{
    static const char *const names[PARMAP_TYPES] = {
        [PARMAP_INT8] = "int8_t",          [PARMAP_UINT8] = "uint8_t",
        [PARMAP_INT16] = "int16_t",        [PARMAP_UINT16] = "uint16_t",
        [PARMAP_INT32] = "int32_t",        [PARMAP_UINT32] = "uint32_t",
        [PARMAP_INT64] = "int64_t",        [PARMAP_UINT64] = "uint64_t",
        [PARMAP_INT128] = "parmap_int128", [PARMAP_FLOAT32] = "float",
        [PARMAP_FLOAT64] = "double"};
    return names[type];
}

const char *pm_emit_unsigned(parmap_type type)
{
    return type == PARMAP_INT128 ? "parmap_uint128" : "uint64_t";
}

void pm_emit_line(pm_emitter *e, const char *format, ...)
{
    va_list arguments;
    /* deep blocks are not indented further: the text would grow with the square of the depth */
    pm_write(e->out, "%*s", 4 * (e->depth < 10 ? e->depth : 10), "");
    va_start(arguments, format);
    pm_write_list(e->out, format, arguments);
    va_end(arguments);
    pm_write_text(e->out, "\n", 1);
}

void pm_emit_reason(pm_emitter *e, const char *format, ...)
{
    char reason[PM_REASON_TEXT];
    va_list arguments;
    if (!e->checked)
        return;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    for (int i = 0; i < e->reason_count; i++)
        if (strcmp(e->reasons[i], reason) == 0)
            return;
    if (e->reason_count < PM_REASONS)
        memcpy(e->reasons[e->reason_count++], reason, sizeof reason);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void write_real(double value, float value32, parmap_type type, char text[PM_OPERAND])
{
    const double number = type == PARMAP_FLOAT32 ? (double)value32 : value;
    const char *suffix = type == PARMAP_FLOAT32 ? "f" : "";
    if (isnan(number))
        snprintf(text, PM_OPERAND, "__builtin_nan%s(\"\")", suffix);
    else if (isinf(number))
        snprintf(text, PM_OPERAND, "(%s__builtin_inf%s())", number < 0 ? "-" : "", suffix);
    else
        snprintf(text, PM_OPERAND, "%s%a%s%s", signbit(number) ? "(" : "", number, suffix,
                 signbit(number) ? ")" : "");
}

static void write_whole(parmap_int128 value, parmap_type type, char text[PM_OPERAND])
{
    const uint64_t high = (uint64_t)((parmap_uint128)value >> 64), low = (uint64_t)value;
    char digits[PM_NUMBER_TEXT];
    pm_format_int128(digits, value);
    if (pm_types_fits(value, PARMAP_INT64) && value != INT64_MIN)
        snprintf(text, PM_OPERAND, "(%s)%s", pm_emit_c_type(type), digits);
    else if (pm_types_fits(value, PARMAP_UINT64))
        snprintf(text, PM_OPERAND, "(%s)%sU", pm_emit_c_type(type), digits);
    else
        snprintf(text, PM_OPERAND, "(%s)((parmap_uint128)0x%llxU << 64 | 0x%llxU)",
                 pm_emit_c_type(type), (unsigned long long)high, (unsigned long long)low);
}

void pm_emit_number(parmap_int128 value, parmap_type type, char text[PM_OPERAND])
{
    char digits[PM_NUMBER_TEXT];
    if (!pm_type_is_real(type)) {
        write_whole(value, type, text);
        return;
    }
    pm_format_int128(digits, value);
    snprintf(text, PM_OPERAND, "(%s.0%s)", digits, type == PARMAP_FLOAT32 ? "f" : "");
}

/* ---- operands -------------------------------------------------------------------------------- */

void pm_emit_input(const pm_emitter *e, int number, char text[PM_OPERAND])
{
    if (e->parts->input_count > 1)
        snprintf(text, PM_OPERAND, "x->i%d", number);
    else
        snprintf(text, PM_OPERAND, "%s", e->parts->inputs[number].rank > 0 ? "x->at" : "x");
}

parmap_type pm_emit_own_type(const pm_emitter *e, int index, parmap_type type)
{
    const pm_node *node = &e->parts->tree.nodes[index];
    if (node->kind == PM_NODE_WHOLE)
        return pm_types_fits(node->whole, type) ? type : node->type;
    return pm_types_holds(type, node->type) ? type : node->type;
}

void pm_emit_operand(const pm_emitter *e, int index, parmap_type type, char text[PM_OPERAND])
{
    const pm_node *node = &e->parts->tree.nodes[index];
    char plain[PM_OPERAND];
    parmap_type from = node->type;
    switch (node->kind) {
    case PM_NODE_WHOLE:
        pm_emit_number(node->whole, type, text);
        return;
    case PM_NODE_REAL:
        write_real(node->real, node->real32, type, text);
        return;
    case PM_NODE_INPUT:
        from = e->parts->inputs[node->number].type;
        pm_emit_input(e, node->number, plain);
        if (e->parts->inputs[node->number].rank > 0) /* a row of one number */
            strcat(plain, "[0]");
        break;
    case PM_NODE_LET:
        snprintf(plain, sizeof plain, "l%d", node->number);
        break;
    default:
        snprintf(plain, sizeof plain, "t%d", index);
        break;
    }
    if (from == type)
        memcpy(text, plain, PM_OPERAND);
    else
        snprintf(text, PM_OPERAND, "(%s)%.100s", pm_emit_c_type(type), plain);
}
