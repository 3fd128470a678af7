/* What the tests of journals share: made-up runs, marks that are put as they are, and damage. */
#ifndef JOURNALS_H
#define JOURNALS_H

#include "comm/host.h"
#include "store/journal.h"

#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOTS_AT = 8192, SLOT_BYTES = 16, SECOND_COPY = 4096, LEASE_AT = 3072 }; /* docs/format.md */

static const char output[] = "result.h5";
static const char run_identity[] = "cube version 1, range 1..5";

static inline bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static inline const char *journal(int node)
{
    static char path[PM_JOURNAL_PATH];
    return pm_journal_path(path, output, node);
}

static inline pm_journal_head head_of(int64_t blocks)
{
    pm_journal_head head;
    memset(&head, 0, sizeof head);
    snprintf(head.identity, sizeof head.identity, "%s", run_identity);
    head.blocks = blocks;
    head.block_items = 4096;
    head.layout.data = (pm_extent){1 << 20, blocks * 4096};
    head.layout.length = 12345;
    head.layout.fingerprint = 678;
    head.inode = 4711;
    head.session = 1;
    return head;
}

/* New journals of nodes 0 .. nodes-1. */
static inline void create_journals(int nodes, const pm_journal_head *head)
{
    pm_journal_remove(output);
    CHECK_INT(pm_journal_create(output, 0, nodes, head), PARMAP_OK);
}

/* A number that no machine's start has. */
static inline uint64_t other_boot(void)
{
    pm_host here;
    pm_host_describe(&here);
    return here.boot + 1;
}

/* Says of a journal when its node was started: now, or at another time. */
static inline void sign_journal(int node, int64_t session, uint64_t boot)
{
    pm_journal_head head;
    const int fd = open(journal(node), O_RDONLY);
    CHECK(pm_journal_head_read(fd, &head));
    close(fd);
    head.session = session;
    head.boot = boot;
    CHECK_INT(pm_journal_head_write(output, node, &head), PARMAP_OK);
}

static inline pm_slot slot_of(pm_slot_state state, int64_t session, uint64_t hash)
{
    return (pm_slot){.state = (uint8_t)state,
                     .flags = PM_SLOT_HASHED,
                     .session = (uint16_t)session,
                     .hash = hash};
}

/* Seals it for this block of the run, and puts it into a journal. */
static inline void put_slot(int node, int64_t block, pm_slot slot)
{
    const int fd = open(journal(node), O_RDWR);
    pm_slot_seal(&slot, block, pm_journal_seed(run_identity));
    CHECK_INT(pm_journal_slots_write(fd, journal(node), block, 1, &slot), PARMAP_OK);
    close(fd);
}

static inline pm_slot get_slot(int node, int64_t block)
{
    pm_slot slot;
    const int fd = open(journal(node), O_RDONLY);
    CHECK(pm_journal_slots_read(fd, block, 1, &slot));
    close(fd);
    return slot;
}

/* Overwrites bytes, whatever is there. */
static inline void damage(const char *path, off_t at, int count)
{
    unsigned char byte;
    const int fd = open(path, O_RDWR);
    CHECK(fd >= 0);
    for (int i = 0; i < count; i++)
        if (pread(fd, &byte, 1, at + i) == 1) {
            byte ^= 0xa5;
            CHECK(pwrite(fd, &byte, 1, at + i) == 1);
        }
    close(fd);
}

static inline void damage_headers(int node)
{
    damage(journal(node), 100, 1);
    damage(journal(node), SECOND_COPY + 100, 1);
}

static inline off_t length_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_size : -1;
}

#endif
