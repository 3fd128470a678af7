/* What a name stands for: a function, a type to convert to, a definition, a constant, an input. */
#include "base/text.h"
#include "base/types.h"
#include "formula/functions.h"
#include "formula/parser.h"

#include <stdio.h>
#include <string.h>

enum { ARGUMENTS = 64 };

static int type_named(const char *name)
{
    for (int i = 0; i < PARMAP_TYPES; i++)
        if (strcmp(name, pm_type_names[i]) == 0)
            return i;
    return -1;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static parmap_status add_input(pm_parser *parser, const pm_word *word, pm_node_kind kind,
                               int *index)
{
    pm_parts *parts = parser->parts;
    char name[PM_LAYOUT_NAME];
    if (word->place.end - word->place.begin >= PM_LAYOUT_NAME)
        return pm_script_fail(word->place, "the name is too long; use at most %d letters",
                              PM_LAYOUT_NAME - 1);
    pm_parser_copy(word, name, PM_LAYOUT_NAME);
    int number = pm_parts_input(parts, name);
    if (number < 0) {
        if (parts->input_count == PM_PARTS_NAMES)
            return pm_script_fail(word->place,
                                  "this is one name too many; a formula has at most "
                                  "%d inputs",
                                  (int)PM_PARTS_NAMES);
        number = parts->input_count++;
        parts->inputs[number] = (pm_free_name){.place = word->place, .elements = 1};
        memcpy(parts->inputs[number].name, name, sizeof name);
    }
    const pm_node node = {.kind = kind, .number = number, .place = word->place};
    return pm_tree_add(&parts->tree, node, NULL, 0, index);
}

/* x[i], x[i][k]. */
static parmap_status parse_element(pm_parser *parser, const pm_word *word, int *index)
{
    int children[1 + PARMAP_RANK], count = 1;
    pm_node node = {.kind = PM_NODE_ELEMENT, .place = {parser->script, word->place.begin, 0}};
    PM_TRY(add_input(parser, word, PM_NODE_ROW, &children[0]));
    while (pm_word_is(&parser->word, '[')) {
        if (count > PARMAP_RANK)
            return pm_script_fail(parser->word.place,
                                  "this is one index too many; a row has at "
                                  "most %d dimensions",
                                  (int)PARMAP_RANK);
        PM_TRY(pm_parser_advance(parser));
        PM_TRY(pm_parser_expression(parser, &children[count++]));
        node.place.end = parser->word.place.end;
        PM_TRY(pm_parser_expect(parser, ']', "it closes the index"));
    }
    return pm_tree_add(&parser->parts->tree, node, children, count, index);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static parmap_status fail_function(pm_parser *parser, const pm_word *word, const char *name)
{
    const char *instead = pm_callable_suggest(name);
    if (pm_parts_input(parser->parts, name) >= 0 || pm_parts_definition(parser->parts, name) >= 0)
        return pm_script_fail(word->place,
                              "%s is a number, not a function; to multiply, write "
                              "%s*(...)",
                              name, name);
    for (int pointers = 0; pointers < 3; pointers++)
        if (strcmp(name, (const char *const[]){"modf", "frexp", "remquo"}[pointers]) == 0)
            return pm_script_fail(word->place,
                                  "%s has two results, which a formula cannot take; "
                                  "use trunc, ilogb or remainder",
                                  name);
    if (instead != NULL)
        return pm_script_fail(word->place, "there is no function %s; write %s", name, instead);
    return pm_script_fail(word->place,
                          "there is no function %s; use those of math.h, or abs, min, "
                          "max, sum, mean",
                          name);
}

/* The arguments behind "(", which was read, and the ")". */
static parmap_status parse_arguments(pm_parser *parser, int *arguments, int *count)
{
    *count = 0;
    if (pm_word_is(&parser->word, ')'))
        return pm_parser_advance(parser);
    for (;;) {
        if (*count == ARGUMENTS)
            return pm_script_fail(parser->word.place,
                                  "this is one argument too many; a function "
                                  "takes at most %d",
                                  (int)ARGUMENTS);
        PM_TRY(pm_parser_expression(parser, &arguments[*count]));
        ++*count;
        if (!pm_word_is(&parser->word, ','))
            return pm_parser_expect(parser, ')', "it closes the list of arguments");
        PM_TRY(pm_parser_advance(parser));
    }
}

static parmap_status check_count(const pm_place place, const char *name, int least, int most,
                                 int count)
{
    if (count >= least && count <= most)
        return PARMAP_OK;
    if (most > least)
        return pm_script_fail(place, "%s takes one row or several numbers; give it some", name);
    return pm_script_fail(place, "%s takes %d argument%s, not %d; change the list", name, least,
                          least == 1 ? "" : "s", count);
}

/* The argument of a function of rows must be the name of an input. */
static parmap_status make_row(pm_parser *parser, const char *name, int argument)
{
    pm_node *node = &parser->parts->tree.nodes[argument];
    if (node->kind != PM_NODE_INPUT)
        return pm_script_fail(node->place,
                              "%s of one argument takes the name of a row that comes "
                              "in; write the name alone",
                              name);
    node->kind = PM_NODE_ROW;
    return PARMAP_OK;
}

static bool takes_row(pm_function_kind kind, int count)
{
    return kind == PM_FUNCTION_SUM || kind == PM_FUNCTION_MEAN ||
           (count == 1 && (kind == PM_FUNCTION_MIN || kind == PM_FUNCTION_MAX));
}

static parmap_status parse_call(pm_parser *parser, const pm_word *word, int *index)
{
    char name[PM_LAYOUT_NAME];
    int arguments[ARGUMENTS], count;
    pm_parser_copy(word, name, PM_LAYOUT_NAME);
    const int type = type_named(name);
    const int length = word->place.end - word->place.begin;
    const int function = pm_callable_find(word->place.script->text + word->place.begin, length);
    if (type < 0 && function < 0)
        return fail_function(parser, word, name);
    PM_TRY(pm_parser_advance(parser));
    PM_TRY(parse_arguments(parser, arguments, &count));
    const pm_node node = {.kind = type >= 0 ? PM_NODE_CAST : PM_NODE_CALL,
                          .number = type >= 0 ? type : function,
                          .place = {parser->script, word->place.begin, parser->word.place.begin}};
    pm_place place = node.place;
    place.end = word->place.end;
    if (type >= 0) {
        PM_TRY(check_count(place, name, 1, 1, count));
    } else {
        const pm_callable *callable = &pm_callables[function];
        PM_TRY(check_count(place, name, callable->least, callable->most, count));
        if (takes_row(callable->kind, count))
            PM_TRY(make_row(parser, name, arguments[0]));
    }
    return pm_tree_add(&parser->parts->tree, node, arguments, count, index);
}

/* ---- definitions and constants --------------------------------------------------------------- */

/* The value of a definition: the number itself where it is one. */
static parmap_status add_reference(pm_parser *parser, const pm_word *word, int number, int *index)
{
    pm_definition *definition = &parser->parts->definitions[number];
    const pm_node *root = &parser->parts->tree.nodes[definition->root];
    pm_node node = {
        .kind = PM_NODE_LET, .number = number, .constant = root->constant, .place = word->place};
    if (root->kind == PM_NODE_WHOLE || root->kind == PM_NODE_REAL) {
        node = *root;
        node.place = word->place;
    }
    definition->used = true;
    return pm_tree_add(&parser->parts->tree, node, NULL, 0, index);
}

static parmap_status add_constant(pm_parser *parser, const pm_word *word,
                                  const pm_real_constant *constant, int *index)
{
    const pm_node node = {.kind = PM_NODE_REAL,
                          .place = word->place,
                          .real = constant->value,
                          .real32 = constant->value32};
    return pm_tree_add(&parser->parts->tree, node, NULL, 0, index);
}

/* A name that stands for no number. */
static parmap_status check_number_name(pm_parser *parser, const pm_word *word, const char *name,
                                       int length)
{
    const char *instead = pm_word_suggest(name);
    if (pm_parts_definition(parser->parts, name) >= 0)
        return pm_script_fail(word->place,
                              "%s is used before it is defined; define it in an "
                              "earlier --let or --param",
                              name);
    if (pm_callable_find(name, length) >= 0 || type_named(name) >= 0)
        return pm_script_fail(word->place, "%s is a function; write %s(...)", name, name);
    if (instead != NULL)
        return pm_script_fail(word->place, "%s is not known here; write %s", name, instead);
    return PARMAP_OK;
}

parmap_status pm_parser_name(pm_parser *parser, int *index)
{
    const pm_word word = parser->word;
    const int length = word.place.end - word.place.begin;
    char name[PM_LAYOUT_NAME];
    pm_parser_copy(&word, name, PM_LAYOUT_NAME);
    PM_TRY(pm_parser_advance(parser));
    if (pm_word_is(&parser->word, '('))
        return parse_call(parser, &word, index);
    const int definition = pm_parts_definition(parser->parts, name);
    if (definition >= 0 && definition < parser->definitions)
        return add_reference(parser, &word, definition, index);
    if (pm_word_is(&parser->word, '['))
        return parse_element(parser, &word, index);
    if (pm_constant_find(name, length) != NULL)
        return add_constant(parser, &word, pm_constant_find(name, length), index);
    PM_TRY(check_number_name(parser, &word, name, length));
    return add_input(parser, &word, PM_NODE_INPUT, index);
}
