/* Expressions, by recursive descent; binary operators by their strength. */
#include "formula/parse.h"

#include "formula/fold.h"
#include "formula/functions.h"
#include "formula/parser.h"

#include <string.h>

parmap_status pm_parser_advance(pm_parser *parser)
{
    return pm_lex(parser->script, parser->word.place.end, &parser->word);
}

void pm_parser_copy(const pm_word *word, char *text, int room)
{
    const int length = word->place.end - word->place.begin;
    const int kept = length < room ? length : room - 1;
    memcpy(text, word->place.script->text + word->place.begin, (size_t)kept);
    text[kept] = '\0';
}

parmap_status pm_parser_expect(pm_parser *parser, char sign, const char *why)
{
    if (!pm_word_is(&parser->word, sign))
        return pm_script_fail(parser->word.place, "%c is missing here: %s", sign, why);
    return pm_parser_advance(parser);
}

static parmap_status enter(pm_parser *parser)
{
    if (++parser->nesting > 2 * PM_TREE_NESTING) /* parentheses come here twice */
        return pm_script_fail(parser->word.place,
                              "this is nested deeper than %d levels; name "
                              "intermediate values with --let",
                              (int)PM_TREE_NESTING);
    return PARMAP_OK;
}

static parmap_status fail_operand(const pm_word *word)
{
    if (word->kind == PM_WORD_END)
        return pm_script_fail(word->place, "the formula ends where a number or a name should "
                                           "follow; complete it or take away the last operator");
    return pm_script_fail(word->place, "here should be a number, a name or a parenthesis; complete "
                                       "the formula or take this away");
}

static parmap_status add_number(pm_parser *parser, int *index)
{
    const pm_word *word = &parser->word;
    const pm_node node = {.kind = word->kind == PM_WORD_WHOLE ? PM_NODE_WHOLE : PM_NODE_REAL,
                          .place = word->place,
                          .whole = word->whole,
                          .real = word->real,
                          .real32 = word->real32};
    PM_TRY(pm_tree_add(&parser->parts->tree, node, NULL, 0, index));
    return pm_parser_advance(parser);
}

static parmap_status parse_primary(pm_parser *parser, int *index)
{
    const pm_word word = parser->word;
    if (word.kind == PM_WORD_WHOLE || word.kind == PM_WORD_REAL)
        return add_number(parser, index);
    if (word.kind == PM_WORD_NAME)
        return pm_parser_name(parser, index);
    if (!pm_word_is(&word, '('))
        return fail_operand(&word);
    PM_TRY(pm_parser_advance(parser));
    PM_TRY(pm_parser_expression(parser, index));
    pm_node *node = &parser->parts->tree.nodes[*index];
    node->enclosed = true;
    node->place.begin = word.place.begin;
    node->place.end = parser->word.place.end;
    return pm_parser_expect(parser, ')', "it closes the parenthesis");
}

/* Adds a node for an operator; of whole constants, their value. */
static parmap_status add_operation(pm_parser *parser, pm_node node, const int *children, int count,
                                   int *index)
{
    pm_tree *tree = &parser->parts->tree;
    const pm_node *a = &tree->nodes[children[0]], *b = &tree->nodes[children[count - 1]];
    node.place = (pm_place){parser->script, node.place.begin, b->place.end};
    if (count == 1 && node.op == PM_OP_NEGATE && a->kind == PM_NODE_REAL) {
        node.kind = PM_NODE_REAL;
        node.real = -a->real;
        node.real32 = -a->real32;
    } else if (a->kind == PM_NODE_WHOLE && b->kind == PM_NODE_WHOLE) {
        PM_TRY(count == 1 ? pm_fold_unary(&node, a) : pm_fold_binary(&node, a, b));
    }
    const bool folded = node.kind == PM_NODE_REAL || node.kind == PM_NODE_WHOLE;
    if (folded)
        node.op = PM_OP_NONE;
    return pm_tree_add(tree, node, children, folded ? 0 : count, index);
}

