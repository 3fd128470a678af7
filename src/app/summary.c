/* Two forms of the same facts. */
#include "app/summary.h"

#include "base/log.h"
#include "base/text.h"
#include "work/kernel.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static double bytes_of(const pm_summary *s, int64_t items)
{
    return (double)items * (double)s->plan->result.bytes;
}

static double per_second(const pm_summary *s, double amount)
{
    return s->seconds > 0 ? amount / s->seconds : 0;
}

static void text_line(const char *name, const char *value)
{
    if (value && *value)
        printf("  %-9s %s\n", name, value);
}

static void print_text(const pm_summary *s)
{
    char number[PM_NUMBER_TEXT], layout[PM_LAYOUT_TEXT], line[128];
    printf("%s: %s\n", s->program, s->status);
    printf("  %-9s %" PRId64 " (%s, %s)\n", "elements", s->items,
           pm_layout_format(layout, &s->plan->result),
           pm_format_scaled(number, bytes_of(s, s->items), "B"));
    text_line("formula", s->formula);
    if (strcmp(s->arithmetic, "proved") == 0)
        text_line("overflow", "impossible, proved for all inputs");
    else if (strcmp(s->arithmetic, "checked") == 0)
        text_line("overflow", "none, checked where it could not be ruled out");
    if (s->failed > 0)
        printf("  %-9s %" PRId64 " of them\n", "failed", s->failed);
    if (s->before > 0)
        printf("  %-9s %" PRId64 " of them by earlier attempts\n", "resumed", s->before);
    if (s->seconds > 0) {
        printf("  %-9s %.*f s\n", "time", s->seconds < 100 ? 3 : 1, s->seconds);
        pm_format_scaled(number, per_second(s, (double)(s->items - s->before)), "");
        const double bytes_rate = per_second(s, bytes_of(s, s->items - s->before));
        printf("  %-9s %s elements/s, ", "rate", number);
        if (bytes_rate >= 1e8)
            printf("%.3g GB/s\n", bytes_rate / 1e9);
        else
            printf("%s\n", pm_format_scaled(number, bytes_rate, "B/s"));
        printf("  %-9s %.2f (slowest rank over mean)\n", "balance", s->balance);
    }
    snprintf(line, sizeof line, "%016" PRIx64, s->checksum);
    text_line("checksum", s->has_checksum ? line : NULL);
    text_line("min", s->min);
    text_line("max", s->max);
    text_line("sum", s->sum);
    if (s->output)
        printf("  %-9s %s, data set /%s\n", "file", s->output, s->dataset);
}

/* A JSON string, or null. */
static void json_text(const char *name, const char *value)
{
    printf("\"%s\": ", name);
    if (!value || !*value) {
        printf("null");
        return;
    }
    putchar('"');
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        if (*c == '"' || *c == '\\')
            printf("\\%c", *c);
        else if (*c < ' ')
            printf("\\u%04x", *c);
        else
            putchar(*c);
    }
    putchar('"');
}

static void json_next_text(const char *name, const char *value)
{
    printf(", ");
    json_text(name, value);
}

static void json_next_int(const char *name, int64_t value)
{
    printf(", \"%s\": %" PRId64, name, value);
}

static void json_next_real(const char *name, double value)
{
    printf(", \"%s\": %.9g", name, value);
}

static void print_json(const pm_summary *s)
{
    char range[PM_RANGE_TEXT], layout[PM_LAYOUT_TEXT], checksum[24];
    snprintf(checksum, sizeof checksum, "%016" PRIx64, s->checksum);
    printf("{");
    json_text("program", s->program);
    json_next_text("status", s->status);
    json_next_text("kernel", s->kernel);
    json_next_text("formula", s->formula);
    json_next_text("arithmetic", s->arithmetic);
    json_next_text("type", pm_layout_format(layout, &s->plan->result));
    json_next_text("range", pm_range_format(range, &s->plan->range));
    json_next_int("elements", s->items);
    json_next_int("failed", s->failed);
    json_next_int("elements_before", s->before);
    json_next_int("blocks", s->plan->blocks.count);
    json_next_int("block_items", s->plan->blocks.block_items);
    json_next_int("bytes", s->items * (int64_t)s->plan->result.bytes);
    json_next_real("seconds", s->seconds);
    json_next_real("elements_per_second", per_second(s, (double)(s->items - s->before)));
    json_next_real("gigabytes_per_second", per_second(s, bytes_of(s, s->items - s->before)) / 1e9);
    json_next_real("balance", s->balance);
    json_next_text("checksum", s->has_checksum ? checksum : NULL);
    json_next_text("min", s->min);
    json_next_text("max", s->max);
    json_next_text("sum", s->sum);
    json_next_text("file", s->output);
    json_next_text("dataset", s->output ? s->dataset : NULL);
    json_next_int("nodes", s->topology->nodes);
    json_next_int("ranks", s->topology->size);
    json_next_int("threads", s->topology->threads_total);
    json_next_text("schedule", pm_schedule_name(s->plan->schedule));
    json_next_text("vector", pm_vector_name(pm_plan_vector(s->plan)));
    json_next_text("version", PARMAP_VERSION);
    printf("}\n");
}

parmap_status pm_summary_print(const pm_summary *summary, pm_summary_kind kind)
{
    if (kind == PM_SUMMARY_JSON)
        print_json(summary);
    else
        print_text(summary);
    return pm_log_finish_stdout();
}
