/* What all journals of an output say together: of each block the mark that counts. */
#ifndef PM_STORE_MARKS_H
#define PM_STORE_MARKS_H

#include "store/journal.h"

enum { PM_MARKS_WINDOW = 1 << 16 }; /* blocks that are looked at together: 1 MiB of slots */

typedef struct pm_marks_file {
    int node;
    bool trusted; /* what is WRITTEN there is still in this machine's page cache */
} pm_marks_file;

typedef struct pm_marks {
    char output[PM_PATH];
    pm_marks_file *files;
    int count, room;
    bool known;           /* some header is whole, and `head` is what it says */
    bool damaged;         /* the header of some journal is not */
    pm_journal_head head; /* the newest session among them */
    uint64_t seed;
    int64_t torn;         /* slots that do not check, in the windows read so far */
    int64_t last_session; /* highest that was met */
} pm_marks;

/* Local.  Finds the journals of `output` and reads their headers; a journal of another run than the
 * first's does not count.  PARMAP_SYSTEM without memory. */
parmap_status pm_marks_open(pm_marks *marks, const char *output);

/* Local.  Where no header is whole: the slots say themselves whether they are of this run. */
void pm_marks_assume(pm_marks *marks, const pm_journal_head *head);

/* Local.  The slots that count of the blocks from `first` on, at most PM_MARKS_WINDOW: of the
 * highest session, WRITTEN only where that is still to be trusted, else DOUBTED; blank where no
 * journal has one.  PARMAP_BAD_DATA when a journal cannot be read. */
parmap_status pm_marks_read(pm_marks *marks, int64_t first, int64_t count, pm_slot *slots);

/* Local.  How many blocks are marked in all.  PARMAP_NO_INPUT when there is no journal,
 * PARMAP_BAD_DATA when no header is whole; *head is that header. */
parmap_status pm_marks_count(const char *output, pm_journal_head *head, int64_t *done);

/* Local. */
void pm_marks_close(pm_marks *marks);

#endif