static pm_op unary_of(const pm_word *word)
{
    if (word->kind != PM_WORD_OPERATOR)
        return PM_OP_NONE;
    if (word->op == PM_OP_SUBTRACT)
        return PM_OP_NEGATE;
    return word->op == PM_OP_ADD || word->op == PM_OP_NOT || word->op == PM_OP_COMPLEMENT
               ? word->op
               : PM_OP_NONE;
}

static parmap_status parse_unary(pm_parser *parser, int *index);

static parmap_status parse_power(pm_parser *parser, int *index)
{
    PM_TRY(parse_primary(parser, index));
    if (pm_word_is(&parser->word, '['))
        return pm_script_fail(parser->word.place, "only a row that comes in has elements; write "
                                                  "[k] behind its name");
    if (parser->word.kind != PM_WORD_OPERATOR || parser->word.op != PM_OP_POWER)
        return PARMAP_OK;
    int children[2] = {*index};
    PM_TRY(pm_parser_advance(parser));
    PM_TRY(parse_unary(parser, &children[1]));
    const pm_node node = {.kind = PM_NODE_BINARY,
                          .op = PM_OP_POWER,
                          .place = parser->parts->tree.nodes[children[0]].place};
    return add_operation(parser, node, children, 2, index);
}

/* What begins with a unary operator; `own` is its node. */
static parmap_status parse_operator(pm_parser *parser, pm_node own, int *index)
{
    int child;
    PM_TRY(pm_parser_advance(parser));
    PM_TRY(parse_unary(parser, &child));
    *index = child;
    return own.op == PM_OP_ADD ? PARMAP_OK : add_operation(parser, own, &child, 1, index);
}

/* Every way to nest comes through here. */
static parmap_status parse_unary(pm_parser *parser, int *index)
{
    const pm_op op = unary_of(&parser->word);
    const pm_node node = {.kind = PM_NODE_UNARY, .op = op, .place = parser->word.place};
    PM_TRY(enter(parser));
    PM_TRY(op == PM_OP_NONE ? parse_power(parser, index) : parse_operator(parser, node, index));
    parser->nesting--;
    return PARMAP_OK;
}

static bool is_comparison(pm_op op)
{
    return op >= PM_OP_EQUAL && op <= PM_OP_GREATER_EQUAL;
}

/* What C takes but hardly anybody means. */
static parmap_status look_twice(pm_parser *parser, const pm_word *word, int left, int right)
{
    const pm_node *a = &parser->parts->tree.nodes[left], *b = &parser->parts->tree.nodes[right];
    const pm_place whole = {parser->script, a->place.begin, b->place.end};
    const bool a_compares = a->compares && !a->enclosed;
    const bool b_compares = b->compares && !b->enclosed;
    if (is_comparison(word->op) && a_compares)
        return pm_script_fail(word->place, "comparisons do not chain in C; write a < b && b < c");
    if (word->op >= PM_OP_BIT_OR && word->op <= PM_OP_BIT_AND && (a_compares || b_compares))
        pm_parts_note_at(parser->parts, whole,
                         "bits are joined after comparing, as in C; enclose in parentheses what "
                         "belongs together");
    const bool constant = a->kind == PM_NODE_WHOLE && b->kind == PM_NODE_WHOLE && b->whole > 0;
    if (word->op == PM_OP_DIVIDE && constant && a->whole % b->whole != 0)
        pm_parts_note_division(parser->parts, whole);
    if (word->op == PM_OP_BIT_XOR)
        pm_parts_note_at(parser->parts, whole, "^ is the exclusive or of C; a power is written **");
    return PARMAP_OK;
}

static parmap_status parse_binary(pm_parser *parser, int strength, int *index)
{
    PM_TRY(parse_unary(parser, index));
    while (parser->word.kind == PM_WORD_OPERATOR) {
        const pm_word word = parser->word;
        const int own = pm_operators[word.op].strength;
        int children[2] = {*index};
        if (own == 0)
            return pm_script_fail(word.place,
                                  "%s stands before one number, not between two; write "
                                  "an operator before it",
                                  pm_operators[word.op].text);
        if (own < strength)
            return PARMAP_OK;
        PM_TRY(pm_parser_advance(parser));
        PM_TRY(parse_binary(parser, own + 1, &children[1]));
        PM_TRY(look_twice(parser, &word, children[0], children[1]));
        const pm_node node = {.kind = PM_NODE_BINARY,
                              .op = word.op,
                              .compares = is_comparison(word.op),
                              .place = parser->parts->tree.nodes[children[0]].place};
        PM_TRY(add_operation(parser, node, children, 2, index));
    }
    return PARMAP_OK;
}

