/* The macros that turn a function into a parmap_kernel.  Included by parmap.h.
 *
 * One type, any body:
 *
 *     PARMAP_KERNEL(cube, int64_t, x, int64_t)
 *     {
 *         return x * x * x;
 *     }
 *     PARMAP_DOMAIN(cube, int64_t, -2097152, 2097151);
 *
 * Numbers are int8_t to int64_t, uint8_t to uint64_t, parmap_int128, float, double, and int.
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
 * Inputs and results may be more than a number: records (a struct in memory, a compound in HDF5)
 * and arrays (a row of a data set of more dimensions).  A list describes a record once, for memory,
 * messages and HDF5 alike.  Their inputs come from data sets (--input), not from a range, and no
 * domain is checked:
 *
 *     #define POINT(FIELD) FIELD(double, x) FIELD(double, y) FIELD(float, weights, 3)
 *     PARMAP_RECORD(point, POINT);
 *     PARMAP_ARRAY(direction, double, 2);        in C: struct { double at[2]; }
 *
 *     PARMAP_KERNEL(unit, point, p, direction)
 *     {
 *         const double length = sqrt(p.x * p.x + p.y * p.y);
 *         return (direction){{p.x / length, p.y / length}};
 *     }
 *     PARMAP_DOMAIN(unit, point, PARMAP_DOMAIN_NONE);
 *
 * Parameters are numbers that the user may set before the run (--param sigma=0.5); their list has
 * type, name, default, lowest and highest value, and a line of help:
 *
 *     #define GAUSS(PARAMETER) PARAMETER(double, sigma, 0.3, 1e-9, 1e9, "width of the peak")
 *     PARMAP_PARAMETERS(gauss_parameters, GAUSS);
 *
 *     PARMAP_KERNEL(gauss, double, x, double)
 *     {
 *         return exp(-x * x / (2 * sigma * sigma));
 *     }
 *     PARMAP_DOMAIN(gauss, double, -1e15, 1e15,
 *                   .parameters = PARMAP_PARAMETERS_OF(gauss_parameters));
 *
 * A body may take a whole block at once, too:
 *
 *     PARMAP_KERNEL_BLOCK(halve, double, x, double, y, count)
 *     {
 *         for (int64_t i = 0; i < count; i++)
 *             y[i] = x[i] / 2;
 *     }
 *
 * A file whose kernels are to be loaded (parmap map FILE.c) names them: PARMAP_EXPORT(&gauss,
 * &unit);
 *
 * The other bodies are inlined into two loops per vector unit, over a range and over an array, so
 * that the compiler vectorises them and nothing is called per element.  Compile with
 * -ffp-contract=off (CMake target and pkg-config file do): with contraction the copies would round
 * differently.
 */
#include "parmap.h" /* which includes this one, in its place */

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

#ifdef __cplusplus
#define PM_STATIC_ASSERT static_assert
#define PM_EXTERN_C extern "C"
#else
#define PM_STATIC_ASSERT _Static_assert
#define PM_EXTERN_C
#endif

/* It cannot lay out lists of tokens, nor a pragma within a macro. */
/* clang-format off */

/* ---- types ----------------------------------------------------------------------------------- */

/* The C type of a number -> its parmap_type. */
#define PM_TYPE_int8_t PARMAP_INT8
#define PM_TYPE_uint8_t PARMAP_UINT8
#define PM_TYPE_int16_t PARMAP_INT16
#define PM_TYPE_uint16_t PARMAP_UINT16
#define PM_TYPE_int32_t PARMAP_INT32
#define PM_TYPE_uint32_t PARMAP_UINT32
#define PM_TYPE_int64_t PARMAP_INT64
#define PM_TYPE_uint64_t PARMAP_UINT64
#define PM_TYPE_parmap_int128 PARMAP_INT128
#define PM_TYPE_float PARMAP_FLOAT32
#define PM_TYPE_double PARMAP_FLOAT64

#define PM_TYPE_int PARMAP_INT32

/* Its layout: none.  PARMAP_RECORD and PARMAP_ARRAY make PM_TYPE_ and PM_LAYOUT_ of their types. */
#define PM_LAYOUT_int8_t PM_NO_LAYOUT
#define PM_LAYOUT_uint8_t PM_NO_LAYOUT
#define PM_LAYOUT_int16_t PM_NO_LAYOUT
#define PM_LAYOUT_uint16_t PM_NO_LAYOUT
#define PM_LAYOUT_int32_t PM_NO_LAYOUT
#define PM_LAYOUT_uint32_t PM_NO_LAYOUT
#define PM_LAYOUT_int64_t PM_NO_LAYOUT
#define PM_LAYOUT_uint64_t PM_NO_LAYOUT
#define PM_LAYOUT_parmap_int128 PM_NO_LAYOUT
#define PM_LAYOUT_float PM_NO_LAYOUT
#define PM_LAYOUT_double PM_NO_LAYOUT
#define PM_LAYOUT_int PM_NO_LAYOUT
#define PM_NO_LAYOUT ((const parmap_layout *)0)

