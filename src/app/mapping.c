/* Looking at inputs, choosing a kernel, and telling the others. */
#include "app/mapping.h"

#include "app/kernel_files.h"
#include "app/mapping_formula.h"
#include "base/log.h"
#include "base/text.h"
#include "comm/collective.h"
#include "work/compute.h"
#include "work/kernel.h"
#include "work/kernel_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static parmap_status out_of_memory(void)
{
    return pm_fail(PARMAP_SYSTEM, "out of memory for the kernel and its inputs");
}

/* ---- the kernel ------------------------------------------------------------------------------ */

static bool names_a_file(const pm_origin *origin)
{
    return origin->count == 1 && pm_is_kernel_file(origin->words[0]);
}

/* No formula begins so. */
static bool looks_like_a_path(const pm_origin *origin)
{
    const char *word = origin->words[0];
    return origin->count == 1 &&
           (word[0] == '/' || strncmp(word, "./", 2) == 0 || strncmp(word, "../", 3) == 0);
}

/* The shared object that the kernel is in. */
static parmap_status make_object(const pm_origin *origin, const pm_settings *settings,
                                 const pm_input *inputs, int count, pm_bytes *object)
{
    if (!names_a_file(origin) && looks_like_a_path(origin))
        return pm_fail(PARMAP_USAGE,
                       "%s is no formula, and files of kernels end in .c, .cc, .cpp, .cxx or .so",
                       origin->words[0]);
    for (int i = 0; !names_a_file(origin) && i < origin->count; i++)
        if (strstr(origin->words[i], ".."))
            return pm_fail(PARMAP_USAGE, "%s is no formula; if it is a range, write --range %s",
                           origin->words[i], origin->words[i]);
    if (!names_a_file(origin))
        return pm_mapping_formula(origin, settings, inputs, count, object);
    if (settings->lets)
        return pm_fail(PARMAP_USAGE, "--let is for formulas, and %s is a file; leave it out",
                       origin->words[0]);
    return pm_read_kernel_file(origin->words[0], object);
}

static int index_of(const pm_module *module, const parmap_kernel *kernel)
{
    int i = 0;
    while (i < module->count && module->kernels[i] != kernel)
        i++;
    return i;
}

/* The kernel, from wherever it comes. */
static parmap_status take_kernel(pm_mapping *m, const pm_origin *origin,
                                 const pm_settings *settings, const pm_input *inputs, int count)
{
    m->kernel = origin->linked;
    if (m->kernel)
        return pm_kernel_check_abi(m->kernel);
    PM_TRY(make_object(origin, settings, inputs, count, &m->object));
    PM_TRY(pm_module_open(origin->words[0], &m->object, &m->module));
    PM_TRY(pm_module_kernel(&m->module, settings->kernel, &m->kernel));
    m->head.object_bytes = m->object.size;
    m->head.kernel = index_of(&m->module, m->kernel);
    return PARMAP_OK;
}

/* The constants of a formula are part of it, and those of one in a file are fixed. */
static parmap_status take_parameters(pm_mapping *m, const pm_origin *origin,
                                     const pm_settings *settings)
{
    pm_lines given;
    const bool constants = !origin->linked && !names_a_file(origin);
    parmap_status status = pm_lines_split(constants ? NULL : settings->params, "param", &given);
    if (status == PARMAP_OK)
        status = pm_parameters_read(m->kernel, given.line, given.count, &m->head.parameters);
    if (status == PARMAP_OK)
        status = pm_parameters_apply(m->kernel, &m->head.parameters);
    free(given.text);
    return status;
}

/* ---- the inputs ------------------------------------------------------------------------------ */

static parmap_status look(const pm_lines *given, pm_input *inputs)
{
    for (int i = 0; i < given->count; i++)
        PM_TRY(pm_input_look(given->line[i], &inputs[i]));
    return PARMAP_OK;
}

static parmap_status layout_of(const parmap_variant *variant, pm_layout *layout)
{
    return pm_layout_read(variant->code->input, variant->code->input_layout, layout);
}

/* Over a range: the type that is asked for, or that the program likes best, or any. */
static parmap_status choose_type(pm_mapping *m, const pm_settings *settings)
{
    const parmap_variant *variant;
    m->type = settings->type;
    if (!settings->type_given && !pm_kernel_find(m->kernel, m->type))
        m->type = m->kernel->variants[0].code->input;
    if (m->type == PARMAP_RECORD) {
        pm_layout layout;
        char text[PM_LAYOUT_TEXT];
        PM_TRY(layout_of(&m->kernel->variants[0], &layout));
        return pm_fail(PARMAP_USAGE,
                       "%s takes %s, which no range has; name its inputs with --input FILE:/SET",
                       pm_kernel_name(m->kernel), pm_layout_format(text, &layout));
    }
    return pm_kernel_variant(m->kernel, m->type, &variant);
}

