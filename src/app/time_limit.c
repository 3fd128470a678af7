/* End and margin. */
#include "app/time_limit.h"

#include "app/slurm_job.h"
#include "base/text.h"
#include "comm/pause.h"

#include <math.h>

/* Without --time-margin: enough for the last writes, and not the better part of a short job. */
static const double usual_margin_s = 60, margin_share = 0.1;

pm_time_limit pm_time_limit_find(const pm_settings *settings, double begun)
{
    const bool automatic = settings->time_limit_s < 0;
    const double end = automatic ? pm_now() + pm_slurm_time_left() : begun + settings->time_limit_s;
    double margin = settings->time_margin_s;
    if (margin < 0)
        margin = fmin(usual_margin_s, fmax(0, (end - begun) * margin_share));
    if (isfinite(end)) {
        char left[PM_NUMBER_TEXT];
        pm_log_detail("time limit: %s in %s, all is over %.0f s before",
                      automatic ? "the Slurm job ends" : "--time-limit",
                      pm_format_clock(left, end - pm_now()), margin);
    }
    return (pm_time_limit){end, margin};
}

double pm_time_limit_left(const pm_time_limit *limit)
{
    return limit->end - limit->margin_s - pm_now();
}
