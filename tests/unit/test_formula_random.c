/* Random formulas of whole numbers, against an interpreter that computes in 128 bits and sees every
 * value that does not fit.  What is proved must never fail; what is compiled with checks must fail
 * at the first item at which the interpreter does, and give its values before. */
#include "draw.h"
#include "formula/bound.h"
#include "formula/functions.h"
#include "formula/prove.h"
#include "formula/types.h"
#include "formulas.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { PROOFS = 4000, COMPILED = 12, TEXT_BYTES = 2000 };

/* ---- the interpreter ------------------------------------------------------------------------- */

typedef parmap_int128 wide;

typedef struct machine {
    const pm_parts *parts;
    wide inputs[4];
    wide lets[4];
    bool failed;
} machine;

static wide run(machine *m, int index);

static wide negated(machine *m, wide a)
{
    wide result;
    m->failed |= __builtin_sub_overflow((wide)0, a, &result);
    return result;
}

static wide fitted(machine *m, wide value, parmap_type type)
{
    m->failed |= !pm_types_fits(value, type);
    return value;
}

static wide power(machine *m, wide a, wide n)
{
    wide result = 1;
    if (n < 0) {
        m->failed = true;
        return 0;
    }
    if (a == 0 || a == 1 || a == -1)
        return n == 0 ? 1 : n % 2 == 0 ? a * a : a;
    for (; n > 0 && !m->failed; n--)
        m->failed |= __builtin_mul_overflow(result, a, &result);
    return result;
}

static wide shift(machine *m, pm_op op, wide a, wide n, parmap_type type)
{
    const bool exists = n >= 0 && n < (wide)(8 * pm_type_bytes(type));
    if (!exists || m->failed) {
        m->failed = true;
        return 0;
    }
    if (op == PM_OP_SHIFT_RIGHT)
        return a >> n;
    for (; n > 0; n--)
        m->failed |= __builtin_mul_overflow(a, 2, &a);
    return a;
}

static wide arithmetic(machine *m, const pm_node *node, wide a, wide b)
{
    wide result = 0;
    switch (node->op) {
    case PM_OP_ADD:
        m->failed |= __builtin_add_overflow(a, b, &result);
        return result;
    case PM_OP_SUBTRACT:
        m->failed |= __builtin_sub_overflow(a, b, &result);
        return result;
    case PM_OP_MULTIPLY:
        m->failed |= __builtin_mul_overflow(a, b, &result);
        return result;
    case PM_OP_DIVIDE:
    case PM_OP_REMAINDER:
        m->failed |= b == 0;
        if (b == 0 || b == -1)
            return node->op == PM_OP_DIVIDE ? negated(m, a) : 0;
        return node->op == PM_OP_DIVIDE ? a / b : a % b;
    case PM_OP_SHIFT_LEFT:
    case PM_OP_SHIFT_RIGHT:
        return shift(m, node->op, a, b, node->type);
    case PM_OP_POWER:
        return power(m, a, b);
    case PM_OP_BIT_AND:
        return a & b;
    case PM_OP_BIT_OR:
        return a | b;
    default:
        return a ^ b;
    }
}

static wide compare(pm_op op, wide a, wide b)
{
    return op == PM_OP_EQUAL        ? a == b
           : op == PM_OP_NOT_EQUAL  ? a != b
           : op == PM_OP_LESS       ? a < b
           : op == PM_OP_LESS_EQUAL ? a <= b
           : op == PM_OP_GREATER    ? a > b
                                    : a >= b;
}

static wide run_binary(machine *m, const pm_node *node)
{
    const pm_node *first = &m->parts->tree.nodes[node->first];
    const wide a = run(m, node->first);
    if (node->op == PM_OP_AND && a == 0)
        return 0;
    if (node->op == PM_OP_OR && a != 0)
        return 1;
    const wide b = run(m, first->next);
    if (node->op == PM_OP_AND || node->op == PM_OP_OR)
        return b != 0;
    if (node->op >= PM_OP_EQUAL && node->op <= PM_OP_GREATER_EQUAL)
        return compare(node->op, a, b);
    return fitted(m, arithmetic(m, node, a, b), node->type);
}

static wide run_unary(machine *m, const pm_node *node)
{
    const wide a = run(m, node->first);
    const bool is_uint64 =
        node->type == PARMAP_UINT64 && m->parts->tree.nodes[node->first].type == PARMAP_UINT64;
    if (node->op == PM_OP_NOT)
        return !a;
    if (node->op == PM_OP_NEGATE)
        return fitted(m, negated(m, a), node->type);
    return fitted(m, is_uint64 ? (wide)UINT64_MAX - a : ~a, node->type);
}

