/* The macros that turn a function of one number into a parmap_kernel.  Included by parmap.h.
 *
 * One type, any body:
 *
 *     PARMAP_KERNEL(cube, int64_t, x, int64_t)
 *     {
 *         return x * x * x;
 *     }
 *     PARMAP_DOMAIN(cube, int64_t, -2097152, 2097151);
 *
 * One expression for all types, each with the domain in which its result is exact:
 *
 *     PARMAP_KERNEL_TYPES(cube, x, x * x * x);
 *     PARMAP_DOMAINS(cube, (-2097152, 2097151),              int64
 *                          (0, 2642245),                     uint64
 *                          (-5541191377756, 5541191377756),  int128
 *                          (-208063, 208063));               float64
 *
 * The domain is the author's promise that nothing overflows and, for double, that nothing is
 * rounded (|result| <= 2^53 where results are whole numbers).  parmap refuses inputs outside it
 * before it runs, and those outside the type (for double: outside int64).  PARMAP_DOMAIN_INT64 and
 * so on stand for every value of a type.  The kernel's version and cost follow as designated
 * initialisers:
 *
 *     PARMAP_DOMAIN(f, double, -1e9, 1e9, .version = 2, .cost_s = 1e-3);
 *
 * Where items can fail, the body gets the result's address and returns a status, as tasks of a pool
 * do (parmap_pool.h):
 *
 *     PARMAP_KERNEL_CAN_FAIL(root, double, x, double, y)
 *     {
 *         if (x < 0)
 *             return parmap_fail("no root of %g", x);
 *         *y = sqrt(x);
 *         return PARMAP_OK;
 *     }
 *     PARMAP_DOMAIN(root, double, -1000000, 1000000, .cost_s = 1e-6);
 *
 * A run keeps what failed as data (a status for each item, and the messages) and goes on.  Such a
 * body is called once per item and not vectorised; a crash in it ends the job, as everywhere.
 *
 * The other bodies are inlined into two loops per vector unit, over a range and over an array, so
 * that the compiler vectorises them and nothing is called per element.  Compile with
 * -ffp-contract=off (CMake target and pkg-config file do): with contraction the copies would round
 * differently.
 */
#ifndef PARMAP_KERNEL_H
#define PARMAP_KERNEL_H

#ifdef __FAST_MATH__
#error "parmap kernels promise the same bits everywhere; compile without -ffast-math and -Ofast"
#endif

#ifdef PARMAP_EXACT_FLAGS
#define PM_EXACT 1
#else
#define PM_EXACT 0 /* programs without kernels need no flags */
#endif

/* It cannot lay out _Generic, nor a pragma within a macro. */
/* clang-format off */

/* The C type of an input or a result -> its parmap_type. */
#define PM_TYPE_OF(T)                                                                              \
    _Generic((T)0, int64_t                                                                         \
             : PARMAP_INT64, uint64_t                                                              \
             : PARMAP_UINT64, parmap_int128                                                        \
             : PARMAP_INT128, double                                                               \
             : PARMAP_FLOAT64)

/* Inputs are generated in an unsigned carrier, where no step overflows, and read back as signed. */
#define PM_CARRIER_int64_t uint64_t, int64_t
#define PM_CARRIER_uint64_t uint64_t, uint64_t
#define PM_CARRIER_parmap_int128 parmap_uint128, parmap_int128
#define PM_CARRIER_double uint64_t, int64_t

/* Both loops are this one: `input` is the input of item i. */
#define PM_KERNEL_ITEMS(name, input)                                                               \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++) y[i] = name##_item(input);

#define PM_KERNEL_LOOP(unit, attribute, name, IN, OUT, CARRIER, VALUE)                             \
    attribute static void name##_span_##unit(const parmap_span *span, void *results)               \
    {                                                                                              \
        OUT *restrict y = (OUT *)__builtin_assume_aligned(results, 64);                            \
        const CARRIER first = (CARRIER)span->first, step = (CARRIER)span->step;                    \
        const int64_t count = span->count;                                                         \
        if (step == 1) {                                                                           \
            PM_KERNEL_ITEMS(name, (IN)(VALUE)(first + (CARRIER)(uint64_t)i))                       \
        } else {                                                                                   \
            PM_KERNEL_ITEMS(name, (IN)(VALUE)(first + step * (CARRIER)(uint64_t)i))                \
        }                                                                                          \
    }                                                                                              \
    attribute static void name##_array_##unit(const void *inputs, void *results, int64_t count)    \
    {                                                                                              \
        const IN *restrict x = (const IN *)inputs;                                                 \
        OUT *restrict y = (OUT *)results;                                                          \
        PM_KERNEL_ITEMS(name, x[i])                                                                \
    }
/* clang-format on */

/* X(unit, attribute, ...) for each copy of a function, `attribute` before it; and the functions
 * name_unit as a table by parmap_vector. */
#if defined(__x86_64__)
#define PM_TARGET_V3 __attribute__((target("arch=x86-64-v3")))
#define PM_TARGET_V4 __attribute__((target("arch=x86-64-v4")))
#define PM_EACH_VECTOR(X, ...)                                                                     \
    X(baseline, , __VA_ARGS__) X(v3, PM_TARGET_V3, __VA_ARGS__) X(v4, PM_TARGET_V4, __VA_ARGS__)
