/* What an input is: file, set, field, rows, storage. */
#include "store/input_look.h"

#include "base/text.h"
#include "store/input_chunks.h"
#include "store/input_filter.h"
#include "store/input_hdf5.h"
#include "store/input_list.h"
#include "store/input_name.h"
#include "store/input_set.h"
#include "store/input_type.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WHY = 256 };

static parmap_status look_at_file(pm_input *input)
{
    struct stat info;
    const char *colon = strrchr(input->path, ':');
    if (stat(input->path, &info) != 0 && !input->set[0] && colon)
        return pm_fail(PARMAP_USAGE, "--input %s names no data set; write %.*s:/%s", input->path,
                       (int)(colon - input->path), input->path, colon + 1);
    if (stat(input->path, &info) != 0)
        return pm_fail(PARMAP_NO_INPUT, "cannot open the input %s: %s; check its name", input->path,
                       strerror(errno));
    if (!S_ISREG(info.st_mode))
        return pm_fail(PARMAP_NO_INPUT, "the input %s is %s; give an HDF5 file", input->path,
                       S_ISDIR(info.st_mode) ? "a folder" : "no regular file");
    input->bytes = info.st_size;
    input->modified_s = info.st_mtim.tv_sec;
    input->modified_ns = info.st_mtim.tv_nsec;
    return PARMAP_OK;
}

static parmap_status open_file(const pm_input *input, hid_t *file)
{
    *file = pm_hdf5_open(input->path);
    if (*file >= 0)
        return PARMAP_OK;
    char why[WHY];
    snprintf(why, sizeof why, "%s", pm_hdf5_reason());
    if (H5Fis_hdf5(input->path) > 0)
        return pm_fail(PARMAP_BAD_DATA,
                       "cannot open the input %s: %s; it may be damaged, or be written to just now",
                       input->path, why);
    FILE *stream = fopen(input->path, "re");
    if (!stream)
        return pm_fail(PARMAP_NO_INPUT, "cannot open the input %s: %s; make it readable",
                       input->path, strerror(errno));
    fclose(stream);
    return pm_fail(PARMAP_BAD_DATA,
                   "the input %s is no HDF5 file; give one, or convert it with h5py", input->path);
}

/* ---- the set --------------------------------------------------------------------------------- */

static char *list_sets(char text[PM_LIST_TEXT], hid_t file, const char *group, const char *wanted,
                       const char *others)
{
    pm_list *list = calloc(1, sizeof *list);
    text[0] = '\0';
    if (!list)
        return text;
    pm_list_sets(list, file, group);
    pm_list_format(text, list, wanted, others);
    free(list);
    return text;
}

static parmap_status no_set(const pm_input *input, hid_t file, const char *why)
{
    char text[PM_LIST_TEXT];
    if (!input->set[0] || strcmp(input->set, "/") == 0)
        return pm_fail(PARMAP_USAGE, "--input %s names no data set%s; write %s:/SET", input->path,
                       list_sets(text, file, "/", NULL, "its data sets are"), input->path);
    if (H5Lexists(file, input->set, H5P_DEFAULT) > 0)
        return pm_fail(PARMAP_BAD_DATA,
                       "cannot open %s in %s: %s; it may be damaged, or a link that leads nowhere",
                       input->set, input->path, why);
    return pm_fail(PARMAP_BAD_DATA, "%s has no data set %s%s", input->path, input->set,
                   list_sets(text, file, "/", input->set, "its data sets are"));
}

static parmap_status check_object(const pm_input *input, hid_t file, hid_t object)
{
    char text[PM_LIST_TEXT], in[PM_PATH];
    const H5I_type_t type = H5Iget_type(object);
    if (type == H5I_GROUP)
        return pm_fail(PARMAP_BAD_DATA, "%s in %s is a group%s", input->set, input->path,
                       list_sets(text, file, input->set, NULL, "its data sets are"));
    if (type != H5I_DATASET)
        return pm_fail(PARMAP_BAD_DATA, "%s in %s is a type, no data set; choose another",
                       input->set, input->path);
    if (H5Fget_name(object, in, sizeof in) > 0 && strcmp(in, input->path) != 0)
        return pm_fail(PARMAP_BAD_DATA, "%s in %s is a link into the file %s; give that one",
                       input->set, input->path, in);
    return PARMAP_OK;
}