static bool same_type(const parmap_variant *variant, const pm_input *input)
{
    return pm_layout_is_number(&input->row) && variant->code->input == input->row.fields[0].type;
}

static parmap_status bind(pm_mapping *m, const parmap_variant *variant, const pm_input *inputs,
                          int count)
{
    pm_layout layout;
    PM_TRY(layout_of(variant, &layout));
    PM_TRY(pm_columns_bind(inputs, count, &layout, m->columns));
    m->type = variant->code->input;
    return PARMAP_OK;
}

/* Over data sets: the type that is asked for, or that of the data, or the first that holds it. */
static parmap_status choose_columns(pm_mapping *m, const pm_origin *origin,
                                    const pm_settings *settings, const pm_input *inputs, int count)
{
    const parmap_variant *variant, *variants = m->kernel->variants;
    const int all = m->kernel->variant_count;
    parmap_status status = PARMAP_OK;
    if (settings->type_given && (!m->kernel->text || names_a_file(origin))) {
        PM_TRY(pm_kernel_variant(m->kernel, settings->type, &variant));
        return bind(m, variant, inputs, count);
    }
    for (int i = 0; i < all; i++)
        if (same_type(&variants[i], &inputs[0]))
            return bind(m, &variants[i], inputs, count);
    for (int i = 0; i < all; i++)
        if ((status = bind(m, &variants[i], inputs, count)) == PARMAP_OK)
            break;
    return status;
}

static parmap_status make(pm_mapping *m, const pm_origin *origin, const pm_settings *settings,
                          const pm_lines *given, pm_input *inputs)
{
    PM_TRY(take_kernel(m, origin, settings, inputs, given->count));
    PM_TRY(take_parameters(m, origin, settings));
    if (given->count == 0 && !origin->linked && !settings->range_given && !settings->verify)
        return pm_fail(PARMAP_USAGE, "there is nothing to map over; give --range FIRST..LAST, or "
                                     "--input FILE:/SET");
    if (given->count == 0)
        return choose_type(m, settings);
    if (!(m->columns = calloc(1, sizeof *m->columns)))
        return out_of_memory();
    PM_TRY(choose_columns(m, origin, settings, inputs, given->count));
    m->head.columns_bytes = pm_columns_bytes(m->columns);
    return pm_columns_open(m->columns, &m->reader);
}

/* The inputs that the settings name, as they were looked at; the caller frees them. */
static parmap_status look_at_inputs(const pm_settings *settings, pm_lines *given, pm_input **inputs)
{
    PM_TRY(pm_lines_split(settings->inputs, "input", given));
    *inputs = calloc(PM_LINES, sizeof **inputs);
    return *inputs ? look(given, *inputs) : out_of_memory();
}

parmap_status pm_mapping_make(pm_mapping *mapping, const pm_origin *origin,
                              const pm_settings *settings)
{
    pm_lines given;
    pm_input *inputs = NULL;
    parmap_status status = look_at_inputs(settings, &given, &inputs);
    if (status == PARMAP_OK)
        status = make(mapping, origin, settings, &given, inputs);
    free(inputs);
    free(given.text);
    return status;
}

parmap_status pm_mapping_compile(const pm_origin *origin, const pm_settings *settings,
                                 pm_bytes *object)
{
    pm_lines given;
    pm_input *inputs = NULL;
    parmap_status status = look_at_inputs(settings, &given, &inputs);
    if (status == PARMAP_OK)
        status = make_object(origin, settings, inputs, given.count, object);
    free(inputs);
    free(given.text);
    return status;
}

/* ---- to the other ranks ---------------------------------------------------------------------- */

static parmap_status receive(const pm_world *world, void **memory, size_t bytes)
{
    if (world->rank > 0 && !(*memory = calloc(1, bytes)))
        return out_of_memory();
    return pm_broadcast(world, *memory, bytes, NULL);
}

/* What rank 0 has made of all this already. */
static parmap_status take_up(pm_mapping *m, const pm_origin *origin)
{
    if (m->head.object_bytes > 0) {
        PM_TRY(pm_module_open(origin->words[0], &m->object, &m->module));
        m->kernel = m->module.kernels[m->head.kernel];
    } else {
        m->kernel = origin->linked;
    }
    PM_TRY(pm_parameters_apply(m->kernel, &m->head.parameters));
    return m->columns ? pm_columns_open(m->columns, &m->reader) : PARMAP_OK;
}

