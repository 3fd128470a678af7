/* columns - what parmap reads of data sets, as raw bytes: columns LAYOUT THREADS BLOCK INPUT...
 *
 * LAYOUT describes an item, "-" = what the inputs offer.  Prints the inputs, the layout and the
 * rows per block on stderr, and the items on stdout, read by THREADS threads in blocks of BLOCK
 * rows.  "look" alone as LAYOUT reads nothing.
 *
 * PROGRAM inside */
#include "store/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((size_t)1 << 32)

static pm_columns columns;
static pm_input inputs[PM_INPUTS];

static parmap_status look(int count, char **texts)
{
    char text[PM_INPUT_TEXT];
    for (int i = 0; i < count; i++) {
        PM_TRY(pm_input_look(texts[i], &inputs[i]));
        fprintf(stderr, "%s; storage %d\n", pm_input_text(text, sizeof text, &inputs[i]),
                (int)inputs[i].storage);
    }
    return PARMAP_OK;
}

static parmap_status bind(const char *text, int count)
{
    char format[PM_LAYOUT_TEXT];
    pm_layout item;
    if (strcmp(text, "-") == 0)
        PM_TRY(pm_inputs_offer(inputs, count, &item));
    else
        PM_TRY(pm_layout_parse(text, &item));
    PM_TRY(pm_columns_bind(inputs, count, &item, &columns));
    fprintf(stderr, "item %s, %zu bytes; %lld rows, blocks of %lld\n",
            pm_layout_format(format, &columns.item), columns.item.bytes, (long long)columns.rows,
            (long long)pm_columns_block_rows(&columns));
    return PARMAP_OK;
}

/* All threads go on after a failure: none of them may hang. */
static parmap_status read_all(int threads, int64_t block, char *items)
{
    static char message[1024];
    pm_columns_reader *reader;
    parmap_status worst = PARMAP_OK;
    const int64_t rows = columns.rows;
    int64_t failed = rows;
    PM_TRY(pm_columns_open(&columns, &reader));
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t first = 0; first < rows; first += block) {
        const int64_t count = block < rows - first ? block : rows - first;
        char *at = items + (size_t)first * columns.item.bytes;
        const parmap_status status = pm_columns_read(reader, first, count, at);
        if (status != PARMAP_OK) /* the message of the first rows, whoever comes first */
#pragma omp critical
        {
            if (first <= failed)
                snprintf(message, sizeof message, "%s", parmap_message());
            failed = first < failed ? first : failed;
            worst = status;
        }
    }
    pm_columns_close(reader);
    return worst == PARMAP_OK ? worst : pm_fail(worst, "%s", message);
}

static parmap_status run(int argc, char **argv)
{
    const int count = argc - 4;
    PM_TRY(look(count, argv + 4));
    if (strcmp(argv[1], "look") == 0)
        return PARMAP_OK;
    PM_TRY(bind(argv[1], count));
    const size_t bytes = (size_t)columns.rows * columns.item.bytes;
    char *items = bytes < MOST_BYTES ? calloc(bytes + 1, 1) : NULL;
    if (!items)
        return pm_fail(PARMAP_SYSTEM, "no memory for %zu bytes", bytes);
    const parmap_status status = read_all(atoi(argv[2]), atoll(argv[3]), items);
    if (status == PARMAP_OK)
        fwrite(items, 1, bytes, stdout);
    free(items);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 5 || argc - 4 > PM_INPUTS)
        return PARMAP_USAGE;
    const parmap_status status = run(argc, argv);
    if (status != PARMAP_OK)
        fprintf(stderr, "columns: %s\n", parmap_message());
    return (int)status;
}