parmap_status pm_parser_expression(pm_parser *parser, int *index)
{
    int children[3];
    PM_TRY(enter(parser));
    PM_TRY(parse_binary(parser, 1, &children[0]));
    *index = children[0];
    if (pm_word_is(&parser->word, '?')) {
        PM_TRY(pm_parser_advance(parser));
        PM_TRY(pm_parser_expression(parser, &children[1]));
        PM_TRY(pm_parser_expect(parser, ':', "a choice is written condition ? a : b"));
        PM_TRY(pm_parser_expression(parser, &children[2]));
        const pm_tree *tree = &parser->parts->tree;
        const pm_node node = {.kind = PM_NODE_CHOICE,
                              .place = {parser->script, tree->nodes[children[0]].place.begin,
                                        tree->nodes[children[2]].place.end}};
        PM_TRY(pm_tree_add(&parser->parts->tree, node, children, 3, index));
    }
    parser->nesting--;
    return PARMAP_OK;
}

/* The word behind a whole expression. */
static parmap_status fail_rest(const pm_word *word)
{
    char name[PM_LAYOUT_NAME];
    pm_parser_copy(word, name, sizeof name);
    if (word->kind == PM_WORD_NAME && pm_word_suggest(name) != NULL)
        return pm_script_fail(word->place, "%s is not part of a formula; write %s", name,
                              pm_word_suggest(name));
    if (word->kind == PM_WORD_NAME || word->kind == PM_WORD_WHOLE || word->kind == PM_WORD_REAL ||
        pm_word_is(word, '('))
        return pm_script_fail(word->place, "an operator is missing before this; write 2*x for "
                                           "twice x");
    if (pm_word_is(word, '='))
        return pm_script_fail(word->place, "= names a result, in front of the formula; to compare, "
                                           "write ==");
    if (pm_word_is(word, ')'))
        return pm_script_fail(word->place, "this parenthesis was never opened; take it away, or "
                                           "open it before");
    if (pm_word_is(word, ','))
        return pm_script_fail(word->place, "a comma stands between arguments of a function only; "
                                           "give several formulas as several words");
    return pm_script_fail(word->place, "this does not belong here; take it away");
}

parmap_status pm_parse_expression(pm_parts *parts, const pm_script *script, int at, int definitions,
                                  int *root)
{
    pm_parser parser = {parts, script, definitions, 0, {.place = {script, at, at}}};
    PM_TRY(pm_parser_advance(&parser));
    if (parser.word.kind == PM_WORD_END)
        return pm_script_fail(parser.word.place, "nothing is written here; give a formula like "
                                                 "x*x*x");
    PM_TRY(pm_parser_expression(&parser, root));
    return parser.word.kind == PM_WORD_END ? PARMAP_OK : fail_rest(&parser.word);
}

parmap_status pm_parse_head(const pm_script *script, char name[PM_LAYOUT_NAME], int *at)
{
    pm_word word, sign;
    name[0] = '\0';
    *at = 0;
    PM_TRY(pm_lex(script, 0, &word));
    if (word.kind != PM_WORD_NAME || pm_lex(script, word.place.end, &sign) != PARMAP_OK ||
        !pm_word_is(&sign, '='))
        return PARMAP_OK;
    if (word.place.end - word.place.begin >= PM_LAYOUT_NAME)
        return pm_script_fail(word.place, "the name is too long; use at most %d letters",
                              PM_LAYOUT_NAME - 1);
    pm_parser_copy(&word, name, PM_LAYOUT_NAME);
    *at = sign.place.end;
    return PARMAP_OK;
}
