/* Not there yet. */
#include "app/mapping_formula.h"

parmap_status pm_mapping_formula(const pm_origin *origin, const pm_settings *settings,
                                 const pm_input *inputs, int count, pm_bytes *object)
{
    (void)origin;
    (void)settings;
    (void)inputs;
    (void)count;
    (void)object;
    return pm_fail(PARMAP_USAGE, "no formulas yet");
}
