/* TEST seconds=120 */
/* Runs whose inputs are in memory: rows that are read, or a range for kernels of whole blocks.
 * Every layout of ranks, nodes and threads reads each row once and gives the results of a plain
 * loop; what cannot be read or computed ends all ranks. */
#include "mpi/flows.h"

#include "base/types.h"
#include "map/ends.h"
#include "work/kernel.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { MOST = 20011, FIRST_ROW = 1000, MOST_BYTES = 48, NONE = -1 };

/* ---- a reader and a sink --------------------------------------------------------------------- */

/* Row r of the data sets that are made up; fills in an item. */
typedef void fill_row(int64_t row, void *item);

static struct {
    fill_row *fill;
    size_t item_bytes;
    int64_t rows, failing_row;
    _Atomic int read[MOST]; /* how often, by item */
    _Atomic int64_t oddities;
} data;

static parmap_status read_rows(void *rows, int64_t first, int64_t count, void *items)
{
    if (rows != &data || first < FIRST_ROW || count < 1 || first + count > FIRST_ROW + data.rows)
        atomic_fetch_add(&data.oddities, 1);
    for (int64_t i = 0; i < count; i++) {
        if (first + i == data.failing_row)
            return pm_fail(PARMAP_NO_INPUT, "row %lld is gone", (long long)data.failing_row);
        data.fill(first + i, (char *)items + (size_t)i * data.item_bytes);
        atomic_fetch_add(&data.read[first + i - FIRST_ROW], 1);
    }
    return PARMAP_OK;
}

static struct {
    size_t bytes; /* of a result */
    char results[MOST * MOST_BYTES];
    uint8_t statuses[MOST];
    _Atomic int emitted[MOST];
} kept;

static parmap_status emit(void *self, const pm_piece *piece)
{
    (void)self;
    memcpy(kept.results + (size_t)piece->item * kept.bytes, piece->results, piece->bytes);
    for (int64_t i = piece->item; i < piece->item + piece->count; i++) {
        kept.statuses[i] = piece->statuses ? piece->statuses[i - piece->item] : PM_ITEM_GOOD;
        atomic_fetch_add(&kept.emitted[i], 1);
    }
    return PARMAP_OK;
}

static const pm_sink keeping = {.name = "keeping", .emit = emit};

/* ---- runs ------------------------------------------------------------------------------------ */

typedef struct works {
    pm_computer computer;
    pm_items items;
    pm_kernel_source source;
} works;

static pm_flow flow_of(works *w, const parmap_kernel *kernel, parmap_type type, int64_t items,
                       int64_t block_items)
{
    CHECK_INT(pm_computer_make(&w->computer, kernel, type, pm_vector_best(), false), PARMAP_OK);
    w->source = (pm_kernel_source){.computer = &w->computer,
                                   .range = {.first = FIRST_ROW, .step = 1, .count = items}};
    memset(&kept, 0, sizeof kept);
    kept.bytes = w->computer.result.bytes;
    return (pm_flow){.blocks = pm_blocks_of(items, block_items),
                     .result = w->computer.result,
                     .vector = w->computer.vector,
                     .checksum = true,
                     .source = &pm_source_kernel,
                     .source_self = &w->source,
                     .sink = &keeping};
}

static pm_flow flow_over_rows(works *w, const parmap_kernel *kernel, parmap_type type,
                              fill_row *fill, int64_t items, int64_t block_items)
{
    pm_flow flow = flow_of(w, kernel, type, items, block_items);
    memset(&data, 0, sizeof data);
    data.fill = fill;
    data.item_bytes = flow.input_bytes = w->computer.input.bytes;
    data.rows = items;
    data.failing_row = NONE;
    w->source.read = read_rows;
    w->source.rows = &data;
    CHECK(pm_kernel_source_loads(&w->source));
    return flow;
}

/* Each item once, on one rank. */
static void check_counts(_Atomic int *counts, int64_t items)
{
    int64_t wrong = 0;
    sum_ints((void *)counts, items);
    for (int64_t i = 0; i < items; i++)
        wrong += atomic_load(&counts[i]) != 1;
    CHECK_INT(wrong, 0);
}

/* Whether a result is that of an item. */
typedef bool is_right(int64_t item, const void *result);

