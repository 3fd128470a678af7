/* The whole source: parmap's own headers, the types of items, helpers, bodies, loops, the kernel.
 */
#include "formula/emit.h"

#include "base/types.h"
#include "formula/emit_body.h"
#include "formula/functions.h"
#include "formula/headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How items that may not fit are computed. */
static const char checked_loops[] =
    "#define CHECKED_ITEMS(input)                                               \\\n"
    "    for (int64_t i = 0; i < count; i++)                                    \\\n"
    "        if (formula_check(input, &y[i]))                                   \\\n"
    "            return i;                                                      \\\n"
    "    return count;\n"
    "#define CHECKED_SPAN(...) CHECKED_SPAN_EXPANDED(__VA_ARGS__)\n"
    "#define CHECKED_SPAN_EXPANDED(unit, name, ITEMS, IN, OUT, CARRIER, VALUE, KIND) \\\n"
    "    unit static int64_t name##_span(const parmap_span *span, void *results)     \\\n"
    "    {                                                                      \\\n"
    "        OUT *__restrict y = (OUT *)results;                                \\\n"
    "        const CARRIER first = (CARRIER)span->first;                        \\\n"
    "        const CARRIER step = (CARRIER)span->step;                          \\\n"
    "        const int64_t count = span->count;                                 \\\n"
    "        ITEMS((IN)(VALUE)(first + step * (CARRIER)(uint64_t)i))            \\\n"
    "    }\n"
    "#define CHECKED_ARRAY(unit, name, ITEMS, IN, OUT, ADDRESS)                 \\\n"
    "    unit static int64_t name##_array(const void *inputs, void *results, int64_t count) \\\n"
    "    {                                                                      \\\n"
    "        const IN *__restrict x = (const IN *)inputs;                       \\\n"
    "        OUT *__restrict y = (OUT *)results;                                \\\n"
    "        ITEMS(ADDRESS x[i])                                                \\\n"
    "    }\n";

/* The same for vectors that have instructions for it (x86-64-v4): some hundreds at a time, and
 * those where anything is in doubt again, one by one.  A product is in doubt by that of the factors
 * as doubles, whose three roundings take less than 2^-50 of it. */
static const char quick_sums[] =
    "PM_INLINED int64_t quick_add(int64_t a, int64_t b, int64_t *result)\n"
    "{\n"
    "    *result = (int64_t)((uint64_t)a + (uint64_t)b);\n"
    "    return (int64_t)((uint64_t)((a ^ *result) & (b ^ *result)) >> 63);\n"
    "}\n"
    "PM_INLINED int64_t quick_subtract(int64_t a, int64_t b, int64_t *result)\n"
    "{\n"
    "    *result = (int64_t)((uint64_t)a - (uint64_t)b);\n"
    "    return (int64_t)((uint64_t)((a ^ b) & (a ^ *result)) >> 63);\n"
    "}\n"
    "PM_INLINED int64_t quick_multiply(int64_t a, int64_t b, int64_t *result)\n"
    "{\n"
    "    *result = (int64_t)((uint64_t)a * (uint64_t)b);\n"
    "    return !(__builtin_fabs((double)a * (double)b) < 0x1p63 * (1 - 0x1p-50));\n"
    "}\n";

static const char quick_loops[] =
    "#define QUICK_ITEMS(input)                                                 \\\n"
    "    for (int64_t at = 0; at < count;) {                                    \\\n"
    "        const int64_t end = count - at < 512 ? count : at + 512;           \\\n"
    "        int64_t bad = 0;                                                   \\\n"
    "        _Pragma(\"omp simd reduction(|: bad)\")                            \\\n"
    "        for (int64_t i = at; i < end; i++)                                 \\\n"
    "            bad |= formula_quick(input, &y[i]);                            \\\n"
    "        for (int64_t i = at; bad && i < end; i++)                          \\\n"
    "            if (formula_check(input, &y[i]))                               \\\n"
    "                return i;                                                  \\\n"
    "        at = end;                                                          \\\n"
    "    }                                                                      \\\n"
    "    return count;\n";

/* What a compiler may find odd is what the user wrote; and where a side of a condition is never
 * computed, its constants may be anything. */
static const char never_mind[] = "#pragma GCC diagnostic ignored \"-Wshift-count-overflow\"\n"
                                 "#pragma GCC diagnostic ignored \"-Wdiv-by-zero\"\n"
                                 "#pragma GCC diagnostic ignored \"-Woverflow\"\n"
                                 "#pragma GCC diagnostic ignored \"-Wtautological-compare\"\n";

/* ---- items ----------------------------------------------------------------------------------- */

/* The C type of an input or a result. */
static const char *item_type(const pm_layout *layout, const char *described)
{
    return pm_layout_is_number(layout) ? pm_emit_c_type(layout->fields[0].type) : described;
}

/* The struct of items that are no numbers, and its layout.  Names in C are not those of the user:
 * these may mean something there. */
