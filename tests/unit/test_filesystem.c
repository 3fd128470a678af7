/* The name of the file system of every mounted folder, against the kernel's own table of them. */
#include "base/filesystem.h"

#include "check.h"

#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>

/* Folders that are mounted over by a later line, or hidden from us, are not what the table says;
 * only the last line of a folder counts. */
static bool is_last(const char *folder, long place)
{
    struct mntent *entry;
    bool last = true;
    FILE *table = setmntent("/proc/self/mounts", "r");
    for (long i = 0; (entry = getmntent(table)) != NULL; i++)
        last = last && (i <= place || strcmp(entry->mnt_dir, folder) != 0);
    endmntent(table);
    return last;
}

/* ext2, ext3 and ext4 have one number, nfs and nfs4 as well. */
static void check_folder(const char *folder, const char *type)
{
    static const char *const known[] = {"ext4", "xfs",   "btrfs", "tmpfs", "overlay",
                                        "proc", "sysfs", "nfs",   "lustre"};
    pm_filesystem fs;
    const char *expected = strncmp(type, "ext", 3) == 0   ? "ext4"
                           : strncmp(type, "nfs", 3) == 0 ? "nfs"
                                                          : type;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(expected, known[i]) == 0 && pm_filesystem_describe(folder, &fs)) {
            CHECK_TEXT(fs.name, expected);
            CHECK_INT(fs.local, strcmp(expected, "nfs") != 0 && strcmp(expected, "lustre") != 0);
        }
}

static void mounted_folders(void)
{
    struct mntent *entry;
    FILE *table = setmntent("/proc/self/mounts", "r");
    CHECK(table != NULL);
    for (long i = 0; table && (entry = getmntent(table)) != NULL; i++) {
        char folder[4096], type[64];
        snprintf(folder, sizeof folder, "%s", entry->mnt_dir);
        snprintf(type, sizeof type, "%s", entry->mnt_type);
        if (is_last(folder, i))
            check_folder(folder, type);
    }
    if (table)
        endmntent(table);
}

static void always_there(void)
{
    pm_filesystem fs;
    CHECK(pm_filesystem_describe("/proc/self/mounts", &fs));
    CHECK_TEXT(fs.name, "proc");
    CHECK(fs.local);
}

static void nowhere(void)
{
    pm_filesystem fs;
    CHECK(!pm_filesystem_describe("/nowhere/at/all", &fs));
    CHECK_INT(errno, ENOENT);
    CHECK_TEXT(fs.name, "");
    CHECK(!fs.local);
}

int main(void)
{
    static const check_case cases[] = {
        {"filesystem: every mounted folder", mounted_folders},
        {"filesystem: /proc", always_there},
        {"filesystem: a path that is not there", nowhere},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
