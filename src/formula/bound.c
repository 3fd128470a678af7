/* Which loops a formula needs: plain ones where it is proved, checked ones elsewhere. */
#include "formula/bound.h"

#include "base/types.h"
#include "formula/domain.h"
#include "formula/formula.h"
#include "formula/prove.h"

static bool proved_for_types(const pm_parts *parts)
{
    pm_reach inputs[PM_PARTS_NAMES];
    for (int i = 0; i < parts->input_count; i++)
        inputs[i] = pm_reach_of_type(parts->inputs[i].type);
    return pm_prove(parts, inputs);
}

/* A number that is whole. */
static void decide_whole(pm_formula *f, parmap_domain used)
{
    f->domain = pm_domain_find(&f->parts, used);
    f->proved = pm_domain_covers(f->domain, used);
    if (!pm_domain_is_empty(f->domain))
        f->spans = f->arrays = PM_BODY_PLAIN;
    if (!f->proved)
        f->checked_spans = f->checked_arrays = PM_BODY_CHECKED;
}

/* A real number: the domain is where a range's inputs are exact, and says nothing of the results.
 * Where a formula can fail, all loops check, since --allow-rounding lifts that domain. */
static void decide_real(pm_formula *f, bool range)
{
    const pm_reach finite = {.real = {-0x1p127, 0x1p127, false}};
    const pm_body any = proved_for_types(&f->parts) ? PM_BODY_PLAIN : PM_BODY_CHECKED;
    f->domain = pm_type_domain(f->parts.inputs[0].type);
    f->spans = f->arrays = f->checked_spans = f->checked_arrays = any;
    if (range && pm_prove(&f->parts, &finite))
        f->spans = f->checked_spans = PM_BODY_PLAIN;
    f->proved = range ? f->spans == PM_BODY_PLAIN : any == PM_BODY_PLAIN;
    if (range)
        f->checked_spans = PM_BODY_NONE;
}

void pm_bound_decide(pm_formula *f, bool range, bool known, parmap_domain used)
{
    const pm_parts *parts = &f->parts;
    const bool number = pm_layout_is_number(&f->input);
    const parmap_domain whole_type = pm_type_domain(parts->inputs[0].type);
    if (number && pm_type_is_real(parts->inputs[0].type)) {
        decide_real(f, range);
    } else if (number) {
        decide_whole(f, range && known ? used : whole_type);
    } else {
        f->proved = proved_for_types(parts);
        f->domain = f->proved ? pm_type_domain(PARMAP_INT128) : PM_DOMAIN_EMPTY;
        if (f->proved)
            f->arrays = PM_BODY_PLAIN;
        else
            f->checked_arrays = PM_BODY_CHECKED;
    }
}
