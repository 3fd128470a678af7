/* An entry:  head | key | list | object.  The list has a line for each file: hash, blank, path.
 * Entries are written under another name and renamed, so two runs at once do not meet. */
#include "work/cache.h"

#include "base/hash.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FILE_MOST = 64 << 20,   /* bytes of a source or header */
    ENTRY_MOST = 256 << 20, /* and of an entry */
    NAME_BYTES = 32,
    LEFT_BEHIND_S = 3600 /* a file that is being written is not this old */
};

static const char suffix[] = ".kernel", unfinished[] = ".new-";

typedef struct head {
    char magic[8];
    uint64_t key, list, object; /* bytes of each */
    uint64_t checksum;          /* of all the rest: the head with 0 here, and what follows it */
} head;

static const char magic[sizeof(((head *)0)->magic)] = "pmcache";

/* ---- the folder ------------------------------------------------------------------------------ */

static bool name_folder(char path[PATH_MAX])
{
    const char *own = getenv("PARMAP_CACHE"), *xdg = getenv("XDG_CACHE_HOME"),
               *home = getenv("HOME");
    int length = PATH_MAX;
    if (own && strcmp(own, "off") == 0)
        return false;
    if (own && *own)
        length = snprintf(path, PATH_MAX, "%s", own);
    else if (xdg && *xdg == '/')
        length = snprintf(path, PATH_MAX, "%s/parmap", xdg);
    else if (home && *home == '/')
        length = snprintf(path, PATH_MAX, "%s/.cache/parmap", home);
    else
        pm_log_detail("no cache of compiled kernels: HOME is not set");
    return length < PATH_MAX;
}

/* Root may write in anybody's home, and would leave there what its owner cannot use. */
static bool is_place_for_us(const char *folder)
{
    struct stat info;
    return stat(folder, &info) == 0 && (geteuid() != 0 || info.st_uid == 0);
}

/* Makes a folder in one that is there. */
static void make_folder(const char *path)
{
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", path);
    if (is_place_for_us(dirname(parent)))
        mkdir(path, 0700);
}

/* The folder and the one that it is in, .cache for instance; a home is never made. */
static void make_folders(const char *path)
{
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", path);
    make_folder(dirname(parent));
    make_folder(path);
}

/* Ours, and nobody else's to change. */
static bool is_ours(const struct stat *info)
{
    return info->st_uid == geteuid() && (info->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The folder, or -1. */
static int open_folder(void)
{
    char path[PATH_MAX];
    struct stat info;
    if (!name_folder(path))
        return -1;
    make_folders(path);
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0 && fstat(folder, &info) == 0 && is_ours(&info))
        return folder;
    pm_log_detail("no cache of compiled kernels: %s %s", path,
                  folder < 0 ? strerror(errno) : "can be written by others, or is not yours");
    if (folder >= 0)
        close(folder);
    return -1;
}

static void name_entry(const char *key, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "%016" PRIx64 "%s", pm_hash_block(key, strlen(key), 0), suffix);
}

/* ---- reading --------------------------------------------------------------------------------- */

static uint64_t checksum_of(const head *h, const void *rest, size_t bytes)
{
    head bare = *h;
    bare.checksum = 0;
    return pm_hash_block(rest, bytes, pm_hash_block(&bare, sizeof bare, 0));
}

/* The head of an undamaged entry, or NULL. */
static const head *check_entry(const pm_bytes *entry)
{
    const head *h = entry->data;
    if (entry->size < sizeof *h || memcmp(h->magic, magic, sizeof magic) != 0)
        return NULL;
    const size_t rest = entry->size - sizeof *h;
    const bool fits = h->key <= rest && h->list <= rest - h->key &&
                      h->object == rest - h->key - h->list && h->object > 0;
    return fits && h->checksum == checksum_of(h, h + 1, rest) ? h : NULL;
}

static bool hash_file(const char *path, uint64_t *hash)
{
    pm_bytes bytes;
    if (pm_bytes_read(path, FILE_MOST, &bytes) != PARMAP_OK)
        return false;
    *hash = pm_hash_block(bytes.data, bytes.size, 0);
    pm_bytes_free(&bytes);
    return true;
}

/* Whether the files of a list are as they were.  The lines lose their ends. */
static bool is_unchanged(char *list, size_t bytes)
{
    for (char *line = list, *end; line < list + bytes; line = end + 1) {
        uint64_t now;
        end = memchr(line, '\n', (size_t)(list + bytes - line));
        if (!end)
            return false;
        *end = '\0';
        char *path;
        const uint64_t then = strtoull(line, &path, 16);
        if (*path != ' ' || !hash_file(path + 1, &now) || now != then)
            return false;
    }
    return true;
}

static bool is_hit(const pm_bytes *entry, const char *key, pm_bytes *object)
{
    const head *h = check_entry(entry);
    if (!h || h->key != strlen(key) || memcmp(h + 1, key, h->key) != 0)
        return false;
    char *list = (char *)entry->data + sizeof *h + h->key;
    if (!is_unchanged(list, h->list))
        return false;
    object->data = malloc(h->object);
    if (!object->data)
        return false;
    object->size = h->object;
    memcpy(object->data, list + h->list, h->object);
    return true;
}

/* Opens an entry that is to be trusted, and makes it the youngest; -1. */
static int open_entry(int folder, const char *name)
{
    struct stat info;
    const int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && is_ours(&info)) {
        futimens(fd, NULL);
        return fd;
    }
    if (fd >= 0 || errno != ENOENT)
        pm_log_detail("the compiled kernel %s in the cache is not used: it is not yours alone",
                      name);
    if (fd >= 0)
        close(fd);
    return -1;
}

