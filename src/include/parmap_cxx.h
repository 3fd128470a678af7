/* For C++: functions in place of the macros by which C chooses by the type of an argument, with the
 * same names and arguments.  Included by parmap.h. */
#include "parmap.h" /* which includes this one, in its place */

#ifndef PARMAP_CXX_H
#define PARMAP_CXX_H

#ifdef __cplusplus

/* ---- kernels --------------------------------------------------------------------------------- */

/* What may follow the domain: by name, in this order, or, before C++20, by position. */
struct pm_kernel_more {
    int version = 0;
    double cost_s = 0;
    struct {
        const parmap_parameter *list = nullptr;
        int count = 0;
    } parameters = {};
    const char *help = nullptr;
};
constexpr parmap_kernel pm_kernel_struct(const char *name, const parmap_variant *variants,
                                         int count, const pm_kernel_more &more)
{
    return {PARMAP_KERNEL_ABI,
            name,
            variants,
            count,
            more.version,
            more.cost_s,
            more.parameters.list,
            more.parameters.count,
            more.help,
            nullptr};
}

/* ---- numbers --------------------------------------------------------------------------------- */

template <class T> struct pm_is_real {
    enum { value = false };
};
template <> struct pm_is_real<float> {
    enum { value = true };
};
template <> struct pm_is_real<double> {
    enum { value = true };
};
#define PM_TYPECODE_FUNCTION(T, code)                                                              \
    inline char pm_typecode(const T *)                                                             \
    {                                                                                              \
        return code;                                                                               \
    }
PM_TYPECODES(PM_TYPECODE_FUNCTION)
#undef PM_TYPECODE_FUNCTION

template <class T>
inline parmap_status parmap_value_create(parmap_value *value, char typecode, T initial)
{
    return pm_is_real<T>::value ? parmap_value_create_real(value, typecode, (double)initial)
                                : parmap_value_create_int(value, typecode, (int64_t)initial);
}
template <class T> inline parmap_status parmap_value_store(const parmap_value *value, T number)
{
    return pm_is_real<T>::value ? parmap_value_store_real(value, (double)number)
                                : parmap_value_store_int(value, (int64_t)number);
}
template <class T> inline parmap_status parmap_value_add(const parmap_value *value, T number)
{
    return pm_is_real<T>::value ? parmap_value_add_real(value, (double)number)
                                : parmap_value_add_int(value, (int64_t)number);
}
template <class T>
inline parmap_status parmap_array_store(const parmap_array *array, int64_t index, T number)
{
    return pm_is_real<T>::value ? parmap_array_store_real(array, index, (double)number)
                                : parmap_array_store_int(array, index, (int64_t)number);
}
template <class T>
inline parmap_status parmap_array_add(const parmap_array *array, int64_t index, T number)
{
    return pm_is_real<T>::value ? parmap_array_add_real(array, index, (double)number)
                                : parmap_array_add_int(array, index, (int64_t)number);
}

/* Where a number comes back, its address tells: int64_t * or double *. */
#define PM_BY_POINTER(T, suffix)                                                                   \
    inline parmap_status parmap_value_load(const parmap_value *value, T *number)                   \
    {                                                                                              \
        return parmap_value_load_##suffix(value, number);                                          \
    }                                                                                              \
    inline parmap_status parmap_value_fetch_add(const parmap_value *value, T number, T *before)    \
    {                                                                                              \
        return parmap_value_fetch_add_##suffix(value, number, before);                             \
    }                                                                                              \
    inline parmap_status parmap_value_compare_swap(const parmap_value *value, T expected,          \
                                                   T desired, T *found)                            \
    {                                                                                              \
        return parmap_value_compare_swap_##suffix(value, expected, desired, found);                \
    }                                                                                              \
    inline parmap_status parmap_array_load(const parmap_array *array, int64_t index, T *number)    \
    {                                                                                              \
        return parmap_array_load_##suffix(array, index, number);                                   \
    }                                                                                              \
    inline parmap_status parmap_array_fetch_add(const parmap_array *array, int64_t index,          \
                                                T number, T *before)                               \
    {                                                                                              \
        return parmap_array_fetch_add_##suffix(array, index, number, before);                      \
    }
PM_BY_POINTER(int64_t, int)
PM_BY_POINTER(double, real)
#undef PM_BY_POINTER