static wide run_call(machine *m, const pm_node *node)
{
    const pm_function_kind kind = pm_callables[node->number].kind;
    wide best = run(m, node->first);
    if (kind == PM_FUNCTION_ABS)
        return fitted(m, best < 0 ? negated(m, best) : best, node->type);
    fitted(m, best, node->type);
    for (int child = m->parts->tree.nodes[node->first].next; child >= 0;
         child = m->parts->tree.nodes[child].next) {
        const wide other = fitted(m, run(m, child), node->type);
        if (kind == PM_FUNCTION_MIN ? other < best : other > best)
            best = other;
    }
    return best;
}

static wide run(machine *m, int index)
{
    const pm_node *node = &m->parts->tree.nodes[index];
    if (m->failed)
        return 0;
    switch (node->kind) {
    case PM_NODE_WHOLE:
        return node->whole;
    case PM_NODE_INPUT:
        return m->inputs[node->number];
    case PM_NODE_LET:
        return m->lets[node->number];
    case PM_NODE_UNARY:
        return run_unary(m, node);
    case PM_NODE_BINARY:
        return run_binary(m, node);
    case PM_NODE_CHOICE: {
        const int a = m->parts->tree.nodes[node->first].next;
        const int side = run(m, node->first) != 0 ? a : m->parts->tree.nodes[a].next;
        return m->failed ? 0 : fitted(m, run(m, side), node->type);
    }
    case PM_NODE_CALL:
        return run_call(m, node);
    case PM_NODE_CAST:
        return fitted(m, run(m, node->first), (parmap_type)node->number);
    default:
        m->failed = true;
        return 0;
    }
}

/* One item; false when a value does not fit. */
static bool interpret(const pm_parts *parts, const wide *inputs, wide *result)
{
    machine m = {.parts = parts};
    for (int i = 0; i < parts->input_count; i++)
        m.inputs[i] = inputs[i];
    for (int i = 0; i < parts->definition_count; i++)
        if (parts->definitions[i].used)
            m.lets[i] = run(&m, parts->definitions[i].root);
    *result = fitted(&m, run(&m, parts->results[0].root), parts->results[0].type);
    return !m.failed;
}

/* ---- random formulas ------------------------------------------------------------------------- */

static void append(char *text, const char *more)
{
    if (strlen(text) + strlen(more) + 1 < TEXT_BYTES)
        strcat(text, more);
}

static void random_number(char *text)
{
    static const char *const large[] = {"9223372036854775807", "2147483648", "0xffffffff", "128"};
    char number[32];
    snprintf(number, sizeof number, "%d", (int)draw_below(12));
    append(text, draw_below(12) == 0 ? large[draw_below(COUNT(large))] : number);
}

static void random_formula(char *text, int depth, const char *const *names, int name_count)
{
    static const char *const operators[] = {"+",  "-",  "*",  "*", "/",  "%",  "&",  "|",  "^",
                                            "<<", ">>", "**", "<", "<=", "==", "!=", "&&", "||"};
    static const char *const functions[] = {"abs(",   "min(",   "max(",   "int8(",
                                            "uint8(", "int16(", "int32(", "int64("};
    const int64_t kind = depth <= 0 ? draw_below(3) : draw_below(14);
    if (kind < 2) {
        append(text, names[draw_below(name_count)]);
    } else if (kind == 2) {
        random_number(text);
    } else if (kind == 3) {
        append(text, (const char *const[]){"-", "~", "!"}[draw_below(3)]);
        append(text, "(");
        random_formula(text, depth - 1, names, name_count);
        append(text, ")");
    } else if (kind == 4) {
        append(text, "(");
        random_formula(text, depth - 2, names, name_count);
        append(text, " ? ");
        random_formula(text, depth - 1, names, name_count);
        append(text, " : ");
        random_formula(text, depth - 1, names, name_count);
        append(text, ")");
    } else if (kind == 5) {
        const int64_t function = draw_below(COUNT(functions));
        append(text, functions[function]);
        random_formula(text, depth - 1, names, name_count);
        if (function == 1 || function == 2) {
            append(text, ", ");
            random_formula(text, depth - 1, names, name_count);
        }
        append(text, ")");
    } else {
        append(text, "(");
        random_formula(text, depth - 1, names, name_count);
        append(text, ") ");
        append(text, operators[draw_below(COUNT(operators))]);
        append(text, " (");
        random_formula(text, depth - 1, names, name_count);
        append(text, ")");
    }
}

