/* An input in words, and whether it is still what it was. */
#include "store/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* ISO 8601, in UTC. */
static void format_time(char text[64], const pm_input *input)
{
    struct tm parts;
    const time_t seconds = (time_t)input->modified_s;
    char date[40] = "?";
    if (gmtime_r(&seconds, &parts))
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text, 64, "%s.%09lldZ", date, (long long)input->modified_ns);
}

char *pm_input_text(char *text, size_t room, const pm_input *input)
{
    char modified[64], row[PM_LAYOUT_TEXT];
    const char *slash = strrchr(input->path, '/'); /* the same file wherever it is mounted */
    format_time(modified, input);
    pm_layout_format(row, &input->row);
    snprintf(text, room, "%s=%s:%s%s%s, %lld row%s of %s, modified %s", input->name,
             slash ? slash + 1 : input->path, input->set, input->field[0] ? ":" : "", input->field,
             (long long)input->rows, input->rows == 1 ? "" : "s", row, modified);
    return text;
}

parmap_status pm_input_changed(const pm_input *input)
{
    struct stat info;
    if (stat(input->path, &info) != 0)
        return pm_fail(PARMAP_NO_INPUT, "cannot open the input %s: %s; all nodes have to see it",
                       input->path, strerror(errno));
    if (info.st_size == input->bytes && info.st_mtim.tv_sec == input->modified_s &&
        info.st_mtim.tv_nsec == input->modified_ns)
        return PARMAP_OK;
    return pm_fail(PARMAP_BAD_DATA,
                   "the input %s was changed while it was used; leave it as it is, and run again",
                   input->path);
}

parmap_status pm_input_is_not(const pm_input *input, const char *output)
{
    struct stat a, b;
    if (stat(input->path, &a) != 0 || stat(output, &b) != 0 || a.st_dev != b.st_dev ||
        a.st_ino != b.st_ino)
        return PARMAP_OK;
    return pm_fail(PARMAP_USAGE,
                   "the output %s is also the input %s, which would be lost; choose another "
                   "--output",
                   output, input->path);
}
