/* The loaded modules are walked with dl_iterate_phdr; the program itself comes first. */
#include "base/function.h"

#include "base/hash.h"

#include <inttypes.h>
#include <link.h>
#include <string.h>

enum { THE_PROGRAM = 1 };

typedef struct search {
    pm_function function; /* looked for, or found */
    uint64_t address;     /* the same */
    bool any;             /* data will do as well as code */
    bool first;           /* the next module is the program */
    bool loaded;          /* the module was seen */
    bool found;
} search;

static uint64_t number_of(const search *s, const struct dl_phdr_info *module)
{
    if (s->first)
        return THE_PROGRAM;
    const char *slash = strrchr(module->dlpi_name, '/');
    const char *name = slash ? slash + 1 : module->dlpi_name;
    return pm_hash_block(name, strlen(name), 0);
}

static bool is_at(const search *s, const struct dl_phdr_info *module, uint64_t offset)
{
    for (int i = 0; i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (s->any || part->p_flags & PF_X) &&
            offset >= part->p_vaddr && offset - part->p_vaddr < part->p_memsz)
            return true;
    }
    return false;
}

static int look_for_address(struct dl_phdr_info *module, size_t bytes, void *context)
{
    (void)bytes;
    search *s = context;
    const uint64_t offset = s->address - module->dlpi_addr;
    s->found = is_at(s, module, offset);
    if (s->found)
        s->function = (pm_function){number_of(s, module), offset};
    s->first = false;
    return s->found;
}

static int look_for_module(struct dl_phdr_info *module, size_t bytes, void *context)
{
    (void)bytes;
    search *s = context;
    const bool here = number_of(s, module) == s->function.module;
    s->first = false;
    s->loaded = s->loaded || here;
    s->found = here && is_at(s, module, s->function.offset);
    s->address = module->dlpi_addr + s->function.offset;
    return s->found;
}

static parmap_status pack(search *s, pm_function *function)
{
    s->first = true;
    if (s->address && !dl_iterate_phdr(look_for_address, s))
        return pm_fail(PARMAP_USAGE,
                       "what lies at 0x%" PRIx64 " is in no module; other ranks can only use "
                       "functions and kernels of the program and of libraries that all of them "
                       "have loaded",
                       s->address);
    *function = s->function;
    return PARMAP_OK;
}

static parmap_status unpack(search *s)
{
    s->first = true;
    if (s->function.module == 0 || dl_iterate_phdr(look_for_module, s))
        return PARMAP_OK;
    return pm_fail(PARMAP_USAGE,
                   s->loaded ? "a function of another rank is not in this rank's copy of its "
                               "module; run the same build everywhere"
                             : "a function of another rank is in a library that this rank "
                               "has not loaded; load it on all ranks");
}

parmap_status pm_function_pack(pm_any_function *pointer, pm_function *function)
{
    return pack(&(search){.address = (uintptr_t)pointer}, function);
}

parmap_status pm_function_unpack(pm_function function, pm_any_function **pointer)
{
    search s = {.function = function};
    *pointer = NULL;
    PM_TRY(unpack(&s));
    *pointer = (pm_any_function *)(uintptr_t)s.address;
    return PARMAP_OK;
}

parmap_status pm_address_pack(const void *pointer, pm_function *place)
{
    return pack(&(search){.address = (uintptr_t)pointer, .any = true}, place);
}

parmap_status pm_address_unpack(pm_function place, const void **pointer)
{
    search s = {.function = place, .any = true};
    *pointer = NULL;
    PM_TRY(unpack(&s));
    *pointer = (const void *)(uintptr_t)s.address;
    return PARMAP_OK;
}
