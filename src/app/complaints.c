/* Prints each complaint when the next one comes. */
#include "app/complaints.h"

#include "base/log.h"

#include <stdio.h>

void pm_complain(pm_complaints *complaints, parmap_status status)
{
    if (status == PARMAP_OK)
        return;
    if (complaints->status != PARMAP_OK)
        pm_log_error("%s", complaints->last);
    else
        complaints->status = status;
    snprintf(complaints->last, sizeof complaints->last, "%s", parmap_message());
}

parmap_status pm_complaints_end(const pm_complaints *complaints)
{
    return complaints->status == PARMAP_OK ? PARMAP_OK
                                           : pm_fail(complaints->status, "%s", complaints->last);
}