/* Opens input->set, the whole of it first; then what is behind its last colon is a field, then what
 * is behind the one before, and so on.  Negative when there is none; then `why` the whole of it
 * could not be opened. */
static hid_t find_object(pm_input *input, hid_t file, char why[WHY])
{
    char set[PM_INPUT_SET];
    strcpy(set, input->set);
    for (;;) {
        const hid_t object = H5Oopen(file, set, H5P_DEFAULT);
        char *colon = strrchr(set, ':');
        if (object < 0 && strcmp(set, input->set) == 0)
            snprintf(why, WHY, "%s", pm_hdf5_reason());
        if (object >= 0) {
            const char *field = input->set + strlen(set);
            pm_copy_line(input->field, sizeof input->field, field + (*field == ':'));
            strcpy(input->set, set);
            return object;
        }
        if (!colon)
            return -1;
        *colon = '\0';
    }
}

static parmap_status open_set(pm_input *input, hid_t file, hid_t *set)
{
    char why[WHY] = "";
    const bool named = input->set[0] && strcmp(input->set, "/") != 0;
    const hid_t object = named ? find_object(input, file, why) : -1;
    if (object < 0)
        return no_set(input, file, why);
    const parmap_status status = check_object(input, file, object);
    if (status != PARMAP_OK)
        H5Oclose(object);
    *set = object;
    return status;
}

/* ---- its space and storage ------------------------------------------------------------------- */

static parmap_status describe_extents(pm_input *input, const hsize_t *extents)
{
    input->row_elements = 1;
    for (int d = 0; d < input->rank; d++) {
        input->extent[d] = (int64_t)extents[d];
        if (extents[d] > INT64_MAX / 2 ||
            (d > 0 &&
             __builtin_mul_overflow(input->row_elements, input->extent[d], &input->row_elements)))
            return pm_fail(PARMAP_BAD_DATA,
                           "%s:%s has more rows or columns than can be counted; it may be damaged",
                           input->path, input->set);
    }
    input->rows = input->extent[0];
    return input->row_elements > 0
               ? PARMAP_OK
               : pm_fail(PARMAP_BAD_DATA, "the rows of %s:%s are empty; choose another data set",
                         input->path, input->set);
}

static parmap_status describe_space(pm_input *input, hid_t set)
{
    hsize_t extents[H5S_MAX_RANK];
    const hid_t space = H5Dget_space(set);
    const H5S_class_t class = H5Sget_simple_extent_type(space);
    input->rank = H5Sget_simple_extent_dims(space, extents, NULL);
    H5Sclose(space);
    if (class == H5S_NULL)
        return pm_fail(PARMAP_BAD_DATA, "%s:%s is empty; choose another data set", input->path,
                       input->set);
    if (class == H5S_SCALAR)
        return pm_fail(PARMAP_BAD_DATA,
                       "%s:%s is a single value without rows; choose another data set, or give "
                       "the value as a --param",
                       input->path, input->set);
    if (input->rank < 1 || input->rank > PM_INPUT_RANK)
        return pm_fail(PARMAP_BAD_DATA,
                       "%s:%s has %d dimensions; parmap takes one of rows and up to %d more",
                       input->path, input->set, input->rank, PARMAP_RANK);
    return describe_extents(input, extents);
}

static parmap_status describe_contiguous(pm_input *input, hid_t set, hid_t list)
{
    const haddr_t offset = H5Dget_offset(set);
    const int64_t row = input->row_elements * (int64_t)input->element_bytes;
    int64_t end = 0;
    const bool written = H5Dget_storage_size(set) > 0; /* else HDF5 may add a user block to it */
    if (H5Pget_external_count(list) > 0 || offset == HADDR_UNDEF || !written)
        return PARMAP_OK;
    input->storage = PM_INPUT_CONTIGUOUS;
    input->offset = (int64_t)offset;
    if (input->offset >= 0 && !__builtin_mul_overflow(input->rows, row, &end) &&
        !__builtin_add_overflow(end, input->offset, &end) && end <= input->bytes)
        return PARMAP_OK;
    return pm_fail(PARMAP_BAD_DATA,
                   "%s ends before the data of %s does: it was cut short; copy it again",
                   input->path, input->set);
}

