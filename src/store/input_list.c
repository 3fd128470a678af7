/* Lists of data sets and fields for messages. */
#include "store/input_list.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

void pm_list_add(pm_list *list, const char *name)
{
    if (list->count < PM_LIST)
        pm_copy_line(list->names[list->count], sizeof list->names[0], name);
    list->count++;
}

static const char *nearest(const pm_list *list, const char *wanted)
{
    const char *words[PM_LIST];
    const int64_t known = list->count < PM_LIST ? list->count : PM_LIST;
    for (int64_t i = 0; i < known; i++)
        words[i] = list->names[i];
    return pm_nearest_word(wanted, words, (size_t)known);
}

char *pm_list_format(char text[PM_LIST_TEXT], const pm_list *list, const char *wanted,
                     const char *others)
{
    const char *meant = wanted ? nearest(list, wanted) : NULL;
    const int64_t most = list->count < PM_LIST_SHOWN ? list->count : PM_LIST_SHOWN;
    size_t used = 0;
    int64_t shown = 0;
    text[0] = '\0';
    if (meant)
        snprintf(text, PM_LIST_TEXT, " (did you mean %.128s?)", meant);
    used = strlen(text);
    snprintf(text + used, PM_LIST_TEXT - used, "; %s", list->count > 0 ? others : "it has none");
    for (; shown < most && strlen(text) < PM_LIST_TEXT / 2; shown++) {
        used = strlen(text);
        snprintf(text + used, PM_LIST_TEXT - used, "%s%.128s",
                 shown == 0                 ? " "
                 : shown + 1 == list->count ? " and "
                                            : ", ",
                 list->names[shown]);
    }
    used = strlen(text);
    if (list->count > shown)
        snprintf(text + used, PM_LIST_TEXT - used, " and %lld more",
                 (long long)(list->count - shown));
    return text;
}

typedef struct walk {
    pm_list *list;
    hid_t group;
    const char *prefix;
} walk;

/* Links into other files, and those that lead nowhere, are passed over. */
static herr_t visit(hid_t group, const char *name, const H5L_info_t *info, void *context)
{
    const walk *self = context;
    char full[PM_INPUT_SET];
    if (info->type != H5L_TYPE_HARD)
        return 0;
    const hid_t object = H5Oopen(group, name, H5P_DEFAULT);
    if (object < 0)
        return 0;
    snprintf(full, sizeof full, "%s/%s", self->prefix, name);
    if (H5Iget_type(object) == H5I_DATASET)
        pm_list_add(self->list, full);
    H5Oclose(object);
    return 0;
}

void pm_list_sets(pm_list *list, hid_t file, const char *group)
{
    const hid_t from = H5Gopen2(file, group, H5P_DEFAULT);
    walk self = {.list = list, .group = from, .prefix = strcmp(group, "/") == 0 ? "" : group};
    if (from < 0)
        return;
    H5Lvisit(from, H5_INDEX_NAME, H5_ITER_INC, visit, &self);
    H5Gclose(from);
}

void pm_list_fields(pm_list *list, hid_t type)
{
    const int members = H5Tget_nmembers(type);
    for (int i = 0; i < members; i++) {
        char *name = H5Tget_member_name(type, (unsigned)i);
        if (name)
            pm_list_add(list, name);
        H5free_memory(name);
    }
}