static void write_items(pm_writer *out, const pm_layout *layout, const char *name, char letter)
{
    const bool itself = layout->fields[0].name[0] == '\0';
    if (pm_layout_is_number(layout))
        return;
    pm_write(out, "typedef struct %s {\n", name);
    for (int i = 0; i < layout->count; i++) {
        const pm_layout_field *field = &layout->fields[i];
        pm_write(out, "    %s ", pm_emit_c_type(field->type));
        if (itself)
            pm_write(out, "at");
        else
            pm_write(out, "%c%d", letter, i);
        if (field->rank > 0)
            pm_write(out, "[%lld]", (long long)pm_layout_elements(field));
        pm_write(out, ";\n");
    }
    pm_write(out, "} %s;\nPM_DESCRIBED(%s", name, name);
    for (int i = 0; i < layout->count; i++) {
        const pm_layout_field *field = &layout->fields[i];
        pm_write(out, ",\n    {\"%s\", PM_TYPE_%s, %d, {%lld, %lld, %lld}}", field->name,
                 pm_emit_c_type(field->type), field->rank, (long long)field->extent[0],
                 (long long)field->extent[1], (long long)field->extent[2]);
    }
    pm_write(out, ");\n\n");
}

/* ---- bodies ---------------------------------------------------------------------------------- */

typedef struct emission {
    const struct pm_formula *formula;
    const char *in, *out; /* C types */
    bool number;          /* inputs are numbers */
    bool plain, checked;  /* bodies that are needed */
    bool quick;           /* checked ones by vectors, too */
    pm_emitter emitter;
    pm_writer body;
} emission;

static bool uses(const struct pm_formula *f, pm_body body)
{
    return f->spans == body || f->arrays == body || f->checked_spans == body ||
           f->checked_arrays == body;
}

/* How a body joins the loops.  Long ones are called: as vectors in every loop they would take the
 * compiler many seconds. */
static const char *joined(const emission *m)
{
    enum { LONG = 256 };
    return m->formula->parts.tree.count <= LONG ? "PM_INLINED" : "static __attribute__((noinline))";
}

/* formula_item(x): the result.  Rows and records are passed by address, which a macro takes. */
static void write_plain(emission *m)
{
    if (m->number)
        pm_write(&m->body, "%s %s formula_item(%s x)\n", joined(m), m->out, m->in);
    else
        pm_write(&m->body,
                 "#define formula_item(x) formula_of(&(x))\n"
                 "%s %s formula_of(const %s *x)\n",
                 joined(m), m->out, m->in);
    pm_write(&m->body, "{\n    %s result, *const y = &result;\n    int bad = 0;\n", m->out);
    m->emitter.checked = false;
    pm_emit_body(&m->emitter);
    pm_write(&m->body, "    (void)x, (void)bad;\n    return result;\n}\n\n");
}

/* formula_check(x, y): whether something does not fit; formula_quick: whether it may not. */
static void write_checked(emission *m, bool quick)
{
    pm_write(&m->body, "%s %s(%s%s%sx, %s *y)\n{\n    %s bad = 0;\n", joined(m),
             quick ? "int64_t formula_quick" : "int formula_check", m->number ? "" : "const ",
             m->in, m->number ? " " : " *", m->out, quick ? "int64_t" : "int");
    m->emitter.checked = true;
    m->emitter.quick = quick;
    pm_emit_body(&m->emitter);
    pm_write(&m->body, "    (void)x;\n    return bad;\n}\n\n");
}

/* Are there only sums and products of int64? */
static bool is_quick(const pm_parts *parts)
{
    for (int i = 0; i < parts->input_count; i++)
        if (parts->inputs[i].type != PARMAP_INT64 || parts->inputs[i].elements != 1)
            return false;
    for (int i = 0; i < parts->result_count; i++)
        if (parts->results[i].type != PARMAP_INT64)
            return false;
    for (int i = 0; i < parts->tree.count; i++) {
        const pm_node *node = &parts->tree.nodes[i];
        const bool sum =
            node->kind == PM_NODE_BINARY &&
            (node->op == PM_OP_ADD || node->op == PM_OP_SUBTRACT || node->op == PM_OP_MULTIPLY);
        if (node->type != PARMAP_INT64 ||
            (!sum && node->kind != PM_NODE_WHOLE && node->kind != PM_NODE_INPUT &&
             node->kind != PM_NODE_LET))
            return false;
    }
    return true;
}

/* ---- loops and the kernel -------------------------------------------------------------------- */

/* For one vector unit. */
static void write_checked_loops(const emission *m, pm_writer *out, const char *unit,
                                const char *name, const char *items)
{
    if (m->number)
        pm_write(out, "CHECKED_SPAN(%s, %s, %s, %s, %s, PM_CARRIER_%s)\n", unit, name, items, m->in,
                 m->out, m->in);
    pm_write(out, "CHECKED_ARRAY(%s, %s, %s, %s, %s, %s)\n\n", unit, name, items, m->in, m->out,
             m->number ? "" : "&");
}

