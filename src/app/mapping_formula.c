/* From the user's words to the source of a kernel, and its shared object. */
#include "app/mapping_formula.h"

#include "app/kernel_files.h"
#include "base/log.h"
#include "formula/formula.h"
#include "work/compiler.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The data sets that the formula's names stand for. */
typedef struct data {
    pm_layout offer; /* all that the inputs have */
    pm_formula_input items[PM_LAYOUT_FIELDS];
    int count;
} data;

static void add(data *d, const char *name, const pm_layout_field *field)
{
    pm_formula_input *item = &d->items[d->count++];
    *item = (pm_formula_input){.name = name,
                               .type = field->type,
                               .elements = pm_layout_elements(field),
                               .rank = field->rank};
    memcpy(item->extent, field->extent, sizeof item->extent);
}

static bool has_name(const pm_formula *formula, const char *name)
{
    for (int i = 0; i < pm_formula_name_count(formula); i++)
        if (strcmp(pm_formula_name(formula, i), name) == 0)
            return true;
    return false;
}

/* Compounds may have fields that are not used; any other input that is given has to be one of the
 * formula's names. */
static parmap_status check_input(const pm_formula *formula, const pm_input *input, bool only)
{
    char row[PM_LAYOUT_TEXT];
    const bool record = !pm_layout_is_plain(&input->row), known = has_name(formula, input->name);
    if (record && known)
        return pm_fail(PARMAP_USAGE,
                       "%s is %s, and a formula computes with numbers; name a field, --input "
                       "%s=%s:%s:%s",
                       input->name, pm_layout_format(row, &input->row), input->name, input->path,
                       input->set, input->row.fields[0].name);
    if (record || known || (only && !input->named))
        return PARMAP_OK;
    return pm_fail(PARMAP_USAGE,
                   "the formula has no name %s; name the input as the formula does, --input "
                   "%s=%s:%s, or leave it out",
                   input->name,
                   pm_formula_name_count(formula) > 0 ? pm_formula_name(formula, 0) : "x",
                   input->path, input->set);
}

/* What is not there, the formula complains of. */
static parmap_status choose_data(const pm_formula *formula, const pm_input *inputs, int count,
                                 data *d)
{
    const int names = pm_formula_name_count(formula);
    d->count = 0;
    if (count == 0)
        return PARMAP_OK;
    PM_TRY(pm_inputs_offer(inputs, count, &d->offer));
    const bool only = names == 1 && d->offer.count == 1;
    for (int i = 0; i < count; i++)
        PM_TRY(check_input(formula, &inputs[i], only));
    if (only) {
        add(d, NULL, &d->offer.fields[0]);
        return PARMAP_OK;
    }
    for (int i = 0; i < names; i++) {
        const pm_layout_field *field = pm_layout_find(&d->offer, pm_formula_name(formula, i));
        if (field)
            add(d, field->name, field);
    }
    for (int i = 0; d->count == 0 && i < d->offer.count; i++)
        add(d, d->offer.fields[i].name, &d->offer.fields[i]);
    return PARMAP_OK;
}

static parmap_status bind(pm_formula *formula, const pm_settings *settings, const pm_input *inputs,
                          int count)
{
    data d;
    PM_TRY(choose_data(formula, inputs, count, &d));
    const pm_typed_range *range = &settings->range;
    const bool up = range->step > 0;
    const pm_formula_inputs bound = {.data = d.items,
                                     .count = d.count,
                                     .known = count == 0 && settings->range_given,
                                     .first = up ? range->first : range->last,
                                     .last = up ? range->last : range->first};
    return pm_formula_bind(formula, &bound);
}

static parmap_status compile(const pm_formula *formula, pm_bytes *object)
{
    char *text = NULL;
    pm_compiled compiled = {.said = NULL};
    parmap_status status = pm_formula_emit(formula, &text);
    const pm_compile_source source = {.text = text};
    if (status == PARMAP_OK) {
        status = pm_compile(&source, &compiled);
        pm_show_compiler(&compiled, status);
        *object = compiled.object;
        compiled.object = (pm_bytes){.data = NULL};
    }
    pm_compiled_free(&compiled);
    free(text);
    return status;
}

static void tell_notes(const pm_formula *formula)
{
    for (int i = 0; i < pm_formula_note_count(formula); i++)
        pm_log_note("%s", pm_formula_note(formula, i));
}

/* Whether a name stands in one of the texts, but for its own definition. */
static bool is_used(const char *name, int length, const char *const *texts, int count)
{
    for (int i = 0; i < count; i++)
        for (const char *at = texts[i]; (at = strstr(at, name)) != NULL; at++) {
            const bool begins =
                at == texts[i] || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
            const bool ends = !(isalnum((unsigned char)at[length]) || at[length] == '_');
            const char *next = at + length + strspn(at + length, " ");
            const bool defined = at == texts[i] && next[0] == '=' && next[1] != '=';
            if (begins && ends && !defined)
                return true;
        }
    return false;
}

/* A name that nothing uses may be mistyped. */
static void tell_unused(const char *option, const pm_lines *named,
                        const pm_formula_request *request)
{
    for (int i = 0; i < named->count; i++) {
        char name[PM_LAYOUT_NAME];
        const int length = (int)strcspn(named->line[i], " =");
        snprintf(name, sizeof name, "%.*s", length, named->line[i]);
        if (length < PM_LAYOUT_NAME &&
            !is_used(name, length, request->formulas, request->formula_count) &&
            !is_used(name, length, request->lets, request->let_count) &&
            !is_used(name, length, request->constants, request->constant_count))
            pm_log_warning("nothing uses --%s %s", option, name);
    }
}

static parmap_status make(pm_formula *formula, const pm_settings *settings, const pm_input *inputs,
                          int count, pm_bytes *object)
{
    PM_TRY(bind(formula, settings, inputs, count));
    tell_notes(formula);
    return compile(formula, object);
}

parmap_status pm_mapping_formula(const pm_origin *origin, const pm_settings *settings,
                                 const pm_input *inputs, int count, pm_bytes *object)
{
    pm_formula *formula = NULL;
    pm_lines lets, constants = {.text = NULL};
    parmap_status status = pm_lines_split(settings->lets, "let", &lets);
    if (status == PARMAP_OK)
        status = pm_lines_split(settings->params, "param", &constants);
    const pm_formula_request request = {.formulas = (const char *const *)origin->words,
                                        .formula_count = origin->count,
                                        .lets = lets.line,
                                        .let_count = lets.count,
                                        .constants = constants.line,
                                        .constant_count = constants.count,
                                        .typed = settings->type_given,
                                        .type = settings->type};
    if (status == PARMAP_OK)
        status = pm_formula_parse(&request, &formula);
    if (status == PARMAP_OK) {
        tell_unused("let", &lets, &request);
        tell_unused("param", &constants, &request);
        status = make(formula, settings, inputs, count, object);
    }
    pm_formula_free(formula);
    free(lets.text);
    free(constants.text);
    return status;
}