static void check_results(int64_t items, is_right *right)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < items; i++)
        wrong +=
            atomic_load(&kept.emitted[i]) > 0 && !right(i, kept.results + (size_t)i * kept.bytes);
    CHECK_INT(wrong, 0);
}

static uint64_t check_run(const pm_flow *flow, const works *w, const char *schedule, int nodes,
                          int threads, is_right *right)
{
    const int64_t items = flow->blocks.items;
    const pm_topology topology = topology_of(nodes, threads);
    const outcome o = run(flow, schedule, &topology);
    CHECK_INT(o.status, PARMAP_OK);
    CHECK_INT(o.stop, PARMAP_OK);
    check_results(items, right);
    check_counts(kept.emitted, items);
    if (w->source.read) {
        CHECK_INT(atomic_load(&data.oddities), 0);
        check_counts(data.read, items);
    }
    const pm_tally all = tally_of_all(&o.tally);
    CHECK_INT(all.items, items);
    return all.checksum;
}

static void check_layouts(const parmap_kernel *kernel, parmap_type type, fill_row *fill,
                          int64_t items, int64_t block_items, is_right *right)
{
    static const char *const schedules[] = {"static", "dynamic"};
    uint64_t checksum = 0;
    for (int layout = 0; layout < 8; layout++) {
        const int nodes = 1 + layout / 2 % 2, threads = layout < 4 ? 1 : 4;
        works w;
        const pm_flow flow = flow_over_rows(&w, kernel, type, fill, items, block_items);
        const uint64_t sum = check_run(&flow, &w, schedules[layout % 2], nodes, threads, right);
        CHECK(layout == 0 || sum == checksum);
        checksum = sum;
    }
}

/* ---- numbers --------------------------------------------------------------------------------- */

PARMAP_KERNEL(shifted, float, x, double)
{
    return (double)x * 3 - 1;
}
PARMAP_DOMAIN(shifted, float, -100000, 100000);

static float number_of(int64_t row)
{
    return (float)(row * 7919 % 10007 - 5000) / 8;
}

static void fill_number(int64_t row, void *item)
{
    *(float *)item = number_of(row);
}

static bool is_shifted(int64_t item, const void *result)
{
    return *(const double *)result == (double)number_of(FIRST_ROW + item) * 3 - 1;
}

static void numbers(void)
{
    check_layouts(&shifted, PARMAP_FLOAT32, fill_number, MOST, 64, is_shifted);
    check_layouts(&shifted, PARMAP_FLOAT32, fill_number, 4099, 1024, is_shifted);
    check_layouts(&shifted, PARMAP_FLOAT32, fill_number, 1, 4096, is_shifted);
}

/* ---- records --------------------------------------------------------------------------------- */

#define BODY(FIELD) FIELD(uint8_t, kind) FIELD(double, place, 3) FIELD(int16_t, charge)
PARMAP_RECORD(body, BODY);
#define SEEN(FIELD) FIELD(int8_t, sign) FIELD(parmap_int128, key) FIELD(float, distance)
PARMAP_RECORD(seen, SEEN);
PARMAP_ARRAY(table, int32_t, 2, 3);

PARMAP_KERNEL(look, body, b, seen)
{
    return (seen){(int8_t)(b.charge < 0 ? -1 : b.charge > 0), (parmap_int128)b.kind << 70,
                  (float)(b.place[0] + b.place[1] * b.place[2])};
}
PARMAP_DOMAIN(look, body, PARMAP_DOMAIN_NONE);

PARMAP_KERNEL_BLOCK(tabulate, body, b, table, t, count)
{
    for (int64_t i = 0; i < count; i++)
        t[i] = (table){{{b[i].kind, b[i].charge, 0}, {1, 2, (int32_t)b[i].place[2]}}};
}
PARMAP_DOMAIN(tabulate, body, PARMAP_DOMAIN_NONE);

static void fill_body(int64_t row, void *item)
{
    memset(item, 0x5a, sizeof(body)); /* between the fields, too */
    *(uint8_t *)item = (uint8_t)row;
    body *b = item;
    b->place[0] = (double)row / 2;
    b->place[1] = 3;
    b->place[2] = -(double)(row % 17);
    b->charge = (int16_t)(row % 5 - 2);
}