bool pm_cache_find(const char *key, pm_bytes *object)
{
    char name[NAME_BYTES];
    pm_bytes entry = {NULL, 0};
    *object = (pm_bytes){NULL, 0};
    const int folder = open_folder();
    if (folder < 0)
        return false;
    name_entry(key, name);
    const int fd = open_entry(folder, name);
    close(folder);
    if (fd < 0)
        return false;
    const bool hit = pm_bytes_read_open(name, fd, ENTRY_MOST, &entry) == PARMAP_OK &&
                     is_hit(&entry, key, object);
    pm_log_detail("%s %s of the cache", hit ? "compiled before:" : "out of date or damaged:", name);
    pm_bytes_free(&entry);
    close(fd);
    return hit;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool has_settled(const char *path, double since_s)
{
    struct stat info;
    return stat(path, &info) == 0 && strchr(path, '\n') == NULL &&
           (double)info.st_mtim.tv_sec + 1e-9 * (double)info.st_mtim.tv_nsec < since_s;
}

/* The list, to be freed; NULL when it cannot be relied on. */
static char *list_files(char *const *files, double since_s, size_t *bytes)
{
    char *text = NULL;
    bool good = true;
    FILE *stream = open_memstream(&text, bytes);
    if (!stream)
        return NULL;
    for (; files && *files && good; files++) {
        uint64_t hash = 0;
        good = hash_file(*files, &hash) && has_settled(*files, since_s);
        fprintf(stream, "%016" PRIx64 " %s\n", hash, *files);
    }
    if (fclose(stream) == 0 && good)
        return text;
    free(text);
    return NULL;
}

/* An entry as it stands in the file. */
static bool make_entry(const char *key, const char *list, size_t list_bytes, const pm_bytes *object,
                       pm_bytes *entry)
{
    head h = {.key = strlen(key), .list = list_bytes, .object = object->size};
    const size_t rest = h.key + h.list + h.object;
    *entry = (pm_bytes){malloc(sizeof h + rest), sizeof h + rest};
    if (!entry->data || entry->size > ENTRY_MOST)
        return false;
    char *at = (char *)entry->data + sizeof h;
    memcpy(h.magic, magic, sizeof magic);
    memcpy(at, key, h.key);
    memcpy(at + h.key, list, h.list);
    memcpy(at + h.key + h.list, object->data, h.object);
    h.checksum = checksum_of(&h, at, rest);
    memcpy(entry->data, &h, sizeof h);
    return true;
}

static void write_entry(int folder, const char *name, const pm_bytes *entry)
{
    char temporary[NAME_BYTES + 64];
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    snprintf(temporary, sizeof temporary, "%s%ld-%ld-%s", unfinished, (long)getpid(), t.tv_nsec,
             name);
    const int fd =
        openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool good = fd >= 0 && pm_bytes_write(fd, entry->data, entry->size);
    if (fd >= 0)
        good = close(fd) == 0 && good;
    good = good && renameat(folder, temporary, folder, name) == 0;
    if (!good)
        pm_log_detail("the compiled kernel is not kept in the cache: %s", strerror(errno));
    if (fd >= 0 && !good)
        unlinkat(folder, temporary, 0);
}

typedef struct old_entry {
    char name[NAME_BYTES];
    struct timespec used;
} old_entry;

static int by_age(const void *a, const void *b)
{
    const struct timespec *x = &((const old_entry *)a)->used, *y = &((const old_entry *)b)->used;
    return x->tv_sec != y->tv_sec ? (x->tv_sec < y->tv_sec ? -1 : 1)
                                  : (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

static bool ends_in(const char *text, const char *end)
{
    const size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* Removes what a run that was killed left, and returns the entries. */
static old_entry *list_entries(DIR *stream, size_t *count)
{
    old_entry *entries = NULL;
    size_t room = 0;
    *count = 0;
    for (const struct dirent *file; (file = readdir(stream));) {
        struct stat info;
        if (!ends_in(file->d_name, suffix) ||
            fstatat(dirfd(stream), file->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (strncmp(file->d_name, unfinished, strlen(unfinished)) == 0) {
            if (time(NULL) - info.st_mtime > LEFT_BEHIND_S)
                unlinkat(dirfd(stream), file->d_name, 0);
            continue;
        }
        if (*count == room) {
            room = room ? 2 * room : 2 * PM_CACHE_ENTRIES;
            old_entry *more = realloc(entries, room * sizeof *more);
            if (!more)
                break;
            entries = more;
        }
        if (strlen(file->d_name) < NAME_BYTES) {
            strcpy(entries[*count].name, file->d_name);
            entries[(*count)++].used = info.st_mtim;
        }
    }
    return entries;
}

static void drop_oldest(int folder)
{
    const int again = dup(folder);
    DIR *stream = again >= 0 ? fdopendir(again) : NULL;
    size_t count = 0;
    if (!stream) {
        if (again >= 0)
            close(again);
        return;
    }
    old_entry *entries = list_entries(stream, &count);
    if (count > PM_CACHE_ENTRIES) {
        qsort(entries, count, sizeof *entries, by_age);
        for (size_t i = 0; i < count - PM_CACHE_ENTRIES; i++)
            unlinkat(folder, entries[i].name, 0);
    }
    free(entries);
    closedir(stream);
}

void pm_cache_store(const char *key, char *const *files, double since_s, const pm_bytes *object)
{
    size_t list_bytes = 0;
    char name[NAME_BYTES];
    pm_bytes entry = {NULL, 0};
    const int folder = open_folder();
    if (folder < 0)
        return;
    char *list = list_files(files, since_s, &list_bytes);
    name_entry(key, name);
    if (list && make_entry(key, list, list_bytes, object, &entry)) {
        write_entry(folder, name, &entry);
        drop_oldest(folder);
    }
    pm_bytes_free(&entry);
    free(list);
    close(folder);
}
