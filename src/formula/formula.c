/* The steps from texts to a bound formula. */
#include "formula/formula.h"

#include "base/text.h"
#include "base/types.h"
#include "formula/bound.h"
#include "formula/canonical.h"
#include "formula/emit.h"
#include "formula/functions.h"
#include "formula/parse.h"
#include "formula/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading --------------------------------------------------------------------------------- */

/* The word `name` at the beginning of a text, or, of a name that parmap gave, the beginning. */
static pm_place place_of_name(const pm_script *script, const char *name)
{
    const char *at = strstr(script->text, name);
    if (at == NULL)
        return (pm_place){script, 0, 1};
    const int begin = (int)(at - script->text);
    return (pm_place){script, begin, begin + (int)strlen(name)};
}

static parmap_status check_new_name(const pm_parts *parts, const pm_definition *definition)
{
    const char *name = definition->name;
    const pm_place place = place_of_name(&definition->script, name);
    parmap_type type;
    if (pm_parts_definition(parts, name) >= 0)
        return pm_script_fail(place, "%s is defined twice; choose another name", name);
    if (pm_callable_find(name, (int)strlen(name)) >= 0 || pm_type_parse(name, &type) == PARMAP_OK)
        return pm_script_fail(place, "%s is a function; choose another name", name);
    return PARMAP_OK;
}

/* Takes down names before anything is read, so that a use before the definition is seen. */
static parmap_status add_definitions(pm_parts *parts, const char *const *texts, int count,
                                     bool parameter)
{
    for (int i = 0; i < count; i++) {
        pm_definition definition = {.parameter = parameter, .root = -1};
        int at;
        snprintf(definition.script.label, sizeof definition.script.label, "%s",
                 parameter ? "--param" : "--let");
        definition.script.text = texts[i];
        if (parts->definition_count == PM_PARTS_DEFINITIONS)
            return pm_script_fail((pm_place){&definition.script, 0, 1},
                                  "this is one name too many; use at most %d",
                                  (int)PM_PARTS_DEFINITIONS);
        PM_TRY(pm_parse_head(&definition.script, definition.name, &at));
        if (definition.name[0] == '\0')
            return pm_script_fail((pm_place){&definition.script, 0, 1},
                                  "a name and = must stand in front; write %s",
                                  parameter ? "--param k=2.5" : "--let 'r=sqrt(x*x+y*y)'");
        PM_TRY(check_new_name(parts, &definition));
        parts->definitions[parts->definition_count++] = definition;
    }
    return PARMAP_OK;
}

static parmap_status read_definitions(pm_parts *parts)
{
    for (int i = 0; i < parts->definition_count; i++) {
        pm_definition *definition = &parts->definitions[i];
        char name[PM_LAYOUT_NAME];
        int at;
        PM_TRY(pm_parse_head(&definition->script, name, &at));
        if (strspn(definition->script.text + at, " \t\n") == strlen(definition->script.text + at))
            return pm_script_fail((pm_place){&definition->script, at, at},
                                  "a value is missing behind the name; write %s",
                                  definition->parameter ? "--param k=2.5"
                                                        : "--let 'r=sqrt(x*x+y*y)'");
        PM_TRY(pm_parse_expression(parts, &definition->script, at, i, &definition->root));
        const pm_node *root = &parts->tree.nodes[definition->root];
        if (definition->parameter && !root->constant)
            return pm_script_fail(root->place, "a constant cannot depend on inputs; use --let for "
                                               "this");
    }
    return PARMAP_OK;
}

static parmap_status check_result_name(const pm_parts *parts, const pm_result_part *result)
{
    for (const pm_result_part *other = parts->results; other < result; other++)
        if (result->name[0] != '\0' && strcmp(other->name, result->name) == 0)
            return pm_script_fail(place_of_name(&result->script, result->name),
                                  "two results have the name %s; choose another", result->name);
    return PARMAP_OK;
}

static parmap_status read_results(pm_parts *parts, const pm_formula_request *request)
{
    if (request->formula_count < 1 || request->formula_count > PM_PARTS_NAMES)
        return pm_fail(PARMAP_USAGE, "%d formulas are given; give 1 to %d", request->formula_count,
                       (int)PM_PARTS_NAMES);
    for (int i = 0; i < request->formula_count; i++) {
        pm_result_part *result = &parts->results[parts->result_count++];
        int at;
        if (request->formula_count == 1)
            snprintf(result->script.label, sizeof result->script.label, "formula");
        else
            snprintf(result->script.label, sizeof result->script.label, "formula %d", i + 1);
        result->script.text = request->formulas[i];
        PM_TRY(pm_parse_head(&result->script, result->name, &at));
        PM_TRY(pm_parse_expression(parts, &result->script, at, parts->definition_count,
                                   &result->root));
    }
    return PARMAP_OK;
}