/* A formula of two inputs and a let, bound to types; NULL when it was none (a constant division by
 * zero, a constant that does not fit). */
static pm_formula *draw_formula(int depth, parmap_type first, parmap_type second, char *text,
                                char *let)
{
    static const char *const names[] = {"a", "b", "l"};
    const char *const formulas[] = {text}, *const lets[] = {let};
    const pm_formula_request request = {
        .formulas = formulas, .formula_count = 1, .lets = lets, .let_count = 1};
    const pm_formula_input data[] = {{.name = "a", .type = first, .elements = 1},
                                     {.name = "b", .type = second, .elements = 1}};
    const pm_formula_inputs inputs = {.data = data, .count = 2};
    pm_formula *formula;
    strcpy(let, "l = ");
    random_formula(let, 2, names, 2);
    strcpy(text, "0*a*b + ");
    random_formula(text, depth, names, 3);
    if (pm_formula_parse(&request, &formula) != PARMAP_OK)
        return NULL;
    if (pm_formula_bind(formula, &inputs) == PARMAP_OK)
        return formula;
    pm_formula_free(formula);
    return NULL;
}

/* Some small numbers around the ends of a type and 0. */
static wide draw_value(parmap_type type)
{
    const parmap_domain domain = pm_type_domain(type);
    const int64_t near = draw_below(9), which = draw_below(5);
    const wide value = which == 0   ? domain.min + near
                       : which == 1 ? domain.max - near
                       : which == 2 ? (wide)draw_below(1000) - 500
                                    : near - 4;
    return value < domain.min ? domain.min : value > domain.max ? domain.max : value;
}

static const parmap_type types[] = {PARMAP_INT8,  PARMAP_UINT8,  PARMAP_INT16, PARMAP_INT32,
                                    PARMAP_INT64, PARMAP_UINT64, PARMAP_INT128};

/* ---- what is proved never fails ---------------------------------------------------------------
 */

static pm_reach draw_box(parmap_type type)
{
    const wide a = draw_value(type), b = draw_value(type);
    pm_reach box = {.whole = {a < b ? a : b, a < b ? b : a}};
    if (draw_below(3) == 0) /* a small one, of which every number is tried */
        box.whole.high = (parmap_uint128)box.whole.high - (parmap_uint128)box.whole.low > 20
                             ? box.whole.low + 20
                             : box.whole.high;
    return box;
}

/* One of the box, its ends among them. */
static wide draw_within(pm_interval box)
{
    const wide off = draw_below(24);
    const parmap_uint128 width = (parmap_uint128)box.high - (parmap_uint128)box.low;
    const parmap_uint128 step =
        width == (parmap_uint128)-1 ? (parmap_uint128)off : (parmap_uint128)off % (width + 1);
    return draw_below(2) == 0 ? (wide)((parmap_uint128)box.low + step)
                              : (wide)((parmap_uint128)box.high - step);
}

static void proofs(void)
{
    static char text[TEXT_BYTES], let[TEXT_BYTES];
    int proved = 0, failing = 0;
    for (int n = 0; n < PROOFS; n++) {
        const parmap_type first = types[draw_below(COUNT(types))];
        const parmap_type second = types[draw_below(COUNT(types))];
        pm_formula *formula = draw_formula(3, first, second, text, let);
        if (formula == NULL)
            continue;
        const pm_parts *parts = &formula->parts;
        for (int box = 0; box < 8; box++) {
            pm_reach reach[2];
            for (int i = 0; i < 2; i++)
                reach[i] = draw_box(parts->inputs[i].type);
            const bool is_proved = pm_prove(parts, reach);
            proved += is_proved;
            for (int item = 0; item < 40; item++) {
                const wide inputs[] = {draw_within(reach[0].whole), draw_within(reach[1].whole)};
                wide result;
                const bool good = interpret(parts, inputs, &result);
                failing += !good;
                if (is_proved && !good) {
                    printf("%s with %s, a, b = %lld, %lld\n", text, let, (long long)inputs[0],
                           (long long)inputs[1]);
                    CHECK(good || !is_proved);
                }
            }
        }
        pm_formula_free(formula);
    }
    CHECK(proved > PROOFS && failing > PROOFS); /* of both there were many */
}

/* ---- what is compiled computes the same -------------------------------------------------------
 */