#define PM_VECTOR_TABLE(name)                                                                      \
    {                                                                                              \
        name##_baseline, name##_v3, name##_v4                                                      \
    }
#else
#define PM_EACH_VECTOR(X, ...) X(baseline, , __VA_ARGS__)
#define PM_VECTOR_TABLE(name)                                                                      \
    {                                                                                              \
        name##_baseline                                                                            \
    }
#endif

/* Clang warns where a body cannot be vectorised; such a kernel is slower, not wrong. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

#define PARMAP_KERNEL(name, IN, x, OUT)                                                            \
    static inline __attribute__((always_inline)) OUT name##_item(IN x);                            \
    PM_EACH_VECTOR(PM_KERNEL_LOOP, name, IN, OUT, PM_CARRIER_##IN)                                 \
    static const parmap_code name##_code = {.loops = PM_VECTOR_TABLE(name##_span),                 \
                                            .array_loops = PM_VECTOR_TABLE(name##_array)};         \
    enum { name##_result = PM_TYPE_OF(OUT) };                                                      \
    static inline __attribute__((always_inline)) OUT name##_item(IN x)

#define PARMAP_KERNEL_CAN_FAIL(name, IN, x, OUT, y)                                                \
    static inline parmap_status name##_item(IN x, OUT *y);                                         \
    static parmap_status name##_try(const void *input, void *result)                               \
    {                                                                                              \
        return name##_item(*(const IN *)input, (OUT *)result);                                     \
    }                                                                                              \
    static const parmap_code name##_code = {.item = name##_try};                                   \
    enum { name##_result = PM_TYPE_OF(OUT) };                                                      \
    static inline parmap_status name##_item(IN x, OUT *y)

#define PM_VARIANT(code_name, IN, low, high)                                                       \
    [PM_TYPE_OF(IN)] = {.result = (parmap_type)code_name##_result,                                 \
                        .domain = {(low), (high)},                                                 \
                        .code = &code_name##_code}

#define PM_KERNEL_OBJECT(kernel_name, variants_list, ...)                                          \
    _Static_assert(PM_EXACT, "compile kernels with the flags of pkg-config --cflags parmap or of " \
                             "CMake's parmap::parmap");                                            \
    static const parmap_kernel kernel_name = {.abi = PARMAP_KERNEL_ABI,                            \
                                              .name = #kernel_name,                                \
                                              .variants = {PM_UNPACK variants_list},               \
                                              __VA_ARGS__}
#define PM_UNPACK(...) __VA_ARGS__

#define PARMAP_DOMAIN(name, IN, ...) PM_DOMAIN_EXPANDED(name, IN, __VA_ARGS__, )
#define PM_DOMAIN_EXPANDED(name, IN, low, high, ...)                                               \
    PM_KERNEL_OBJECT(name, (PM_VARIANT(name, IN, low, high)), __VA_ARGS__)

#define PARMAP_KERNEL_TYPES(name, x, expression)                                                   \
    PARMAP_KERNEL(name##_int64, int64_t, x, int64_t)                                               \
    {                                                                                              \
        return (expression);                                                                       \
    }                                                                                              \
    PARMAP_KERNEL(name##_uint64, uint64_t, x, uint64_t)                                            \
    {                                                                                              \
        return (expression);                                                                       \
    }                                                                                              \
    PARMAP_KERNEL(name##_int128, parmap_int128, x, parmap_int128)                                  \
    {                                                                                              \
        return (expression);                                                                       \
    }                                                                                              \
    PARMAP_KERNEL(name##_float64, double, x, double)                                               \
    {                                                                                              \
        return (expression);                                                                       \
    }                                                                                              \
    PM_SEMICOLON(name)

/* Domains as pairs in parentheses: int64, uint64, int128, float64. */
#define PARMAP_DOMAINS(name, int64, uint64, int128, ...)                                           \
    PM_DOMAINS_EXPANDED(name, int64, uint64, int128, __VA_ARGS__, )
#define PM_DOMAINS_EXPANDED(name, int64, uint64, int128, float64, ...)                             \
    PM_KERNEL_OBJECT(name,                                                                         \
                     (PM_VARIANT_PAIR(name##_int64, int64_t, PM_UNPACK int64),                     \
                      PM_VARIANT_PAIR(name##_uint64, uint64_t, PM_UNPACK uint64),                  \
                      PM_VARIANT_PAIR(name##_int128, parmap_int128, PM_UNPACK int128),             \
                      PM_VARIANT_PAIR(name##_float64, double, PM_UNPACK float64)),                 \
                     __VA_ARGS__)
#define PM_VARIANT_PAIR(...) PM_VARIANT(__VA_ARGS__)

/* The whole of a type, as a pair of ends. */
#define PARMAP_DOMAIN_INT64 INT64_MIN, INT64_MAX
#define PARMAP_DOMAIN_UINT64 0, UINT64_MAX
#define PARMAP_DOMAIN_FLOAT64 -(INT64_C(1) << 53), INT64_C(1) << 53

/* Lets a macro that ends in a function be followed by a semicolon. */
#define PM_SEMICOLON(name) struct pm_semicolon_after_##name

#endif
