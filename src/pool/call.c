/* Running items, and functions and kernels as numbers that mean the same on all ranks. */
#include "pool/call.h"

#include "pool/failure.h"

#include "base/layout.h"

#include <string.h>

/* Items of a kernel between two looks at whether the process was terminated. */
enum { KERNEL_PIECE = 1 << 16 };

/* Sizes that the job gives, which it need not, are those of the kernel's items: a record of
 * another kernel is found so. */
static parmap_status check_sizes(const parmap_job *job, const parmap_code *code)
{
    pm_layout input, result;
    PM_TRY(pm_layout_read(code->input, code->input_layout, &input));
    PM_TRY(pm_layout_read(code->result, code->result_layout, &result));
    if ((job->input_bytes == 0 || job->input_bytes == input.bytes) &&
        (job->result_bytes == 0 || job->result_bytes == result.bytes))
        return PARMAP_OK;
    return pm_fail(PARMAP_USAGE,
                   "%s takes records of %zu bytes and gives such of %zu, not %zu and %zu; give it "
                   "arrays of its own types",
                   job->kernel->name, input.bytes, result.bytes, job->input_bytes,
                   job->result_bytes);
}

static parmap_status make_kernel_call(const parmap_job *job, pm_call *call)
{
    if (job->type < 0 || job->type > PARMAP_RECORD)
        return pm_fail(PARMAP_USAGE, "there is no type %d of a kernel's inputs", (int)job->type);
    PM_TRY(pm_kernel_variant(job->kernel, job->type, &call->variant));
    PM_TRY(check_sizes(job, call->variant->code));
    call->kernel = job->kernel;
    call->type = job->type;
    call->vector = pm_vector_best();
    call->input_bytes = pm_kernel_input_bytes(call->variant->code);
    call->result_bytes = pm_kernel_result_bytes(call->variant->code);
    return PARMAP_OK;
}

parmap_status pm_call_make(const parmap_job *job, pm_call *call)
{
    PM_TRY(pm_need(job, "the job"));
    *call = (pm_call){
        .task = job->task, .input_bytes = job->input_bytes, .result_bytes = job->result_bytes};
    if (job->input_bytes > PM_MOST_BYTES || job->result_bytes > PM_MOST_BYTES)
        return pm_fail(PARMAP_USAGE, "records of %zu and %zu bytes; no memory is as large",
                       job->input_bytes, job->result_bytes);
    if (!job->task == !job->kernel)
        return pm_fail(PARMAP_USAGE, "a job needs a task or a kernel, one of the two");
    return job->kernel ? make_kernel_call(job, call) : PARMAP_OK;
}

parmap_status pm_call_pack(const pm_call *call, pm_packed_call *packed)
{
    static _Thread_local struct {
        const void *pointer;
        pm_function function;
    } last;
    const void *pointer =
        call->kernel ? (const void *)call->kernel : (const void *)(uintptr_t)call->task;
    if (last.pointer != pointer) {
        PM_TRY(pm_address_pack(pointer, &last.function));
        last.pointer = pointer;
    }
    *packed = (pm_packed_call){.function = last.function,
                               .type = call->kernel ? (int64_t)call->type : -1,
                               .input_bytes = call->input_bytes,
                               .result_bytes = call->result_bytes};
    return PARMAP_OK;
}

parmap_status pm_call_unpack(const pm_packed_call *packed, pm_call *call)
{
    static _Thread_local struct {
        pm_packed_call packed;
        pm_call call;
    } last;
    if (memcmp(&last.packed, packed, sizeof *packed) != 0) {
        const void *pointer;
        PM_TRY(pm_address_unpack(packed->function, &pointer));
        parmap_job job = {.input_bytes = packed->input_bytes, .result_bytes = packed->result_bytes};
        if (packed->type >= 0) {
            job.kernel = pointer;
            job.type = (parmap_type)packed->type;
        } else {
            job.task = (parmap_task *)(uintptr_t)pointer;
        }
        pm_call made;
        PM_TRY(pm_call_make(&job, &made));
        last.call = made;
        last.packed = *packed;
    }
    *call = last.call;
    return PARMAP_OK;
}

/* ---- running --------------------------------------------------------------------------------- */

/* A task, or an item of a kernel that can fail. */
static parmap_status run_one(const pm_call *call, const char *input, char *result)
{
    return call->task ? call->task(call->input_bytes > 0 ? input : NULL,
                                   call->result_bytes > 0 ? result : NULL)
                      : pm_kernel_item(call->kernel, call->type, input, result);
}

static int64_t run_one_by_one(const pm_call *call, const char *input, char *result, int64_t first,
                              int64_t count, parmap_failure *failure, int32_t *statuses)
{
    for (int64_t i = 0; i < count; i++) {
        if (parmap_cancelled())
            return i;
        pm_message_clear(); /* a task may fail without a text of its own */
        const parmap_status status = run_one(call, input, result);
        if (__builtin_expect(status != PARMAP_OK, 0))
            pm_failure_add(failure, first + i, status);
        if (statuses)
            statuses[i] = (int32_t)status;
        input += call->input_bytes;
        result += call->result_bytes;
    }
    return count;
}

/* Which items fail; there are some. */
static void set_statuses(const pm_call *call, const char *inputs, char *results, int64_t count,
                         int32_t *statuses)
{
    int64_t outside;
    for (int64_t i = 0; i < count; i++)
        statuses[i] = pm_kernel_map(call->kernel, call->type, call->vector,
                                    inputs + (size_t)i * call->input_bytes,
                                    results + (size_t)i * call->result_bytes, 1, &outside) == 0
                          ? PARMAP_OK
                          : PARMAP_USAGE;
}

static int64_t run_kernel(const pm_call *call, const char *inputs, char *results, int64_t first,
                          int64_t count, parmap_failure *failure, int32_t *statuses)
{
    int64_t outside;
    const int64_t failed =
        pm_kernel_map(call->kernel, call->type, call->vector, inputs, results, count, &outside);
    if (failed > 0) {
        pm_kernel_fail_item(call->kernel, call->type, inputs + (size_t)outside * call->input_bytes);
        pm_failure_add(failure, first + outside, PARMAP_USAGE);
        failure->count += failed - 1;
    }
    if (statuses && failed > 0)
        set_statuses(call, inputs, results, count, statuses);
    else if (statuses)
        memset(statuses, 0, (size_t)count * sizeof *statuses);
    return count;
}

static int64_t run_kernel_in_pieces(const pm_call *call, const char *inputs, char *results,
                                    int64_t first, int64_t count, parmap_failure *failure,
                                    int32_t *statuses)
{
    int64_t done = 0;
    while (done < count && !parmap_cancelled()) {
        const int64_t piece = count - done < KERNEL_PIECE ? count - done : KERNEL_PIECE;
        done += run_kernel(call, inputs + (size_t)done * call->input_bytes,
                           results + (size_t)done * call->result_bytes, first + done, piece,
                           failure, statuses ? statuses + done : NULL);
    }
    return done;
}

int64_t pm_call_run(const pm_call *call, const void *inputs, void *results, int64_t first,
                    int64_t count, parmap_failure *failure, int32_t *statuses)
{
    return (pm_call_has_loop(call) ? run_kernel_in_pieces : run_one_by_one)(
        call, inputs, results, first, count, failure, statuses);
}
