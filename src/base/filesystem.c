/* The numbers are those of statfs(2) and of the Linux headers (linux/magic.h, and each file
 * system's own).  FUSE counts as not local: sshfs, glusterfs and DAOS are behind it as well. */
#include "base/filesystem.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

static const struct kind {
    uint32_t magic;
    char name[16];
    bool local;
} kinds[] = {
    {0x0000EF53, "ext4", true},      {0x58465342, "xfs", true},     {0x9123683E, "btrfs", true},
    {0x01021994, "tmpfs", true},     {0x858458F6, "ramfs", true},   {0x794C7630, "overlay", true},
    {0x2FC12FC1, "zfs", true},       {0xF2F52010, "f2fs", true},    {0xCA451A4E, "bcachefs", true},
    {0x52654973, "reiserfs", true},  {0x3153464A, "jfs", true},     {0x00003434, "nilfs2", true},
    {0x00004D44, "vfat", true},      {0x2011BAB0, "exfat", true},   {0x7366746E, "ntfs3", true},
    {0x73717368, "squashfs", true},  {0xE0F5E1E2, "erofs", true},   {0x00009660, "iso9660", true},
    {0x00009FA0, "proc", true},      {0x62656572, "sysfs", true},   {0x00006969, "nfs", false},
    {0x0BD00BD0, "lustre", false},   {0x47504653, "gpfs", false},   {0x19830326, "beegfs", false},
    {0x00C36400, "ceph", false},     {0x18031977, "wekafs", false}, {0xAAD7AAEA, "panfs", false},
    {0x20030528, "orangefs", false}, {0x01161970, "gfs2", false},   {0x7461636F, "ocfs2", false},
    {0xFF534D42, "cifs", false},     {0xFE534D42, "smb2", false},   {0x0000517B, "smb", false},
    {0x5346414F, "afs", false},      {0x6B414653, "afs", false},    {0x01021997, "9p", false},
    {0x65735546, "fuse", false},
};

bool pm_filesystem_describe(const char *path, pm_filesystem *fs)
{
    struct statfs answer;
    *fs = (pm_filesystem){.local = false};
    if (statfs(path, &answer) != 0)
        return false;
    const uint32_t magic = (uint32_t)answer.f_type;
    snprintf(fs->name, sizeof fs->name, "0x%08x", magic);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].magic == magic) {
            memcpy(fs->name, kinds[i].name, sizeof fs->name);
            fs->local = kinds[i].local;
        }
    return true;
}