/* Inputs over a range are generated in an unsigned carrier, where no step overflows, and read back
 * as signed.  The last word says that there is a range at all: other types have none of this. */
#define PM_CARRIER_int8_t uint32_t, int32_t, PM_KERNEL_OF_NUMBERS
#define PM_CARRIER_uint8_t uint32_t, uint32_t, PM_KERNEL_OF_NUMBERS
#define PM_CARRIER_int16_t uint32_t, int32_t, PM_KERNEL_OF_NUMBERS
#define PM_CARRIER_uint16_t uint32_t, uint32_t, PM_KERNEL_OF_NUMBERS
#define PM_CARRIER_int32_t uint32_t, int32_t, PM_KERNEL_OF_NUMBERS
#define PM_CARRIER_uint32_t uint32_t, uint32_t, PM_KERNEL_OF_NUMBERS
#define PM_CARRIER_int64_t uint64_t, int64_t, PM_KERNEL_OF_NUMBERS
#define PM_CARRIER_uint64_t uint64_t, uint64_t, PM_KERNEL_OF_NUMBERS
#define PM_CARRIER_parmap_int128 parmap_uint128, parmap_int128, PM_KERNEL_OF_NUMBERS
#define PM_CARRIER_float uint64_t, int64_t, PM_KERNEL_OF_NUMBERS
#define PM_CARRIER_double uint64_t, int64_t, PM_KERNEL_OF_NUMBERS

#define PM_CARRIER_int uint32_t, int32_t, PM_KERNEL_OF_NUMBERS

#define PM_THIRD(...) PM_THIRD_EXPANDED(__VA_ARGS__)
#define PM_THIRD_EXPANDED(a, b, third, ...) third

/* ---- records and arrays ---------------------------------------------------------------------- */

#define PM_SIXTH(a, b, c, d, e, sixth, ...) sixth

#define PM_MEMBER(...)                                                                             \
    PM_SIXTH(__VA_ARGS__, PM_MEMBER_3, PM_MEMBER_2, PM_MEMBER_1, PM_MEMBER_0, ~)(__VA_ARGS__)
#define PM_MEMBER_0(T, name) T name;
#define PM_MEMBER_1(T, name, l) T name[l];
#define PM_MEMBER_2(T, name, l, m) T name[l][m];
#define PM_MEMBER_3(T, name, l, m, n) T name[l][m][n];

#define PM_FIELD(...)                                                                              \
    PM_SIXTH(__VA_ARGS__, PM_FIELD_3, PM_FIELD_2, PM_FIELD_1, PM_FIELD_0, ~)(__VA_ARGS__)
#define PM_FIELD_0(T, name) {#name, PM_TYPE_##T, 0, {0, 0, 0}},
#define PM_FIELD_1(T, name, l) {#name, PM_TYPE_##T, 1, {l, 0, 0}},
#define PM_FIELD_2(T, name, l, m) {#name, PM_TYPE_##T, 2, {l, m, 0}},
#define PM_FIELD_3(T, name, l, m, n) {#name, PM_TYPE_##T, 3, {l, m, n}},

#define PM_EXTENT(...)                                                                             \
    PM_SIXTH(~, ~, __VA_ARGS__, PM_EXTENT_3, PM_EXTENT_2, PM_EXTENT_1, ~)(__VA_ARGS__)
#define PM_EXTENT_1(l) 1, {l, 0, 0}
#define PM_EXTENT_2(l, m) 2, {l, m, 0}
#define PM_EXTENT_3(l, m, n) 3, {l, m, n}

