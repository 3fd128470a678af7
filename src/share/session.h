/* What other files of this floor need of the job. */
#ifndef PM_SHARE_SESSION_H
#define PM_SHARE_SESSION_H

#include "base/status.h"

/* Collective.  pm_agree for the ranks of the job; `mine` itself before parmap_start. */
parmap_status pm_session_agree(parmap_status mine);

#endif
