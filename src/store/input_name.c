/* Texts of inputs. */
#include "store/input_name.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

/* Of the name before '='; 0 when there is none.  Only what may be a name in C: a file "./a=b.h5"
 * has none. */
static size_t name_length(const char *text)
{
    size_t length = 0;
    if (isdigit((unsigned char)text[0]))
        return 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_')
        length++;
    return text[length] == '=' ? length : 0;
}

static const char *last_set(const char *text)
{
    const char *last = NULL;
    for (const char *at = text; (at = strstr(at, ":/")) != NULL; at++)
        last = at;
    return last;
}

static parmap_status copy(char *to, size_t room, const char *from, size_t length, const char *what,
                          const char *text)
{
    if (length >= room)
        return pm_fail(PARMAP_USAGE,
                       "--input \"%.200s\": the name of the %s has more than %zu "
                       "characters; use a shorter one",
                       text, what, room - 1);
    memcpy(to, from, length);
    to[length] = '\0';
    return PARMAP_OK;
}

parmap_status pm_input_split(const char *text, pm_input *input)
{
    const size_t name = name_length(text);
    const char *path = name > 0 ? text + name + 1 : text;
    const char *set = last_set(path);
    const size_t path_length = set ? (size_t)(set - path) : strlen(path);
    if (text[0] == '=')
        return pm_fail(PARMAP_USAGE,
                       "--input \"%s\": there is no name before the \"=\"; write "
                       "NAME=FILE:/SET",
                       text);
    if (path_length == 0)
        return pm_fail(PARMAP_USAGE,
                       "--input \"%s\" names no file; write FILE:/SET, for example "
                       "data.h5:/x",
                       text);
    if (text[strlen(text) - 1] == ':')
        return pm_fail(PARMAP_USAGE,
                       "--input \"%s\" ends with a colon; write FILE:/SET or "
                       "FILE:/SET:FIELD",
                       text);
    input->named = name > 0;
    PM_TRY(copy(input->name, sizeof input->name, text, name, "input", text));
    PM_TRY(copy(input->path, sizeof input->path, path, path_length, "file", text));
    return set ? copy(input->set, sizeof input->set, set + 1, strlen(set + 1), "data set", text)
               : PARMAP_OK;
}

void pm_input_name_itself(pm_input *input)
{
    const char *last = strrchr(input->set, '/');
    const char *name = input->field[0] ? input->field : last ? last + 1 : input->set;
    if (!input->named)
        pm_copy_line(input->name, sizeof input->name, name);
}
