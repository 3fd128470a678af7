/* Formulas made into kernels: written as C, compiled with the machine's compiler, loaded. */
#ifndef FORMULAS_H
#define FORMULAS_H

#include "check.h"
#include "formula/formula.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -O2: that is enough for the vectoriser under `omp simd`, and quick. */
#define FORMULAS_CC                                                                                \
    "cc -std=gnu11 -O2 -ffp-contract=off -fopenmp-simd -fno-math-errno -fno-trapping-math "        \
    "-DPARMAP_EXACT_FLAGS -fvisibility=hidden -fPIC -shared -Wall -Werror -Wno-unused-function "

typedef struct made {
    pm_formula *formula;
    void *module;
    const parmap_kernel *kernel;
    const parmap_code *code;
    parmap_domain domain;
} made;

/* Calls the compiler; a source of a formula never makes it say anything. */
static inline bool compile(const char *source, const char *name)
{
    char path[128], command[512];
    snprintf(path, sizeof path, "%s.c", name);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(source, file) < 0 || fclose(file) != 0)
        return false;
    snprintf(command, sizeof command, FORMULAS_CC " %s -o ./%s.so -lm", path, name);
    return system(command) == 0;
}

/* Loads what was compiled; NULL when it is no kernel. */
static inline const parmap_kernel *load(const char *name, void **module)
{
    char path[128];
    snprintf(path, sizeof path, "./%s.so", name);
    *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (*module == NULL) {
        printf("%s\n", dlerror());
        return NULL;
    }
    const parmap_exports *exports = dlsym(*module, "parmap_kernels");
    return exports != NULL && exports->abi == PARMAP_KERNEL_ABI && exports->count == 1
               ? exports->kernels[0]
               : NULL;
}

/* Parses, binds, compiles and loads; false, with the message printed, when a step fails. */
static inline bool make(made *m, const pm_formula_request *request, const pm_formula_inputs *inputs)
{
    static int number = 0;
    char name[32], *source = NULL;
    *m = (made){.formula = NULL};
    snprintf(name, sizeof name, "formula%d", number++);
    if (pm_formula_parse(request, &m->formula) != PARMAP_OK ||
        pm_formula_bind(m->formula, inputs) != PARMAP_OK ||
        pm_formula_emit(m->formula, &source) != PARMAP_OK) {
        printf("%s\n", parmap_message());
        return false;
    }
    const bool compiled = compile(source, name);
    free(source);
    m->kernel = compiled ? load(name, &m->module) : NULL;
    if (m->kernel == NULL)
        return false;
    m->code = m->kernel->variants[0].code;
    m->domain = m->kernel->variants[0].domain;
    return true;
}

static inline void unmake(made *m)
{
    if (m->module != NULL)
        dlclose(m->module);
    pm_formula_free(m->formula);
    *m = (made){.formula = NULL};
}

/* How many copies of a loop this processor can run. */
static inline int vectors(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return 1;
    return __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512bw")
               ? 3
               : 2;
#else
    return 1;
#endif
}

#endif