parmap_status pm_mapping_share(pm_mapping *mapping, const pm_origin *origin, const pm_world *world)
{
    pm_mapping *m = mapping;
    void *columns = m->columns;
    if (m->head.object_bytes > 0) {
        m->object.size = m->head.object_bytes;
        PM_TRY(receive(world, &m->object.data, m->object.size));
    }
    if (m->head.columns_bytes > 0)
        PM_TRY(receive(world, &columns, m->head.columns_bytes));
    m->columns = columns;
    if (world->rank == 0)
        return PARMAP_OK;
    m->ready = take_up(m, origin);
    if (m->ready != PARMAP_OK)
        snprintf(m->failure, sizeof m->failure, "%s", parmap_message());
    return PARMAP_OK;
}

/* ---- in words -------------------------------------------------------------------------------- */

parmap_status pm_mapping_check_output(const pm_mapping *mapping, const char *output)
{
    for (int i = 0; mapping->columns && i < mapping->columns->input_count; i++)
        PM_TRY(pm_input_is_not(&mapping->columns->inputs[i], output));
    return PARMAP_OK;
}

parmap_status pm_mapping_check_inputs(const pm_mapping *mapping)
{
    for (int i = 0; mapping->columns && i < mapping->columns->input_count; i++)
        PM_TRY(pm_input_changed(&mapping->columns->inputs[i]));
    return PARMAP_OK;
}

static void read_input(char *text, size_t room, const pm_mapping *m, int64_t row)
{
    void *item = calloc(1, m->columns->item.bytes);
    if (item && pm_columns_read(m->reader, row, 1, item) == PARMAP_OK)
        pm_layout_format_item(text, room, &m->columns->item, item);
    else
        snprintf(text, room, "row %lld", (long long)row);
    free(item);
}

char *pm_mapping_input(char *text, size_t room, const pm_mapping *mapping, const pm_range *range,
                       int64_t item)
{
    char number[PM_NUMBER_TEXT];
    const parmap_int128 x = pm_range_item(range, item);
    if (mapping->reader)
        read_input(text, room, mapping, (int64_t)x);
    else
        snprintf(text, room, "%s", pm_format_int128(number, x));
    return text;
}

/* All inputs, as far as there is room. */
static void describe_inputs(const pm_mapping *m, pm_record *data)
{
    char all[PM_LINES * PM_INPUT_TEXT] = "", one[PM_INPUT_TEXT], short_text[PM_FIELD_TEXT];
    for (int i = 0; i < m->columns->input_count; i++) {
        const size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i > 0 ? "; " : "",
                 pm_input_text(one, sizeof one, &m->columns->inputs[i]));
    }
    pm_record_text(data, "input", pm_text_digest(short_text, sizeof short_text, all));
}

void pm_mapping_describe(const pm_mapping *mapping, const pm_range *range, pm_record *data)
{
    char parameters[PM_PARAMETERS_TEXT], text[PM_FIELD_TEXT];
    const char *arithmetic = pm_mapping_arithmetic(mapping, range);
    if (mapping->kernel->text)
        pm_record_text(data, "formula", pm_text_digest(text, sizeof text, mapping->kernel->text));
    if (mapping->head.parameters.count > 0) {
        pm_parameters_format(parameters, &mapping->head.parameters);
        pm_record_text(data, "parameters", pm_text_digest(text, sizeof text, parameters));
    }
    if (mapping->columns)
        describe_inputs(mapping, data);
    if (arithmetic[0])
        pm_record_text(data, "arithmetic", arithmetic);
}

static bool has_whole_results(const parmap_code *code)
{
    if (code->result != PARMAP_RECORD)
        return !pm_type_is_real(code->result);
    for (int i = 0; i < code->result_layout->count; i++)
        if (!pm_type_is_real(code->result_layout->fields[i].type))
            return true;
    return false;
}

const char *pm_mapping_arithmetic(const pm_mapping *mapping, const pm_range *range)
{
    const parmap_variant *variant = pm_kernel_find(mapping->kernel, mapping->type);
    if (!mapping->kernel->text || !has_whole_results(variant->code))
        return "";
    if (!pm_kernel_checks(variant))
        return "proved";
    return !mapping->columns && pm_kernel_covers(variant, range) ? "proved" : "checked";
}

void pm_mapping_close(pm_mapping *mapping)
{
    pm_columns_close(mapping->reader);
    free(mapping->columns);
    pm_module_close(&mapping->module);
    pm_bytes_free(&mapping->object);
    *mapping = (pm_mapping){.kernel = NULL};
}