#define PM_DESCRIBED(name, ...)                                                                    \
    enum { PM_TYPE_##name = PARMAP_RECORD };                                                       \
    static const parmap_field name##_fields[] = {__VA_ARGS__};                                     \
    static const parmap_layout PM_LAYOUT_##name[1] = {                                             \
        {sizeof(name), (int)(sizeof name##_fields / sizeof name##_fields[0]), name##_fields}}

#define PARMAP_RECORD(name, LIST)                                                                  \
    typedef struct name {                                                                          \
        LIST(PM_MEMBER)                                                                            \
    } name;                                                                                        \
    PM_DESCRIBED(name, LIST(PM_FIELD))

#define PARMAP_ARRAY(name, T, ...)                                                                 \
    typedef struct name {                                                                          \
        PM_MEMBER(T, at, __VA_ARGS__)                                                              \
    } name;                                                                                        \
    PM_DESCRIBED(name, {"", PM_TYPE_##T, PM_EXTENT(__VA_ARGS__)})

/* ---- parameters ------------------------------------------------------------------------------ */

#define PM_PARAMETER_VALUE(T, name, initial, low, high, text) static T name = initial;
#define PM_PARAMETER_ENTRY(T, name, initial, low, high, text)                                      \
    {#name, PM_TYPE_##T, &name, (double)(low), (double)(high), text},

#define PARMAP_PARAMETERS(name, LIST)                                                              \
    LIST(PM_PARAMETER_VALUE)                                                                       \
    static const parmap_parameter name[] = {LIST(PM_PARAMETER_ENTRY)}

#ifdef __cplusplus
#define PARMAP_PARAMETERS_OF(name)                                                                 \
    {name, (int)(sizeof name / sizeof name[0])}
#else
#define PARMAP_PARAMETERS_OF(name)                                                                 \
    name, .parameter_count = (int)(sizeof name / sizeof name[0])
#endif

/* ---- loops ----------------------------------------------------------------------------------- */

/* Both loops are this one: `input` is the input of item i. */
#define PM_KERNEL_ITEMS(name, input)                                                               \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++) y[i] = name##_item(input);

#define PM_SPAN_LOOP(unit, attribute, name, IN, OUT, CARRIER, VALUE, KIND)                         \
    attribute static int64_t name##_span_##unit(const parmap_span *span, void *results)            \
    {                                                                                              \
        OUT *__restrict y = (OUT *)results;                                                        \
        const CARRIER first = (CARRIER)span->first, step = (CARRIER)span->step;                    \
        const int64_t count = span->count;                                                         \
        if (step == 1) {                                                                           \
            PM_KERNEL_ITEMS(name, (IN)(VALUE)(first + (CARRIER)(uint64_t)i))                       \
        } else {                                                                                   \
            PM_KERNEL_ITEMS(name, (IN)(VALUE)(first + step * (CARRIER)(uint64_t)i))                \
        }                                                                                          \
        return count;                                                                              \
    }

#define PM_ARRAY_LOOP(unit, attribute, name, IN, OUT)                                              \
    attribute static int64_t name##_array_##unit(const void *inputs, void *results, int64_t count) \
    {                                                                                              \
        const IN *__restrict x = (const IN *)inputs;                                               \
        OUT *__restrict y = (OUT *)results;                                                        \
        PM_KERNEL_ITEMS(name, x[i])                                                                \
        return count;                                                                              \
    }

#define PM_BLOCK_LOOP(unit, attribute, name, IN, OUT)                                              \
    attribute static int64_t name##_array_##unit(const void *inputs, void *results, int64_t count) \
    {                                                                                              \
        name##_block((const IN *)inputs, (OUT *)results, count);                                   \
        return count;                                                                              \
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
#define PM_NO_TABLE                                                                                \
    {                                                                                              \
        0, 0, 0                                                                                    \
    }
#else
#define PM_EACH_VECTOR(X, ...) X(baseline, , __VA_ARGS__)
#define PM_VECTOR_TABLE(name)                                                                      \
    {                                                                                              \
        name##_baseline, 0, 0                                                                      \
    }
#define PM_NO_TABLE                                                                                \
    {                                                                                              \
        0, 0, 0                                                                                    \
    }
#endif

/* Clang warns where a body cannot be vectorised; such a kernel is slower, not wrong. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

/* ---- kernels --------------------------------------------------------------------------------- */

#define PM_INLINED static inline __attribute__((always_inline))

/* By position: C++ before C++20 has no designators. */
#define PM_CODE(name, IN, OUT, span_loops, array_loops, item)                                      \
    static const parmap_code name##_code = {(parmap_type)PM_TYPE_##IN,                             \
                                            PM_LAYOUT_##IN,                                        \
                                            (parmap_type)PM_TYPE_##OUT,                            \
                                            PM_LAYOUT_##OUT,                                       \
                                            span_loops,                                            \
                                            array_loops,                                           \
                                            PM_NO_TABLE,                                           \
                                            PM_NO_TABLE,                                           \
                                            item}

#define PARMAP_KERNEL(name, IN, x, OUT)                                                            \
    PM_INLINED OUT name##_item(IN x);                                                              \
    PM_THIRD(PM_CARRIER_##IN, PM_KERNEL_OF_OTHERS, PM_KERNEL_OF_OTHERS, ~)                         \
    (name, IN, OUT) PM_INLINED OUT name##_item(IN x)

#define PM_KERNEL_OF_NUMBERS(name, IN, OUT)                                                        \
    PM_EACH_VECTOR(PM_SPAN_LOOP, name, IN, OUT, PM_CARRIER_##IN)                                   \
    PM_EACH_VECTOR(PM_ARRAY_LOOP, name, IN, OUT)                                                   \
    PM_CODE(name, IN, OUT, PM_VECTOR_TABLE(name##_span), PM_VECTOR_TABLE(name##_array), 0);

#define PM_KERNEL_OF_OTHERS(name, IN, OUT)                                                         \
    PM_EACH_VECTOR(PM_ARRAY_LOOP, name, IN, OUT)                                                   \
    PM_CODE(name, IN, OUT, PM_NO_TABLE, PM_VECTOR_TABLE(name##_array), 0);

#define PARMAP_KERNEL_BLOCK(name, IN, x, OUT, y, count)                                            \
    PM_INLINED void name##_block(const IN *__restrict x, OUT *__restrict y, int64_t count);        \
    PM_EACH_VECTOR(PM_BLOCK_LOOP, name, IN, OUT)                                                   \
    PM_CODE(name, IN, OUT, PM_NO_TABLE, PM_VECTOR_TABLE(name##_array), 0);                         \
    PM_INLINED void name##_block(const IN *__restrict x, OUT *__restrict y, int64_t count)

#define PARMAP_KERNEL_CAN_FAIL(name, IN, x, OUT, y)                                                \
    static inline parmap_status name##_item(IN x, OUT *y);                                         \
    static parmap_status name##_try(const void *input, void *result)                               \
    {                                                                                              \
        return name##_item(*(const IN *)input, (OUT *)result);                                     \
    }                                                                                              \
    PM_CODE(name, IN, OUT, PM_NO_TABLE, PM_NO_TABLE, name##_try);                                  \
    static inline parmap_status name##_item(IN x, OUT *y)

#define PM_VARIANT(code_name, low, high)                                                           \
    {                                                                                              \
        &code_name##_code,                                                                         \
        {                                                                                          \
            (parmap_int128)(low), (parmap_int128)(high)                                            \
        }                                                                                          \
    }

#define PM_KERNEL_OBJECT(kernel_name, variants_list, ...)                                          \
    PM_STATIC_ASSERT(PM_EXACT, "compile kernels with the flags of pkg-config --cflags parmap or "  \
                               "of CMake's parmap::parmap");                                       \
    static const parmap_variant kernel_name##_variants[] = {PM_UNPACK variants_list};              \
    static const parmap_kernel kernel_name =                                                       \
        PM_KERNEL_STRUCT(#kernel_name, kernel_name##_variants, __VA_ARGS__)
#define PM_COUNT(variants) (int)(sizeof variants / sizeof variants[0])

#ifdef __cplusplus /* whose designators are not C's: parmap_cxx.h */
#define PM_KERNEL_STRUCT(name, variants, ...)                                                      \
    pm_kernel_struct(name, variants, PM_COUNT(variants), {__VA_ARGS__})
#else
#define PM_KERNEL_STRUCT(kernel_name, kernel_variants, ...)                                        \
    {                                                                                              \
        .abi = PARMAP_KERNEL_ABI, .name = kernel_name, .variants = kernel_variants,                \
        .variant_count = PM_COUNT(kernel_variants), __VA_ARGS__                                    \
    }
#endif
#define PM_UNPACK(...) __VA_ARGS__

#define PARMAP_DOMAIN(name, IN, ...) PM_DOMAIN_EXPANDED(name, __VA_ARGS__, )
#define PM_DOMAIN_EXPANDED(name, low, high, ...)                                                   \
    PM_KERNEL_OBJECT(name, (PM_VARIANT(name, low, high)), __VA_ARGS__)

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
                     (PM_VARIANT_PAIR(name##_int64, PM_UNPACK int64),                              \
                      PM_VARIANT_PAIR(name##_uint64, PM_UNPACK uint64),                            \
                      PM_VARIANT_PAIR(name##_int128, PM_UNPACK int128),                            \
                      PM_VARIANT_PAIR(name##_float64, PM_UNPACK float64)),                         \
                     __VA_ARGS__)
#define PM_VARIANT_PAIR(...) PM_VARIANT(__VA_ARGS__)

/* The kernels of a file that is to be loaded: parmap map FILE. */
#define PARMAP_EXPORT(...)                                                                         \
    static const parmap_kernel *const pm_exported[] = {__VA_ARGS__};                               \
    PM_EXTERN_C PARMAP_API const parmap_exports parmap_kernels = {                                 \
        PARMAP_KERNEL_ABI, (int)(sizeof pm_exported / sizeof pm_exported[0]), pm_exported}
/* The whole of a type, as a pair of ends. */
#define PARMAP_DOMAIN_INT64 INT64_MIN, INT64_MAX
#define PARMAP_DOMAIN_UINT64 0, UINT64_MAX
#define PARMAP_DOMAIN_FLOAT64 -(INT64_C(1) << 53), INT64_C(1) << 53
#define PARMAP_DOMAIN_NONE 0, 0 /* of records and arrays, which have none */

/* Lets a macro that ends in a function be followed by a semicolon. */
#define PM_SEMICOLON(name) struct pm_semicolon_after_##name

#endif
