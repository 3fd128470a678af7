/* Files and programs that a test makes in its scratch folder. */
#ifndef FILES_H
#define FILES_H

#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Bytes that begin a file, or all of it. */
static inline void write_bytes(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    if (!file)
        return;
    CHECK_INT(fwrite(bytes, 1, count, file), count);
    CHECK_INT(fclose(file), 0);
}

static inline void write_file(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

/* Longer than the clock of file systems takes for one step: what was written before is old. */
static inline void let_files_settle(void)
{
    nanosleep(&(struct timespec){0, 50000000}, NULL);
}

/* A shell script; a relative name is of the working folder. */
static inline void write_script(const char *path, const char *body)
{
    char text[4096];
    snprintf(text, sizeof text, "#!/bin/sh\n%s\n", body);
    write_file(path, text);
    CHECK_INT(chmod(path, 0755), 0);
}

/* Files in a folder; -1 = there is no such folder. */
static inline int files_in(const char *folder)
{
    DIR *stream = opendir(folder);
    int count = 0;
    if (!stream)
        return -1;
    for (const struct dirent *file; (file = readdir(stream));)
        count += strcmp(file->d_name, ".") != 0 && strcmp(file->d_name, "..") != 0;
    closedir(stream);
    return count;
}

/* The path of the only file of a folder. */
static inline void only_file(const char *folder, char *path, size_t bytes)
{
    DIR *stream = opendir(folder);
    CHECK_INT(files_in(folder), 1);
    path[0] = '\0';
    for (const struct dirent *file; stream && (file = readdir(stream));)
        if (file->d_name[0] != '.')
            snprintf(path, bytes, "%s/%s", folder, file->d_name);
    if (stream)
        closedir(stream);
}

#endif
