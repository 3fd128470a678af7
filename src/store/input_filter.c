/* Filters backwards.  What they do is told by HDF5's file format, and by h5py's documentation of
 * its LZF filter. */
#include "store/input_filter.h"

#include "store/input_unshuffle.h"

#include <libdeflate.h>

#include <stdlib.h>
#include <string.h>

enum { LZF = 32000, CHECKSUM = 4 };

char *pm_scratch_buffer(pm_scratch *scratch, int which, size_t bytes)
{
    if (bytes > scratch->rooms[which]) {
        free(scratch->buffers[which]); /* nothing is kept, so nothing has to be copied */
        scratch->buffers[which] = malloc(bytes);
        scratch->rooms[which] = scratch->buffers[which] ? bytes : 0;
    }
    return scratch->buffers[which];
}

void pm_scratch_free(pm_scratch *scratch)
{
    for (int i = 0; i < PM_SCRATCH_BUFFERS; i++)
        free(scratch->buffers[i]);
    libdeflate_free_decompressor(scratch->inflate);
    free(scratch);
}

/* ---- which ----------------------------------------------------------------------------------- */

static bool compresses(int filter)
{
    return filter == H5Z_FILTER_DEFLATE || filter == LZF;
}

/* Behind a filter that compresses, the bytes are not known; two of them are left to HDF5. */
static bool undone_here(const pm_input *input)
{
    int compressing = 0;
    for (int i = 0; i < input->filter_count; i++) {
        const int filter = input->filters[i];
        if (!compresses(filter) && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
            return false;
        compressing += compresses(filter);
    }
    return compressing <= 1;
}

static parmap_status missing(const pm_input *input, int filter, const char *name)
{
    return pm_fail(PARMAP_BAD_DATA,
                   "%s:%s is compressed by the filter %d (%.64s), for which this HDF5 has no "
                   "plugin; install it and set HDF5_PLUGIN_PATH, or store the set with gzip",
                   input->path, input->set, filter, name[0] ? name : "without a name");
}

parmap_status pm_filters_describe(pm_input *input, hid_t list, bool *known)
{
    const int count = H5Pget_nfilters(list);
    *known = count <= PM_INPUT_FILTERS;
    for (int i = 0; i < count; i++) {
        unsigned flags, values[8] = {0};
        size_t value_count = sizeof values / sizeof values[0];
        char name[128] = "";
        const int filter = H5Pget_filter2(list, (unsigned)i, &flags, &value_count, values,
                                          sizeof name, name, NULL);
        if (i < PM_INPUT_FILTERS) {
            input->filters[i] = filter;
            input->filter_bytes[i] = values[0];
            input->filter_count = i + 1;
        }
        if (filter != LZF && H5Zfilter_avail(filter) <= 0)
            return missing(input, filter, name);
    }
    *known = *known && undone_here(input);
    for (int i = 0; i < input->filter_count && !*known; i++)
        if (input->filters[i] == LZF && H5Zfilter_avail(LZF) <= 0)
            return missing(input, LZF, "lzf, in this combination");
    return PARMAP_OK;
}

size_t pm_filters_most(const pm_input *input, size_t bytes)
{
    return bytes + bytes / 8 + 4096 + CHECKSUM * (size_t)input->filter_count;
}

/* ---- Fletcher's checksum --------------------------------------------------------------------- */

/* Two sums of 16-bit words, in big-endian order, modulo 65535; of at most 360 words none
 * overflows. */
static uint32_t fletcher32(const uint8_t *bytes, size_t count)
{
    uint32_t sum1 = 0, sum2 = 0;
    for (size_t words = count / 2; words > 0;) {
        size_t some = words > 360 ? 360 : words;
        words -= some;
        for (; some > 0; some--, bytes += 2) {
            sum1 += (uint32_t)(bytes[0] << 8 | bytes[1]);
            sum2 += sum1;
        }
        sum1 = (sum1 & 0xffff) + (sum1 >> 16);
        sum2 = (sum2 & 0xffff) + (sum2 >> 16);
    }
    if (count % 2) {
        sum1 += (uint32_t)(bytes[0] << 8);
        sum2 += sum1;
        sum1 = (sum1 & 0xffff) + (sum1 >> 16);
        sum2 = (sum2 & 0xffff) + (sum2 >> 16);
    }
    sum1 = (sum1 & 0xffff) + (sum1 >> 16);
    sum2 = (sum2 & 0xffff) + (sum2 >> 16);
    return sum2 << 16 | sum1;
}

/* Old files have the bytes of each half the other way round. */
static bool checksum_holds(const char *data, size_t count)
{
    const uint8_t *at = (const uint8_t *)data + count;
    const uint32_t stored =
        (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    const uint32_t turned = (stored & 0x00ff00ff) << 8 | (stored & 0xff00ff00) >> 8;
    const uint32_t right = fletcher32((const uint8_t *)data, count);
    return stored == right || turned == right;
}

/* ---- LZF ------------------------------------------------------------------------------------- */

/* A control byte below 32: that many bytes + 1 as they are.  Else its upper three bits are a length
 * - 2 (7: the next byte is added), its lower five and the next byte a distance - 1 back. */
static bool unlzf(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_bytes)
{
    const uint8_t *const in_end = in + in_bytes;
    size_t done = 0;
    while (in < in_end) {
        const unsigned control = *in++;
        if (control < 32) {
            const size_t length = control + 1;
            if (length > (size_t)(in_end - in) || length > out_bytes - done)
                return false;
            memcpy(out + done, in, length);
            in += length;
            done += length;
            continue;
        }
        size_t length = control >> 5;
        if (length == 7 && in < in_end)
            length += *in++;
        if (in == in_end)
            return false;
        const size_t back = ((control & 31u) << 8 | *in++) + 1u;
        length += 2;
        if (back > done || length > out_bytes - done)
            return false;
        for (const size_t end = done + length; done < end; done++)
            out[done] = out[done - back]; /* may overlap: a run */
    }
    return done == out_bytes;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool inflate(pm_scratch *scratch, const char *from, size_t stored, char *to, size_t bytes)
{
    if (!scratch->inflate)
        scratch->inflate = libdeflate_alloc_decompressor();
    return scratch->inflate && libdeflate_zlib_decompress(scratch->inflate, from, stored, to, bytes,
                                                          NULL) == LIBDEFLATE_SUCCESS;
}

/* Bytes of a chunk before filter i was applied; it is not called behind one that compresses. */
static size_t bytes_before(const pm_input *input, unsigned mask, int i, size_t bytes)
{
    for (int k = 0; k < i; k++)
        if (input->filters[k] == H5Z_FILTER_FLETCHER32 && !(mask >> k & 1))
            bytes += CHECKSUM;
    return bytes;
}

/* The first filter that was applied is the last to be undone, and writes where the chunk is to be;
 * Fletcher's moves nothing. */
static int last_to_move(const pm_input *input, unsigned mask)
{
    for (int i = 0; i < input->filter_count; i++)
        if (input->filters[i] != H5Z_FILTER_FLETCHER32 && !(mask >> i & 1))
            return i;
    return -1;
}

bool pm_filters_undo(const pm_input *input, pm_scratch *scratch, size_t stored, unsigned mask,
                     char *to, size_t bytes)
{
    const int last = last_to_move(input, mask);
    const char *at = scratch->buffers[0];
    for (int i = input->filter_count - 1; i >= 0; i--) {
        const int filter = input->filters[i];
        const size_t before = bytes_before(input, mask, i, bytes);
        char *out = to;
        if (mask >> i & 1)
            continue;
        if (filter == H5Z_FILTER_FLETCHER32) {
            if (stored < CHECKSUM || !checksum_holds(at, stored - CHECKSUM))
                return false;
            stored -= CHECKSUM;
            continue;
        }
        if (i != last &&
            !(out = pm_scratch_buffer(scratch, at == scratch->buffers[1] ? 2 : 1, before)))
            return false;
        if (filter == H5Z_FILTER_DEFLATE && !inflate(scratch, at, stored, out, before))
            return false;
        if (filter == LZF && !unlzf((const uint8_t *)at, stored, (uint8_t *)out, before))
            return false;
        if (filter == H5Z_FILTER_SHUFFLE) {
            if (stored != before || input->filter_bytes[i] == 0)
                return false;
            pm_unshuffle(at, out, stored, input->filter_bytes[i]);
        }
        at = out;
        stored = before;
    }
    if (at != to && stored == bytes)
        memcpy(to, at, bytes);
    return stored == bytes;
}