template <class T>
inline parmap_status parmap_array_read(const parmap_array *array, int64_t first, int64_t count,
                                       T *elements)
{
    return parmap_array_read_as(array, first, count, pm_typecode(elements), elements);
}
template <class T>
inline parmap_status parmap_array_write(const parmap_array *array, int64_t first, int64_t count,
                                        const T *elements)
{
    return parmap_array_write_as(array, first, count, pm_typecode(elements), elements);
}

/* ---- Python's names -------------------------------------------------------------------------- */

/* What may follow: by name, in this order, or, before C++20, by position:
 * parmap_pool_map(pool, cube, numbers, cubes, 1000, {.chunk = 100}). */
struct pm_job_more {
    int64_t chunk = 0;
    void (*callback)(void *results, void *context) = nullptr;
    void (*error_callback)(const parmap_failure *failure, void *context) = nullptr;
    void *context = nullptr;
};

/* Sizes are those of what the pointers point to. */
template <class In, class Out>
inline parmap_job pm_job(const In *inputs, Out *results, int64_t count, const pm_job_more &more)
{
    parmap_job job = {};
    job.inputs = inputs;
    job.input_bytes = sizeof *inputs;
    job.results = results;
    job.result_bytes = sizeof *results;
    job.count = count;
    job.chunk = more.chunk;
    job.callback = more.callback;
    job.error_callback = more.error_callback;
    job.context = more.context;
    return job;
}
template <class In, class Out>
inline parmap_job pm_job(parmap_task *task, const In *inputs, Out *results, int64_t count,
                         const pm_job_more &more)
{
    parmap_job job = pm_job(inputs, results, count, more);
    job.task = task;
    return job;
}
template <class In, class Out>
inline parmap_status parmap_pool_map(parmap_pool *pool, parmap_task *task, const In *inputs,
                                     Out *results, int64_t count, const pm_job_more &more = {})
{
    const parmap_job job = pm_job(task, inputs, results, count, more);
    return parmap_pool_run(pool, &job);
}
template <class In, class Out>
inline parmap_status parmap_pool_starmap(parmap_pool *pool, parmap_task *task, const In *inputs,
                                         Out *results, int64_t count, const pm_job_more &more = {})
{
    return parmap_pool_map(pool, task, inputs, results, count, more);
}
template <class In, class Out>
inline parmap_status parmap_pool_apply(parmap_pool *pool, parmap_task *task, const In *input,
                                       Out *result)
{
    return parmap_pool_map(pool, task, input, result, 1);
}
template <class In, class Out>
inline parmap_status parmap_pool_map_async(parmap_pool *pool, parmap_task *task, const In *inputs,
                                           Out *results, int64_t count, parmap_result **handle,
                                           const pm_job_more &more = {})
{
    const parmap_job job = pm_job(task, inputs, results, count, more);
    return parmap_pool_submit(pool, &job, handle);
}
template <class In, class Out>
inline parmap_status parmap_pool_starmap_async(parmap_pool *pool, parmap_task *task,
                                               const In *inputs, Out *results, int64_t count,
                                               parmap_result **handle, const pm_job_more &more = {})
{
    return parmap_pool_map_async(pool, task, inputs, results, count, handle, more);
}
template <class In, class Out>
inline parmap_status parmap_pool_apply_async(parmap_pool *pool, parmap_task *task, const In *input,
                                             Out *result, parmap_result **handle,
                                             const pm_job_more &more = {})
{
    return parmap_pool_map_async(pool, task, input, result, 1, handle, more);
}

template <class T> inline parmap_type pm_type_of(const T *)
{
    return PARMAP_RECORD;
}
#define PM_TYPE_FUNCTION(T, type)                                                                  \
    inline parmap_type pm_type_of(const T *)                                                       \
    {                                                                                              \
        return type;                                                                               \
    }
PM_NUMBERS(PM_TYPE_FUNCTION)
#undef PM_TYPE_FUNCTION

/* A kernel over an array of one of its types. */
template <class In, class Out>
inline parmap_status parmap_pool_map_kernel(parmap_pool *pool, const parmap_kernel *kernel,
                                            const In *inputs, Out *results, int64_t count,
                                            const pm_job_more &more = {})
{
    parmap_job job = pm_job(inputs, results, count, more);
    job.kernel = kernel;
    job.type = pm_type_of(inputs);
    return parmap_pool_run(pool, &job);
}

#endif

#endif