/* Results that were given no name are called as numpy calls them. */
static void name_results(pm_parts *parts)
{
    for (int i = 0; i < parts->result_count && parts->result_count > 1; i++) {
        pm_result_part *result = &parts->results[i];
        if (result->name[0] == '\0')
            snprintf(result->name, sizeof result->name, "f%d", i);
    }
}

static parmap_status read_all(pm_formula *formula, const pm_formula_request *request)
{
    pm_parts *parts = &formula->parts;
    PM_TRY(add_definitions(parts, request->constants, request->constant_count, true));
    PM_TRY(add_definitions(parts, request->lets, request->let_count, false));
    PM_TRY(read_definitions(parts));
    PM_TRY(read_results(parts, request));
    name_results(parts);
    for (int i = 0; i < parts->result_count; i++)
        PM_TRY(check_result_name(parts, &parts->results[i]));
    for (int i = 0; i < parts->definition_count; i++)
        if (!parts->definitions[i].used)
            pm_parts_note(parts, "the %s %s is not used",
                          parts->definitions[i].parameter ? "constant" : "intermediate value",
                          parts->definitions[i].name);
    return pm_canonical_text(parts, &formula->text);
}

parmap_status pm_formula_parse(const pm_formula_request *request, pm_formula **formula)
{
    *formula = calloc(1, sizeof **formula);
    if (*formula == NULL)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the formula");
    (*formula)->typed = request->typed;
    (*formula)->type = request->typed ? request->type : PARMAP_TYPES;
    const parmap_status status = read_all(*formula, request);
    if (status != PARMAP_OK) {
        pm_formula_free(*formula);
        *formula = NULL;
    }
    return status;
}

void pm_formula_free(pm_formula *formula)
{
    if (formula == NULL)
        return;
    free(formula->parts.tree.nodes);
    free(formula->text);
    free(formula);
}

/* ---- binding --------------------------------------------------------------------------------- */

/* A name that has no data: perhaps one that is misspelt. */
static parmap_status fail_unbound(const pm_parts *parts, const pm_free_name *name,
                                  const char *const *others, int other_count, bool range)
{
    const char *names[2 * PM_PARTS_NAMES + PM_PARTS_DEFINITIONS];
    size_t count = 0;
    for (int i = 0; i < other_count; i++)
        names[count++] = others[i];
    for (int i = 0; i < parts->definition_count; i++)
        names[count++] = parts->definitions[i].name;
    const char *nearest = pm_nearest_word(name->name, names, count);
    if (nearest != NULL)
        return pm_script_fail(name->place, "%s is not known; is %s meant?", name->name, nearest);
    if (range)
        return pm_script_fail(name->place,
                              "over a range one name is free, which is %s already; give %s a value "
                              "with --param %s=..., --let, or --input %s=FILE:/SET",
                              parts->inputs[0].name, name->name, name->name, name->name);
    return pm_script_fail(name->place,
                          "%s has no data; give it with --input %s=FILE:/SET, or a "
                          "value with --param %s=...",
                          name->name, name->name, name->name);
}

static parmap_status bind_range(pm_formula *formula)
{
    pm_parts *parts = &formula->parts;
    const char *const first = parts->inputs[0].name;
    if (parts->input_count > 1)
        return fail_unbound(parts, &parts->inputs[1], &first, 1, true);
    if (parts->input_count == 0) { /* a constant: the range counts items */
        parts->input_count = 1;
        snprintf(parts->inputs[0].name, sizeof parts->inputs[0].name, "x");
    }
    parts->inputs[0].type = formula->typed ? formula->type : PARMAP_INT64;
    parts->inputs[0].elements = 1;
    return PARMAP_OK;
}

static const pm_formula_input *find_data(const pm_formula_inputs *inputs, const char *name)
{
    for (int i = 0; i < inputs->count; i++)
        if (inputs->data[i].name != NULL && strcmp(inputs->data[i].name, name) == 0)
            return &inputs->data[i];
    return NULL;
}

/* Data without a name is for a formula with one. */
static parmap_status check_unnamed(const pm_parts *parts, const pm_formula_inputs *inputs)
{
    for (int i = 0; i < inputs->count; i++)
        if (inputs->data[i].name == NULL && (parts->input_count != 1 || inputs->count != 1))
            return pm_fail(PARMAP_USAGE,
                           "an input has no name, and the formula has %d of them; write --input "
                           "NAME=FILE:/SET",
                           parts->input_count);
    return PARMAP_OK;
}