/* HDF5 reads over the end of a chunk when the size of the type is damaged. */
static bool first_chunk_fits(const pm_input *input, hid_t set)
{
    const hid_t space = H5Dget_space(set);
    hsize_t count = 0, first[H5S_MAX_RANK], bytes = pm_chunks_bytes(input);
    haddr_t offset;
    unsigned mask;
    bool good = H5Dget_num_chunks(set, space, &count) >= 0;
    if (good && count > 0)
        good = H5Dget_chunk_info(set, space, 0, first, &mask, &offset, &bytes) >= 0;
    H5Sclose(space);
    return good && bytes == pm_chunks_bytes(input);
}

static parmap_status describe_chunked(pm_input *input, hid_t set, hid_t list, bool by_hdf5)
{
    hsize_t chunk[H5S_MAX_RANK];
    bool known = false;
    unsigned options = 0;
    if (H5Pget_chunk(list, input->rank, chunk) != input->rank)
        return pm_fail(PARMAP_BAD_DATA,
                       "the chunks of %s:%s cannot be understood; it may be "
                       "damaged",
                       input->path, input->set);
    for (int d = 0; d < input->rank; d++)
        input->chunk[d] = (int64_t)chunk[d];
    PM_TRY(pm_filters_describe(input, list, &known));
    if (by_hdf5 && input->filter_count == 0 && !first_chunk_fits(input, set))
        return pm_fail(PARMAP_BAD_DATA, "the chunks of %s:%s are damaged; copy the file again",
                       input->path, input->set);
#if H5_VERSION_GE(1, 10, 0)
    H5Pget_chunk_opts(list, &options); /* chunks at the edges without filters */
#endif
    if (known && options == 0 && pm_set_fits_cache(input))
        input->storage = PM_INPUT_CHUNKED;
    return PARMAP_OK;
}

/* Anything that is not recognised here is left to HDF5. */
static parmap_status describe_storage(pm_input *input, hid_t set, bool by_hdf5)
{
    const hid_t list = H5Dget_create_plist(set);
    const H5D_layout_t layout = H5Pget_layout(list);
    parmap_status status = PARMAP_OK;
    input->storage = PM_INPUT_BY_HDF5;
    if (layout == H5D_CHUNKED)
        status = describe_chunked(input, set, list, by_hdf5);
    else if (layout == H5D_CONTIGUOUS)
        status = describe_contiguous(input, set, list);
    H5Pclose(list);
    if (by_hdf5)
        input->storage = PM_INPUT_BY_HDF5;
    if (input->storage == PM_INPUT_BY_HDF5)
        pm_input_pack(input);
    return status;
}

static parmap_status describe(pm_input *input, hid_t set)
{
    bool by_hdf5 = false;
    PM_TRY(describe_space(input, set));
    const hid_t type = H5Dget_type(set);
    const parmap_status status = pm_input_describe(input, type, &by_hdf5);
    H5Tclose(type);
    PM_TRY(status);
    return describe_storage(input, set, by_hdf5);
}

static parmap_status examine_file(pm_input *input)
{
    hid_t file = -1, set = -1;
    PM_TRY(open_file(input, &file));
    parmap_status status = open_set(input, file, &set);
    if (status == PARMAP_OK) {
        status = describe(input, set);
        H5Dclose(set);
    }
    H5Fclose(file);
    return status;
}

parmap_status pm_input_examine(const char *text, pm_input *input)
{
    memset(input, 0, sizeof *input); /* the padding too: it travels */
    PM_TRY(pm_input_split(text, input));
    PM_TRY(look_at_file(input));
    pm_hdf5_enter();
    const parmap_status status = examine_file(input);
    pm_hdf5_leave();
    pm_input_name_itself(input);
    return status;
}
