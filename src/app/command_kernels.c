/* parmap kernels. */
#include "app/commands.h"

#include "app/kernel_files.h"
#include "base/layout.h"
#include "base/stop.h"
#include "base/text.h"
#include "work/kernel.h"
#include "work/parameters.h"

#include <stdio.h>

/* "exact for -2097152..2097151": the numbers of inputs that it is made for. */
static void print_domain(const parmap_variant *variant, const pm_layout *input)
{
    const parmap_type type = input->fields[0].type;
    const parmap_domain domain = variant->domain;
    char low[PM_NUMBER_TEXT], high[PM_NUMBER_TEXT];
    if (!pm_layout_is_number(input))
        return;
    const parmap_domain all = pm_type_domain(type);
    if (domain.min > domain.max)
        printf(", every result is checked");
    else if (domain.min <= all.min && domain.max >= all.max)
        printf(", exact for every %s", pm_type_name(type));
    else
        printf(", exact for %s..%s%s", pm_format_int128(low, domain.min),
               pm_format_int128(high, domain.max),
               pm_kernel_checks(variant) ? ", results of others are checked" : "");
}

static parmap_status print_variant(const parmap_variant *variant)
{
    static pm_layout input, result;
    char from[PM_LAYOUT_TEXT], to[PM_LAYOUT_TEXT];
    PM_TRY(pm_layout_read(variant->code->input, variant->code->input_layout, &input));
    PM_TRY(pm_layout_read(variant->code->result, variant->code->result_layout, &result));
    printf("  type: %s -> %s", pm_layout_format(from, &input), pm_layout_format(to, &result));
    print_domain(variant, &input);
    printf("%s\n", pm_kernel_can_fail(variant) ? "; items can fail" : "");
    return PARMAP_OK;
}

static void print_parameter(const parmap_parameter *p)
{
    char value[PM_VALUE_TEXT], limits[PM_LIMITS_TEXT];
    pm_parameter_format_limits(limits, p);
    printf("  parameter: %s = %s, %s%s%s", p->name, pm_parameter_format_value(value, p),
           pm_type_name(p->type), limits[0] ? ", " : "", limits);
    printf("%s%s\n", p->help && p->help[0] ? "; " : "", p->help ? p->help : "");
}

static parmap_status print_kernel(const parmap_kernel *kernel)
{
    const bool helps = kernel->help && kernel->help[0];
    if (kernel->text)
        printf("%s\n  formula: %s\n%s%s%s", kernel->name, kernel->text, helps ? "  refuses: " : "",
               helps ? kernel->help : "", helps ? "\n" : "");
    else
        printf("%s%s%s\n", kernel->name, helps ? ": " : "", helps ? kernel->help : "");
    printf("  version: %d\n", kernel->version);
    if (kernel->cost_s > 0)
        printf("  cost: %g s for each item\n", kernel->cost_s);
    for (int i = 0; i < kernel->variant_count; i++)
        PM_TRY(print_variant(&kernel->variants[i]));
    for (int i = 0; i < kernel->parameter_count; i++)
        print_parameter(&kernel->parameters[i]);
    return PARMAP_OK;
}

parmap_status pm_command_kernels(const char *path)
{
    pm_bytes object;
    pm_module module = {.fd = -1};
    pm_stop_install();
    parmap_status status = pm_read_kernel_file(path, &object);
    if (status == PARMAP_OK)
        status = pm_module_open(path, &object, &module);
    for (int i = 0; status == PARMAP_OK && i < module.count; i++)
        status = print_kernel(module.kernels[i]);
    pm_module_close(&module);
    pm_bytes_free(&object);
    return status;
}
