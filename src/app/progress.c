/* The bar and the lines. */
#include "app/progress.h"

#include "app/terminal.h"
#include "base/text.h"
#include "comm/pause.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double first_after_s = 1.0; /* short runs show nothing */
static const double line_every_s = 5.0;

enum { LONGEST_LINE = 512, NARROWEST_BAR = 10, WIDEST_BAR = 40 };

bool pm_progress_wanted(const pm_settings *settings)
{
    return settings->progress == PM_ALWAYS ||
           (settings->progress == PM_AUTO && settings->log_level > PM_LOG_QUIET);
}

void pm_progress_begin(pm_progress *progress, pm_when when, int64_t total, int64_t before)
{
    *progress = (pm_progress){.total = total,
                              .before = before,
                              .always = when == PM_ALWAYS,
                              .bar = pm_terminal_on_stderr(),
                              .width = pm_terminal_width(),
                              .begun = pm_now()};
}

/* "450M/1.00G  1.21 G/s  ETA 0:12" needs a rate; before there is one, only how far. */
static const char *eta(char text[PM_NUMBER_TEXT], double left, double rate)
{
    return rate > 0 ? pm_format_clock(text, left / rate) : "-";
}

static void draw_bar(const pm_progress *p, int64_t done, double rate)
{
    char text[LONGEST_LINE], tail[160], bar[WIDEST_BAR + 1];
    char d[PM_NUMBER_TEXT], t[PM_NUMBER_TEXT], r[PM_NUMBER_TEXT], e[PM_NUMBER_TEXT];
    const double part = (double)done / (double)p->total;
    snprintf(tail, sizeof tail, "| %s/%s  %s/s  ETA %s", pm_format_scaled(d, (double)done, ""),
             pm_format_scaled(t, (double)p->total, ""), pm_format_scaled(r, rate, ""),
             eta(e, (double)(p->total - done), rate));
    int width = p->width - 1 - (int)strlen(" 100% |") - (int)strlen(tail);
    width = width > WIDEST_BAR ? WIDEST_BAR : width < NARROWEST_BAR ? 0 : width;
    const int full = (int)(part * width);
    memset(bar, '#', (size_t)full);
    memset(bar + full, ' ', (size_t)(width - full));
    bar[width] = '\0';
    snprintf(text, sizeof text, " %3d%% |%s%s", (int)(part * 100), bar, tail);
    pm_log_draw(text);
}

static void log_line(const pm_progress *p, int64_t done, double rate)
{
    char r[PM_NUMBER_TEXT], e[PM_NUMBER_TEXT];
    pm_log_note("%" PRId64 "/%" PRId64 " (%.1f %%), %s/s, ETA %s", done, p->total,
                100.0 * (double)done / (double)p->total, pm_format_scaled(r, rate, ""),
                eta(e, (double)(p->total - done), rate));
}

void pm_progress_show(void *progress, int64_t done)
{
    pm_progress *p = progress;
    const double now = pm_now(), elapsed = now - p->begun;
    const double rate = (double)done / elapsed;
    if (elapsed < first_after_s && !p->always)
        return;
    if (p->bar) {
        draw_bar(p, p->before + done, rate);
    } else if (p->last_line == 0 || now - p->last_line >= line_every_s) {
        p->last_line = now;
        log_line(p, p->before + done, rate);
    }
}

/* mpirun passes stderr and stdout on in an order of its own: the bar must be gone before the
 * summary. */
static void let_launcher_catch_up(void)
{
    if (!isatty(STDERR_FILENO))
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
}

void pm_progress_end(pm_progress *progress, int64_t done)
{
    if (progress->bar && pm_log_draw(""))
        let_launcher_catch_up();
    if (progress->always)
        log_line(progress, progress->before + done, (double)done / (pm_now() - progress->begun));
}
