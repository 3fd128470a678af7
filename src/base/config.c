/* The configuration file, read with inih.
 * inih is handed cleaned lines, so that what a line means does not depend on the options inih was
 * built with: no indented continuation lines, no sections, one rule for comments. */
#include "base/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

/* inih calls the reader once a line and the handler at most once a line: `line` is always the one
 * that the handler is called for. */
typedef struct config_file {
    FILE *stream;
    const char *path;
    int line;
    pm_config_entry *entry;
    void *context;
    parmap_status status; /* the first failure of reader or entry ... */
    int failed_line;      /* ... and the line where it happened */
} config_file;

static char *stop_reading(config_file *file, parmap_status status)
{
    file->status = status;
    file->failed_line = file->line;
    return NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Removes a byte order mark, leading blanks, and a comment: # or ; at the start or after a blank.
 */
static void clean_line(char *text, bool first)
{
    static const char mark[] = "\xEF\xBB\xBF";
    const char *from = text;
    if (first && strncmp(from, mark, strlen(mark)) == 0)
        from += strlen(mark);
    while (is_blank(*from))
        from++;
    char *to = text;
    for (char before = ' '; *from != '\0'; before = *from++) {
        if ((*from == '#' || *from == ';') && is_blank(before))
            break;
        *to++ = *from;
    }
    *to = '\0';
}

/* fgets for inih, with what fgets cannot tell apart: a line too long, one with a zero byte. */
static char *read_line(char *text, int bytes, void *stream)
{
    config_file *file = stream;
    if (file->status != PARMAP_OK || fgets(text, bytes, file->stream) == NULL)
        return NULL;
    file->line++;
    const size_t length = strlen(text);
    const bool ended = length > 0 && text[length - 1] == '\n';
    if (!ended && !feof(file->stream)) {
        const int next = getc(file->stream);
        if (length + 1 < (size_t)bytes)
            return stop_reading(file, pm_fail(PARMAP_USAGE,
                                              "%s:%d: not a line of text; name a configuration "
                                              "file, with lines \"name = value\"",
                                              file->path, file->line));
        if (next != EOF)
            return stop_reading(file, pm_fail(PARMAP_USAGE,
                                              "%s:%d: line longer than %d characters; shorten it, "
                                              "or give the value as an option",
                                              file->path, file->line, bytes - 2));
    }
    clean_line(text, file->line == 1);
    if (text[0] == '[')
        return stop_reading(file, pm_fail(PARMAP_USAGE,
                                          "%s:%d: a section, but there are none; remove the line",
                                          file->path, file->line));
    return text;
}

static int take_entry(void *context, const char *section, const char *name, const char *value)
{
    config_file *file = context;
    (void)section;
    const parmap_status status = file->entry(file->context, file->path, file->line, name, value);
    if (status != PARMAP_OK)
        stop_reading(file, status);
    return status == PARMAP_OK;
}

/* `bad_line` is where inih found the first line it could not take, or that take_entry refused;
 * since inih reads on after the former, a later failure may stand in `file`. */
static parmap_status outcome(const config_file *file, int bad_line, int read_error)
{
    if (read_error != 0)
        return pm_fail(PARMAP_NO_INPUT,
                       "the configuration file %s cannot be read: %s; check its name", file->path,
                       strerror(read_error));
    if (bad_line < 0)
        return pm_fail(PARMAP_SYSTEM, "no memory to read %s; free some and try again", file->path);
    if (bad_line > 0 && (file->status == PARMAP_OK || bad_line < file->failed_line))
        return pm_fail(PARMAP_USAGE,
                       "%s:%d: not a setting; write \"name = value\", or # in front of a comment",
                       file->path, bad_line);
    return file->status;
}

parmap_status pm_config_read(const char *path, pm_config_entry *entry, void *context)
{
    config_file file = {.path = path, .entry = entry, .context = context, .status = PARMAP_OK};
    file.stream = fopen(path, "re");
    if (file.stream == NULL)
        return outcome(&file, 0, errno);
    errno = 0;
    const int bad_line = ini_parse_stream(read_line, &file, take_entry, &file);
    const int read_error = ferror(file.stream) ? (errno != 0 ? errno : EIO) : 0;
    fclose(file.stream);
    return outcome(&file, bad_line, read_error);
}
