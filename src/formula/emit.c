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

/* How items that may not fit are computed: some hundreds, and when any of them does not, these
 * again one at a time. */
static const char checked_loops[] =
    "#define CHECKED_ITEMS(input)                                               \\\n"
    "    int64_t size = 512;                                                    \\\n"
    "    for (int64_t at = 0; at < count;) {                                    \\\n"
    "        const int64_t end = count - at < size ? count : at + size;         \\\n"
    "        int bad = 0;                                                       \\\n"
    "        for (int64_t i = at; i < end; i++)                                 \\\n"
    "            bad |= formula_check(input, &y[i]);                            \\\n"
    "        if (bad && end - at == 1)                                          \\\n"
    "            return at;                                                     \\\n"
    "        if (bad)                                                           \\\n"
    "            size = 1;                                                      \\\n"
    "        else                                                               \\\n"
    "            at = end;                                                      \\\n"
    "    }                                                                      \\\n"
    "    return count;\n";

static const char checked_span[] =
    "#define CHECKED_SPAN(...) CHECKED_SPAN_EXPANDED(__VA_ARGS__)\n"
    "#define CHECKED_SPAN_EXPANDED(IN, OUT, CARRIER, VALUE, KIND)               \\\n"
    "    static int64_t checked_span(const parmap_span *span, void *results)    \\\n"
    "    {                                                                      \\\n"
    "        OUT *__restrict y = (OUT *)results;                                \\\n"
    "        const CARRIER first = (CARRIER)span->first;                        \\\n"
    "        const CARRIER step = (CARRIER)span->step;                          \\\n"
    "        const int64_t count = span->count;                                 \\\n"
    "        CHECKED_ITEMS((IN)(VALUE)(first + step * (CARRIER)(uint64_t)i))    \\\n"
    "    }\n";

static const char checked_array[] =
    "static int64_t checked_array(const void *inputs, void *results, int64_t count)\n"
    "{\n"
    "    const %s *__restrict x = (const %s *)inputs;\n"
    "    %s *__restrict y = (%s *)results;\n"
    "    CHECKED_ITEMS(%sx[i])\n"
    "}\n";

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
            pm_write(out, "[%lld]", (long long)field->extent[0]);
        pm_write(out, ";\n");
    }
    pm_write(out, "} %s;\nPM_DESCRIBED(%s", name, name);
    for (int i = 0; i < layout->count; i++) {
        const pm_layout_field *field = &layout->fields[i];
        pm_write(out, ",\n    {\"%s\", PM_TYPE_%s, %d, {%lld, 0, 0}}", field->name,
                 pm_emit_c_type(field->type), field->rank, (long long)field->extent[0]);
    }
    pm_write(out, ");\n\n");
}

/* ---- bodies ---------------------------------------------------------------------------------- */

typedef struct emission {
    const struct pm_formula *formula;
    const char *in, *out; /* C types */
    bool number;          /* inputs are numbers */
    bool plain, checked;  /* bodies that are needed */
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

/* formula_check(x, y): whether something does not fit. */
static void write_checked(emission *m)
{
    pm_write(&m->body, "%s int formula_check(%s%s%sx, %s *y)\n{\n    int bad = 0;\n", joined(m),
             m->number ? "" : "const ", m->in, m->number ? " " : " *", m->out);
    m->emitter.checked = true;
    pm_emit_body(&m->emitter);
    pm_write(&m->body, "    (void)x;\n    return bad;\n}\n\n");
}

/* ---- loops and the kernel -------------------------------------------------------------------- */

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
    if (m->number)
        pm_write(out, "%sCHECKED_SPAN(%s, %s, PM_CARRIER_%s)\n", checked_span, m->in, m->out,
                 m->in);
    pm_write(out, checked_array, m->in, m->in, m->out, m->out, m->number ? "" : "&");
    pm_write(out, "\n");
}

/* A table of loops.  The checked ones have one copy: their arithmetic is not that of vectors. */
static void write_table(pm_writer *out, pm_body body, const char *kind)
{
    if (body == PM_BODY_NONE)
        pm_write(out, "    PM_NO_TABLE,\n");
    else if (body == PM_BODY_PLAIN)
        pm_write(out, "    PM_VECTOR_TABLE(formula_%s),\n", kind);
    else
        pm_write(out, "    {checked_%s, checked_%s, checked_%s},\n", kind, kind, kind);
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
    write_table(out, m->number ? f->spans : PM_BODY_NONE, "span");
    write_table(out, f->arrays, "array");
    write_table(out, m->number ? f->checked_spans : PM_BODY_NONE, "span");
    write_table(out, f->checked_arrays, "array");
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
    m.emitter = (pm_emitter){.parts = &formula->parts, .out = &m.body};
    if (m.plain)
        write_plain(&m);
    if (m.checked)
        write_checked(&m);
    pm_write(&out, "%s%s", pm_abi_header, pm_kernel_header);
    if (m.emitter.math)
        pm_write(&out, "#include <math.h>\n");
    write_items(&out, &formula->input, "formula_input", 'i');
    write_items(&out, &formula->result, "formula_result", 'r');
    pm_emit_helpers(&m.emitter, &out);
    pm_write(&out, "%s#line 1 \"formula\"\n", never_mind);
    pm_write_text(&out, m.body.text, m.body.length);
    write_loops(&m, &out);
    write_kernel(&m, &out);
    out.failed |= m.body.failed;
    free(m.body.text);
    *source = out.text;
    return pm_writer_status(&out);
}
