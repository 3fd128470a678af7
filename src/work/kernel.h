/* Kernels as the pipeline and the pool use them: which loop runs, and for which inputs the result
 * is exact. */
#ifndef PM_WORK_KERNEL_H
#define PM_WORK_KERNEL_H

#include "work/range.h"

/* PARMAP_USAGE when it was compiled for another library. */
parmap_status pm_kernel_check_abi(const parmap_kernel *kernel);

/* What it is called in messages: its name, or the formula that it is. */
const char *pm_kernel_name(const parmap_kernel *kernel);

/* The kernel for a type of inputs; NULL when there is none. */
const parmap_variant *pm_kernel_find(const parmap_kernel *kernel, parmap_type type);

/* The kernel for a type; PARMAP_USAGE when it has none, naming those it has. */
parmap_status pm_kernel_variant(const parmap_kernel *kernel, parmap_type type,
                                const parmap_variant **variant);

/* PARMAP_USAGE when an item of the range lies outside the kernel's domain, naming the first that
 * does and the ways out.  `allow_rounding` lifts the limits of float64, but for those of int64, in
 * which its inputs are generated. */
parmap_status pm_kernel_check_domain(const parmap_kernel *kernel, parmap_type type,
                                     const pm_range *range, bool allow_rounding);

/* The numbers of a range for which the plain loops are right. */
parmap_domain pm_kernel_domain(const parmap_variant *variant, bool allow_rounding);

/* Whether that is all of the range. */
bool pm_kernel_covers(const parmap_variant *variant, const pm_range *range);

/* Whether it has loops that check their results, for what lies outside the domain. */
bool pm_kernel_checks(const parmap_variant *variant);

/* Bytes of an item. */
size_t pm_kernel_input_bytes(const parmap_code *code);
size_t pm_kernel_result_bytes(const parmap_code *code);

/* results[i] = kernel(inputs[i]) for `count` items of a type that the kernel has loops for; both
 * arrays are aligned as their items are, and do not overlap.  Items outside the domain, and NaN,
 * are not computed: their results stay as they were.  Returns how many these are; *first_outside =
 * the lowest index of one, or -1.  Works in pieces that stay in cache between check and loop. */
int64_t pm_kernel_map(const parmap_kernel *kernel, parmap_type type, parmap_vector vector,
                      const void *inputs, void *results, int64_t count, int64_t *first_outside);

/* PARMAP_USAGE for an item that pm_kernel_map left out, naming the end of the domain and the types
 * of input that would take it. */
parmap_status pm_kernel_fail_item(const parmap_kernel *kernel, parmap_type type, const void *input);

/* Whether items of the variant can fail; then it has no loops. */
static inline bool pm_kernel_can_fail(const parmap_variant *variant)
{
    return variant->code->item != NULL;
}

/* One item of a kernel whose items can fail; PARMAP_USAGE when it lies outside the domain, NaN
 * included. */
parmap_status pm_kernel_item(const parmap_kernel *kernel, parmap_type type, const void *input,
                             void *result);

/* The best vector unit of this processor, which every other one with the unit agrees with. */
parmap_vector pm_vector_best(void);
const char *pm_vector_name(parmap_vector vector);

#endif