/* A value where it lies in a record. */
static void store(char *record, const pm_layout_field *field, wide value)
{
    memcpy(record + field->offset, &value, pm_type_bytes(field->type)); /* little-endian */
}

static wide fetch(const char *item, parmap_type type)
{
    union {
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        uint8_t u8;
        uint64_t u64;
        wide i128;
    } value;
    memcpy(&value, item, pm_type_bytes(type));
    return type == PARMAP_INT8     ? value.i8
           : type == PARMAP_UINT8  ? value.u8
           : type == PARMAP_INT16  ? value.i16
           : type == PARMAP_INT32  ? value.i32
           : type == PARMAP_INT64  ? value.i64
           : type == PARMAP_UINT64 ? (wide)value.u64
                                   : value.i128;
}

enum { ITEMS = 700 };

static void check_items(const pm_formula *formula, const parmap_code *code, const char *text,
                        const char *let)
{
    static _Alignas(16) char inputs[ITEMS * 32], results[ITEMS * 16];
    static wide values[ITEMS][2];
    const pm_layout *in = pm_formula_input_layout(formula);
    const parmap_type type = formula->parts.results[0].type;
    const bool plain = code->array_loops[0] != NULL;
    memset(inputs, 0, sizeof inputs);
    for (int i = 0; i < ITEMS; i++)
        for (int k = 0; k < 2; k++) {
            values[i][k] = draw_value(formula->parts.inputs[k].type);
            store(inputs + (size_t)i * in->bytes, &in->fields[k], values[i][k]);
        }
    for (int64_t at = 0; at < ITEMS;) {
        const int vector = (int)draw_below(vectors());
        parmap_array_loop *loop = (plain ? code->array_loops : code->checked_array_loops)[vector];
        const int64_t done = loop(inputs + (size_t)at * in->bytes, results, ITEMS - at);
        for (int64_t i = 0; i < done; i++) {
            wide expected;
            const bool good = interpret(&formula->parts, values[at + i], &expected);
            CHECK(good);
            const wide is = fetch(results + (size_t)i * pm_type_bytes(type), type);
            if (!good || is != expected) {
                printf("%s, %s (plain %d) of %lld, %lld\n", text, let, plain,
                       (long long)values[at + i][0], (long long)values[at + i][1]);
                CHECK_INT(is, expected);
                return;
            }
        }
        at += done;
        if (at < ITEMS) { /* this one must fail */
            wide unused;
            const bool good = interpret(&formula->parts, values[at], &unused);
            CHECK(!good);
            if (good) {
                printf("%s, %s (plain %d) of %lld, %lld\n", text, let, plain,
                       (long long)values[at][0], (long long)values[at][1]);
                return;
            }
            at++;
        }
    }
}

/* A body that fails now and then is more telling than one that always does. */
static bool is_telling(const pm_formula *formula)
{
    int good = 0;
    for (int i = 0; i < 100; i++) {
        const wide inputs[] = {draw_value(formula->parts.inputs[0].type),
                               draw_value(formula->parts.inputs[1].type)};
        wide result;
        good += interpret(&formula->parts, inputs, &result);
    }
    return good > 30;
}

static void compiled(void)
{
    static char text[TEXT_BYTES], let[TEXT_BYTES];
    for (int n = 0; n < COMPILED;) {
        const parmap_type first = types[draw_below(COUNT(types))];
        const parmap_type second = types[draw_below(COUNT(types))];
        pm_formula *formula = draw_formula(6, first, second, text, let);
        if (formula == NULL)
            continue;
        char name[32], *source = NULL;
        snprintf(name, sizeof name, "random%d", n);
        if (is_telling(formula) && strlen(text) < TEXT_BYTES / 2) {
            void *module;
            CHECK_INT(pm_formula_emit(formula, &source), PARMAP_OK);
            const bool good = compile(source, name);
            const parmap_kernel *kernel = good ? load(name, &module) : NULL;
            CHECK(kernel != NULL);
            if (kernel != NULL) {
                check_items(formula, kernel->variants[0].code, text, let);
                dlclose(module);
            } else {
                printf("%s, %s\n", text, let);
            }
            free(source);
            n++;
        }
        pm_formula_free(formula);
    }
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {{"proofs", proofs}, {"compiled", compiled}};
    if (argc > 1) /* by hand: other formulas than those of every run */
        draw_state = strtoull(argv[1], NULL, 10);
    return check_main(cases, COUNT(cases));
}