static void write_loops(const emission *m, pm_writer *out)
{
    if (m->plain && m->number)
        pm_write(out, "PM_EACH_VECTOR(PM_SPAN_LOOP, formula, %s, %s, PM_CARRIER_%s)\n", m->in,
                 m->out, m->in);
    if (m->plain)
        pm_write(out, "PM_EACH_VECTOR(PM_ARRAY_LOOP, formula, %s, %s)\n\n", m->in, m->out);
    if (!m->checked)
        return;
    pm_write(out, "%s", checked_loops);
    write_checked_loops(m, out, "", "checked", "CHECKED_ITEMS");
    if (!m->quick)
        return;
    pm_write(out, "#ifdef __x86_64__\n%s", quick_loops);
    write_checked_loops(m, out, "PM_TARGET_V4", "quick", "QUICK_ITEMS");
    pm_write(out, "#else\n#define quick_span checked_span\n#define quick_array checked_array\n"
                  "#endif\n");
}

/* A table of loops.  The checked ones have one copy, as their arithmetic is not that of vectors, or
 * two. */
static void write_table(const emission *m, pm_writer *out, pm_body body, const char *kind)
{
    if (body == PM_BODY_NONE)
        pm_write(out, "    PM_NO_TABLE,\n");
    else if (body == PM_BODY_PLAIN)
        pm_write(out, "    PM_VECTOR_TABLE(formula_%s),\n", kind);
    else
        pm_write(out, "    {checked_%s, checked_%s, %s_%s},\n", kind, kind,
                 m->quick ? "quick" : "checked", kind);
}

/* Seconds for an item, roughly: what a call of the mathematical library takes. */
static double cost_of(const pm_parts *parts)
{
    double cost = 0;
    for (int i = 0; i < parts->tree.count; i++) {
        const pm_node *node = &parts->tree.nodes[i];
        if (node->kind == PM_NODE_CALL && !pm_callables[node->number].quick)
            cost += 20e-9;
        if (node->kind == PM_NODE_ROW)
            cost += 1e-9 * (double)parts->inputs[node->number].elements;
    }
    return cost < 20e-9 ? 0 : cost;
}

/* Why items may have no result, for the message that says so. */
static void write_reasons(const emission *m, pm_writer *out)
{
    const pm_emitter *e = &m->emitter;
    for (int i = 0; i < e->reason_count; i++)
        pm_write(out, "%s%s%s",
                 i == 0                    ? "                 .help = \""
                 : i + 1 < e->reason_count ? ", "
                                           : " or ",
                 e->reasons[i], i + 1 < e->reason_count ? "" : "\",\n");
}

static void write_kernel(const emission *m, pm_writer *out)
{
    const struct pm_formula *f = m->formula;
    char least[PM_OPERAND], most[PM_OPERAND];
    pm_emit_number(f->domain.min, PARMAP_INT128, least);
    pm_emit_number(f->domain.max, PARMAP_INT128, most);
    pm_write(out, "static const parmap_code formula_code = {\n");
    pm_write(out, "    (parmap_type)PM_TYPE_%s, PM_LAYOUT_%s,\n", m->in, m->in);
    pm_write(out, "    (parmap_type)PM_TYPE_%s, PM_LAYOUT_%s,\n", m->out, m->out);
    write_table(m, out, m->number ? f->spans : PM_BODY_NONE, "span");
    write_table(m, out, f->arrays, "array");
    write_table(m, out, m->number ? f->checked_spans : PM_BODY_NONE, "span");
    write_table(m, out, f->checked_arrays, "array");
    pm_write(out, "    0};\n");
    pm_write(out, "PM_KERNEL_OBJECT(formula, ({&formula_code, {%s, %s}}), .cost_s = %a,\n", least,
             most, cost_of(&f->parts));
    write_reasons(m, out);
    pm_write(out, "                 .text = \"%s\");\n", f->text);
    pm_write(out, "PARMAP_EXPORT(&formula);\n");
}

parmap_status pm_emit_source(const struct pm_formula *formula, char **source)
{
    pm_writer out = {0};
    emission m = {.formula = formula,
                  .in = item_type(&formula->input, "formula_input"),
                  .out = item_type(&formula->result, "formula_result"),
                  .number = pm_layout_is_number(&formula->input),
                  .plain = uses(formula, PM_BODY_PLAIN),
                  .checked = uses(formula, PM_BODY_CHECKED)};
    m.quick = m.checked && is_quick(&formula->parts);
    m.emitter = (pm_emitter){.parts = &formula->parts, .out = &m.body};
    if (m.plain)
        write_plain(&m);
    if (m.checked)
        write_checked(&m, false);
    if (m.quick)
        write_checked(&m, true);
    pm_write(&out, "%s%s", pm_abi_header, pm_kernel_header);
    if (m.emitter.math)
        pm_write(&out, "#include <math.h>\n");
    write_items(&out, &formula->input, "formula_input", 'i');
    write_items(&out, &formula->result, "formula_result", 'r');
    pm_emit_helpers(&m.emitter, &out);
    if (m.quick)
        pm_write(&out, "%s", quick_sums);
    pm_write(&out, "%s#line 1 \"formula\"\n", never_mind);
    pm_write_text(&out, m.body.text, m.body.length);
    write_loops(&m, &out);
    write_kernel(&m, &out);
    out.failed |= m.body.failed;
    free(m.body.text);
    *source = out.text;
    return pm_writer_status(&out);
}