static parmap_status check_used(const pm_parts *parts, const pm_formula_inputs *inputs)
{
    for (int i = 0; i < inputs->count; i++) {
        const char *name = inputs->data[i].name;
        if (name == NULL || pm_parts_input(parts, name) >= 0)
            continue;
        if (pm_constant_find(name, (int)strlen(name)) != NULL ||
            pm_parts_definition(parts, name) >= 0)
            return pm_fail(PARMAP_USAGE,
                           "the input %s has the name of a constant or of an intermediate value; "
                           "call it something else: --input NAME=FILE:/SET",
                           name);
        return pm_fail(PARMAP_USAGE,
                       "the formula does not use the input %s; take it away, or use "
                       "its name",
                       name);
    }
    return PARMAP_OK;
}

static parmap_status bind_data(pm_parts *parts, const pm_formula_inputs *inputs)
{
    const char *names[PM_PARTS_NAMES];
    int count = 0;
    PM_TRY(check_unnamed(parts, inputs));
    for (int i = 0; i < inputs->count && i < PM_PARTS_NAMES; i++)
        names[count++] = inputs->data[i].name;
    for (int i = 0; i < parts->input_count; i++) {
        pm_free_name *name = &parts->inputs[i];
        const pm_formula_input *data =
            inputs->data[0].name == NULL ? &inputs->data[0] : find_data(inputs, name->name);
        if (data == NULL)
            return fail_unbound(parts, name, names, count, false);
        name->type = data->type;
        name->elements = data->elements;
        name->rank = data->rank > 0 ? data->rank : data->elements > 1;
        memcpy(name->extent, data->extent, sizeof name->extent);
        if (data->rank == 0)
            name->extent[0] = name->rank > 0 ? data->elements : 0;
    }
    return check_used(parts, inputs);
}

/* One name is the item itself, several are fields of a record. */
static void describe_inputs(pm_formula *formula)
{
    const pm_parts *parts = &formula->parts;
    pm_layout *layout = &formula->input;
    layout->count = parts->input_count;
    for (int i = 0; i < parts->input_count; i++) {
        const pm_free_name *input = &parts->inputs[i];
        pm_layout_field *field = &layout->fields[i];
        *field = (pm_layout_field){.type = input->type, .rank = input->rank};
        if (parts->input_count > 1)
            snprintf(field->name, sizeof field->name, "%s", input->name);
        memcpy(field->extent, input->extent, sizeof field->extent);
    }
    pm_layout_place(layout);
}

static void describe_results(pm_formula *formula)
{
    const pm_parts *parts = &formula->parts;
    pm_layout *layout = &formula->result;
    layout->count = parts->result_count;
    for (int i = 0; i < parts->result_count; i++) {
        pm_layout_field *field = &layout->fields[i];
        *field = (pm_layout_field){.type = parts->results[i].type};
        snprintf(field->name, sizeof field->name, "%s", parts->results[i].name);
    }
    pm_layout_place(layout);
}

parmap_status pm_formula_bind(pm_formula *formula, const pm_formula_inputs *inputs)
{
    const bool range = inputs->count == 0;
    const parmap_domain used = inputs->first <= inputs->last
                                   ? (parmap_domain){inputs->first, inputs->last}
                                   : (parmap_domain){inputs->last, inputs->first};
    PM_TRY(range ? bind_range(formula) : bind_data(&formula->parts, inputs));
    PM_TRY(pm_types_set(&formula->parts, formula->type));
    describe_inputs(formula);
    describe_results(formula);
    pm_bound_decide(formula, range, inputs->known, used);
    formula->bound = true;
    return PARMAP_OK;
}

/* ---- asking ---------------------------------------------------------------------------------- */

int pm_formula_name_count(const pm_formula *formula)
{
    return formula->parts.input_count;
}

const char *pm_formula_name(const pm_formula *formula, int index)
{
    return formula->parts.inputs[index].name;
}

const pm_layout *pm_formula_input_layout(const pm_formula *formula)
{
    return &formula->input;
}

const pm_layout *pm_formula_result_layout(const pm_formula *formula)
{
    return &formula->result;
}

parmap_domain pm_formula_domain(const pm_formula *formula)
{
    return formula->domain;
}

bool pm_formula_is_proved(const pm_formula *formula)
{
    return formula->proved;
}

int pm_formula_note_count(const pm_formula *formula)
{
    return formula->parts.note_count;
}

const char *pm_formula_note(const pm_formula *formula, int index)
{
    return formula->parts.notes[index];
}

const char *pm_formula_text(const pm_formula *formula)
{
    return formula->text;
}

parmap_status pm_formula_emit(const pm_formula *formula, char **source)
{
    return pm_emit_source(formula, source);
}
