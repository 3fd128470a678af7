/* loops FILE.so KERNEL SECONDS: loops of a formula and of the built-in kernel, in turn over the
 * same block, again and again for so long.  Prints the items of each per nanosecond, by medians. */
#include "../reference/loop.h"
#include "kernels.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { ITEMS = 32 * 1024, PAIRS = 100000, LARGEST = sizeof(pair) };

/* Over a range from `first` where that is given, else over items in memory. */
static const struct built_in {
    const parmap_kernel *kernel;
    int64_t first;
    bool checked; /* the formula's loop that checks */
} built_ins[] = {{&cube, 1, false},      {&real_cube, 1, false},    {&root, 1, false},
                 {&wave, 1, false},      {&arch, 3000000000, true}, {&product, 0, true},
                 {&real_cube, 0, false}, {&root, 0, false}};

typedef struct loops {
    const parmap_code *code;
    bool checked;
} loops;

static parmap_vector best_vector(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return PARMAP_VECTOR_V4;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return PARMAP_VECTOR_V3;
#endif
    return PARMAP_VECTOR_BASELINE;
}

static double ns_per_item(const loops *l, const parmap_span *span, const void *inputs,
                          void *results)
{
    const parmap_vector unit = best_vector();
    const parmap_code *code = l->code;
    const double start = now_s();
    const int64_t done =
        inputs ? (l->checked ? code->checked_array_loops : code->array_loops)[unit](inputs, results,
                                                                                    ITEMS)
               : (l->checked ? code->checked_loops : code->loops)[unit](span, results);
    const double ns = 1e9 * (now_s() - start) / ITEMS;
    if (done != ITEMS)
        exit(70);
    return ns;
}

/* Small numbers of the type of the items' fields. */
static void fill(void *inputs, parmap_type type)
{
    for (int64_t i = 0; i < ITEMS * LARGEST / 8; i++) {
        const double real = (double)(i % 1000);
        const int64_t whole = i % 1000;
        memcpy((char *)inputs + 8 * i, type == PARMAP_FLOAT64 ? (const void *)&real : &whole, 8);
    }
}

static void compare(const struct built_in *built_in, const parmap_code *formula, double seconds)
{
    static double times[2][PAIRS];
    const parmap_code *code = built_in->kernel->variants[0].code;
    const loops both[2] = {{formula, built_in->checked}, {code, false}};
    const parmap_span span = {built_in->first, 1, ITEMS};
    void *inputs = built_in->first ? NULL : aligned_alloc(4096, ITEMS * LARGEST);
    void *results = aligned_alloc(4096, ITEMS * 8);
    int count = 0;
    if (inputs)
        fill(inputs, code->input);
    for (const double end = now_s() + seconds; now_s() < end && count < PAIRS; count++)
        for (int turn = 0; turn < 2; turn++) {
            const int who = (count + turn) % 2;
            times[who][count] = ns_per_item(&both[who], &span, inputs, results);
        }
    printf("{\"formula\": %.4f, \"built_in\": %.4f}\n", 1 / median(times[0], count),
           1 / median(times[1], count));
    free(inputs);
    free(results);
}

/* "root" is the loop over a range, "root of items" the one over items. */
static const struct built_in *find(const char *name)
{
    for (size_t i = 0; i < sizeof built_ins / sizeof built_ins[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s%s", built_ins[i].kernel->name,
                 built_ins[i].first ? "" : " of items");
        if (strcmp(text, name) == 0)
            return &built_ins[i];
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct built_in *built_in = argc == 4 ? find(argv[2]) : NULL;
    void *module = built_in ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    const parmap_exports *exports = module ? dlsym(module, "parmap_kernels") : NULL;
    if (!exports || exports->abi != PARMAP_KERNEL_ABI)
        return 64;
    compare(built_in, exports->kernels[0]->variants[0].code, atof(argv[3]));
    return 0;
}