static bool is_look(int64_t item, const void *result)
{
    const int64_t row = FIRST_ROW + item;
    const int charge = (int)(row % 5) - 2;
    seen expected;
    memset(&expected, 0, sizeof expected);
    expected.sign = (int8_t)((charge > 0) - (charge < 0));
    expected.key = (parmap_int128)(uint8_t)row << 70;
    expected.distance = (float)((double)row / 2 + 3 * -(double)(row % 17));
    return memcmp(&expected, result, sizeof expected) == 0; /* nothing is left between fields */
}

static bool is_table(int64_t item, const void *result)
{
    const int64_t row = FIRST_ROW + item;
    const table *t = result;
    return t->at[0][0] == (uint8_t)row && t->at[0][1] == row % 5 - 2 && t->at[0][2] == 0 &&
           t->at[1][0] == 1 && t->at[1][1] == 2 && t->at[1][2] == -(row % 17);
}

static void records(void)
{
    CHECK(sizeof(body) <= MOST_BYTES && sizeof(seen) <= MOST_BYTES);
    check_layouts(&look, PARMAP_RECORD, fill_body, 10007, 128, is_look);
    check_layouts(&tabulate, PARMAP_RECORD, fill_body, 10007, 128, is_table);
}

/* ---- whole blocks over a range --------------------------------------------------------------- */

PARMAP_KERNEL_BLOCK(negate, int16_t, x, int64_t, y, count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = -(int64_t)x[i];
}
PARMAP_DOMAIN(negate, int16_t, -30000, 30000);

static bool is_negated(int64_t item, const void *result)
{
    return *(const int64_t *)result == -(FIRST_ROW + item);
}

static void blocks_of_a_range(void)
{
    for (int layout = 0; layout < 4; layout++) {
        works w;
        pm_flow flow = flow_of(&w, &negate, PARMAP_INT16, MOST, 256);
        CHECK(pm_kernel_source_loads(&w.source));
        flow.input_bytes = w.computer.input.bytes;
        check_run(&flow, &w, layout % 2 ? "static" : "dynamic", 1 + layout / 2, 3, is_negated);
    }
    works w;
    flow_of(&w, &shifted, PARMAP_FLOAT32, 10, 10);
    CHECK(!pm_kernel_source_loads(&w.source)); /* these are made in registers */
}

/* ---- NaN and infinities ---------------------------------------------------------------------- */

static bool is_odd_row(int64_t row)
{
    return row % 1000 == 77;
}

static void fill_odd(int64_t row, void *item)
{
    fill_body(row, item);
    if (is_odd_row(row))
        ((body *)item)->place[1] = row % 2000 == 77 ? NAN : -INFINITY;
}

static bool is_any(int64_t item, const void *result)
{
    (void)item;
    (void)result;
    return true;
}

static int64_t others_of_all(works *w)
{
    int others = (int)atomic_load(&w->source.others);
    sum_ints(&others, 1);
    return others;
}

static void odd_numbers(void)
{
    int64_t odd = 0;
    for (int64_t i = 0; i < 10007; i++)
        odd += is_odd_row(FIRST_ROW + i);
    for (int layout = 0; layout < 4; layout++) {
        works w;
        const pm_flow flow = flow_over_rows(&w, &look, PARMAP_RECORD, fill_odd, 10007, 128);
        check_run(&flow, &w, layout % 2 ? "static" : "dynamic", 1 + layout / 2, 2, is_any);
        CHECK_INT(others_of_all(&w), odd);
    }
}

/* Runs a flow that ends with this status and message on one rank at least. */
static void check_ended(const pm_flow *flow, const char *schedule, int nodes, int threads,
                        parmap_status status, const char *part)
{
    const pm_topology topology = topology_of(nodes, threads);
    const outcome o = run(flow, schedule, &topology);
    int ended = o.status == status;
    CHECK(o.status == PARMAP_OK || o.status == status);
    CHECK_INT(o.stop, status);
    if (ended)
        CHECK_HOLDS(o.message, part);
    sum_ints(&ended, 1);
    CHECK(ended >= 1);
    CHECK(tally_of_all(&o.tally).blocks < flow->blocks.count);
}

static void fill_one_odd(int64_t row, void *item)
{
    fill_body(row, item);
    if (row == FIRST_ROW + 5077)
        ((body *)item)->place[2] = NAN;
}

static void odd_numbers_stop(void)
{
    for (int layout = 0; layout < 4; layout++) {
        works w;
        const pm_flow flow = flow_over_rows(&w, &look, PARMAP_RECORD, fill_one_odd, 10007, 128);
        w.source.no_nan = true;
        check_ended(&flow, layout % 2 ? "static" : "dynamic", 1 + layout / 2, 2, PARMAP_BAD_DATA,
                    "item 5077: place is not finite, and --nan is stop");
        CHECK_INT(others_of_all(&w), 1);
    }
}

/* ---- items that fail ------------------------------------------------------------------------- */

PARMAP_KERNEL_CAN_FAIL(charged, body, b, double, y)
{
    *y = b.place[0];
    return b.charge == 0 ? parmap_fail("no charge in kind %d", b.kind) : PARMAP_OK;
}
PARMAP_DOMAIN(charged, body, PARMAP_DOMAIN_NONE);

static _Atomic int64_t told, wrongly_told;

static parmap_status tell(void *context, int64_t item, int64_t attempts, const char *message)
{
    const int64_t row = FIRST_ROW + item;
    char expected[64];
    snprintf(expected, sizeof expected, "no charge in kind %d", (int)(uint8_t)row);
    const char *is = is_odd_row(row) ? "place is not finite" : expected;
    if (context != &told || attempts != 1 || strcmp(message, is) != 0)
        atomic_fetch_add(&wrongly_told, 1);
    atomic_fetch_add(&told, 1);
    return PARMAP_OK;
}

static bool fails(int64_t item)
{
    return (FIRST_ROW + item) % 5 == 2 || is_odd_row(FIRST_ROW + item);
}

static bool is_charged(int64_t item, const void *result)
{
    const double y = *(const double *)result;
    return fails(item) ? isnan(y) && kept.statuses[item] == PM_ITEM_FAILED
                       : y == (double)(FIRST_ROW + item) / 2 && kept.statuses[item] == PM_ITEM_GOOD;
}

static void failing_items(void)
{
    int64_t failed = 0;
    for (int64_t i = 0; i < 10007; i++)
        failed += fails(i);
    for (int layout = 0; layout < 4; layout++) {
        works w;
        pm_flow flow = flow_over_rows(&w, &charged, PARMAP_RECORD, fill_odd, 10007, 128);
        flow.can_fail = true;
        w.source.items = &w.items;
        w.items = (pm_items){.computer = &w.computer,
                             .range = &w.source.range,
                             .failed = tell,
                             .context = (void *)&told,
                             .no_nan = true};
        told = wrongly_told = 0;
        check_run(&flow, &w, layout % 2 ? "static" : "dynamic", 1 + layout / 2, 2, is_charged);
        CHECK_INT(wrongly_told, 0);
        int all = (int)told;
        sum_ints(&all, 1);
        CHECK_INT(all, failed);
    }
}

/* ---- what cannot be read, or not be computed ------------------------------------------------- */

static void unreadable_rows(void)
{
    for (int layout = 0; layout < 4; layout++) {
        works w;
        const pm_flow flow = flow_over_rows(&w, &look, PARMAP_RECORD, fill_body, 10007, 16);
        data.failing_row = FIRST_ROW + 8123;
        check_ended(&flow, layout % 2 ? "static" : "dynamic", 1 + layout / 2, 2, PARMAP_NO_INPUT,
                    "row 9123 is gone");
        CHECK_INT(atomic_load(&kept.emitted[8123]), 0);
    }
}

static void fill_far(int64_t row, void *item)
{
    *(float *)item = row == FIRST_ROW + 3001 ? 100001 : number_of(row);
}

static void outside_the_domain(void)
{
    for (int layout = 0; layout < 4; layout++) {
        works w;
        const pm_flow flow = flow_over_rows(&w, &shifted, PARMAP_FLOAT32, fill_far, 10007, 64);
        check_ended(&flow, layout % 2 ? "static" : "dynamic", 1 + layout / 2, 2, PARMAP_BAD_DATA,
                    "item 3001: shifted is not exact in float32 at x = 100001; largest");
    }
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {
        {"rows: numbers", numbers},
        {"rows: records and arrays", records},
        {"rows: whole blocks of a range", blocks_of_a_range},
        {"rows: NaN and infinities pass", odd_numbers},
        {"rows: NaN and infinities stop", odd_numbers_stop},
        {"rows: items that fail", failing_items},
        {"rows: that cannot be read", unreadable_rows},
        {"rows: outside the domain", outside_the_domain},
    };
    return ranks_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
