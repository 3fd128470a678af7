/* The door to the dynamic loader.  It trusts what it is given and crashes on a file that was cut
 * short, so what can be seen from outside is checked before. */
#include "work/module.h"

#include "base/layout.h"
#include "base/log.h"
#include "base/text.h"
#include "work/parameters.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

enum {
    OBJECT_MOST = 1 << 30,
    KERNELS_MOST = 1024,
    VARIANTS_MOST = 64,
    NAME_MOST = 63 /* names go into files, reports and command lines */
};

static const char exports_name[] = "parmap_kernels";

/* ---- what the file is ------------------------------------------------------------------------ */

/* The head of this library or program itself. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static const char *machine_name(int machine)
{
    static const struct {
        int machine;
        const char *name;
    } known[] = {{EM_X86_64, "x86-64"}, {EM_AARCH64, "aarch64"}, {EM_PPC64, "ppc64"},
                 {EM_386, "i386"},      {EM_ARM, "arm"},         {EM_S390, "s390"},
                 {EM_RISCV, "riscv"},   {EM_PPC, "ppc"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].machine == machine)
            return known[i].name;
    return "another machine";
}

static bool is_elf(const pm_bytes *object)
{
    return object->size >= EI_NIDENT && memcmp(object->data, ELFMAG, SELFMAG) == 0;
}

static parmap_status fail_cut(const char *name)
{
    return pm_fail(PARMAP_BAD_DATA, "%s is cut short; compile or copy it again", name);
}

/* Every part that the loader maps lies within the file. */
static parmap_status check_parts(const char *name, const pm_bytes *object, const ElfW(Ehdr) * head)
{
    const uint64_t size = object->size;
    const uint64_t table = (uint64_t)head->e_phnum * sizeof(ElfW(Phdr)),
                   sections = (uint64_t)head->e_shnum * head->e_shentsize;
    if (head->e_phoff > size || table > size - head->e_phoff || head->e_shoff > size ||
        sections > size - head->e_shoff)
        return fail_cut(name);
    for (int i = 0; i < head->e_phnum; i++) {
        ElfW(Phdr) part;
        memcpy(&part, (const char *)object->data + head->e_phoff + (size_t)i * sizeof part,
               sizeof part);
        if (part.p_type == PT_LOAD &&
            (part.p_offset > size || part.p_filesz > size - part.p_offset))
            return fail_cut(name);
    }
    return PARMAP_OK;
}

static parmap_status check_object(const char *name, const pm_bytes *object)
{
    const ElfW(Ehdr) *ours = &__ehdr_start;
    ElfW(Ehdr) head;
    if (!is_elf(object))
        return pm_fail(PARMAP_BAD_DATA,
                       "%s is no shared object; make one of a C file with parmap compile", name);
    if (object->size < sizeof head)
        return fail_cut(name);
    memcpy(&head, object->data, sizeof head);
    if (head.e_ident[EI_CLASS] != ours->e_ident[EI_CLASS] ||
        head.e_ident[EI_DATA] != ours->e_ident[EI_DATA] || head.e_machine != ours->e_machine)
        return pm_fail(PARMAP_BAD_DATA, "%s was compiled for %s, and this is %s; compile it here",
                       name,
                       head.e_machine == ours->e_machine ? "another kind of this machine"
                                                         : machine_name(head.e_machine),
                       machine_name(ours->e_machine));
    if (head.e_type != ET_DYN || head.e_phentsize != sizeof(ElfW(Phdr)) || head.e_phnum == 0)
        return pm_fail(PARMAP_BAD_DATA,
                       "%s is a part of a program, but no shared object; link it with -shared, or "
                       "make it with parmap compile",
                       name);
    return check_parts(name, object, &head);
}

parmap_status pm_module_read(const char *path, pm_bytes *object)
{
    PM_TRY(pm_bytes_read(path, OBJECT_MOST, object));
    const parmap_status status = check_object(path, object);
    if (status != PARMAP_OK)
        pm_bytes_free(object);
    return status;
}

/* ---- loading --------------------------------------------------------------------------------- */

/* What the loader says, without the path that only we know. */
static const char *loader_message(const char *path)
{
    const char *text = dlerror();
    const size_t length = strlen(path);
    if (!text)
        return "the loader does not say why";
    return strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0
               ? text + length + 2
               : text;
}

static void *load(const char *path, char *message, size_t bytes)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        pm_copy_line(message, bytes, loader_message(path));
    return handle;
}

/* A file that has no place in any folder.  Where the system's setting vm.memfd_noexec is 1, it has
 * to be said that it is to be executed; older systems do not know the word. */
static int make_memory_file(const pm_bytes *object)
{
    int fd = memfd_create("parmap-kernel", MFD_CLOEXEC | MFD_EXEC);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("parmap-kernel", MFD_CLOEXEC);
    if (fd >= 0 && pm_bytes_write(fd, object->data, object->size))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool load_from_memory(const pm_bytes *object, pm_module *module, char *message, size_t bytes)
{
    char path[64];
    module->fd = make_memory_file(object);
    if (module->fd < 0) {
        snprintf(message, bytes, "no file in memory: %s", strerror(errno));
        return false;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", module->fd);
    module->handle = load(path, message, bytes);
    if (module->handle)
        return true;
    close(module->fd);
    module->fd = -1;
    return false;
}

/* The folder can go as soon as the object is loaded. */
static bool load_from_folder(int place, const pm_bytes *object, pm_module *module, char *message,
                             size_t bytes)
{
    char folder[PM_PRIVATE_FOLDER], path[PM_PRIVATE_FOLDER + 16];
    if (!pm_private_folder_make(place, folder))
        return false;
    snprintf(path, sizeof path, "%s/kernel.so", folder);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool written = fd >= 0 && pm_bytes_write(fd, object->data, object->size);
    if (fd >= 0)
        close(fd);
    /* the loader takes a path without a slash for a library's name; this one has one */
    module->handle = written ? load(path, message, bytes) : NULL;
    pm_private_folder_remove(folder);
    return module->handle != NULL;
}

/* Whether the place is to blame, and not the object. */
static bool is_of_the_place(const char *message)
{
    return strstr(message, "no file in memory") || strstr(message, "failed to map segment") ||
           strstr(message, "cannot open shared object file: No such file or directory") == message;
}

static parmap_status fail_loading(const pm_module *module, const char *message)
{
    const char *undefined = strstr(message, "undefined symbol: ");
    if (undefined)
        return pm_fail(
            PARMAP_BAD_DATA,
            "%s needs %s, which neither parmap nor the libraries that it was linked with "
            "have; link it with the library, or correct the name",
            module->name, undefined + strlen("undefined symbol: "));
    if (strstr(message, "cannot open shared object file"))
        return pm_fail(PARMAP_SYSTEM,
                       "%s needs a library that is not here: %s; install it, or add its folder to "
                       "LD_LIBRARY_PATH",
                       module->name, message);
    return pm_fail(PARMAP_SYSTEM, "%s cannot be loaded: %s; compile it again, on this machine",
                   module->name, message);
}

static parmap_status load_object(const pm_bytes *object, pm_module *module)
{
    char message[1024] = "";
    bool loaded = load_from_memory(object, module, message, sizeof message);
    if (!loaded && is_of_the_place(message))
        pm_log_detail("%s is loaded from a file: %s", module->name, message);
    for (int place = 0; !loaded && is_of_the_place(message) && place < PM_PRIVATE_PLACES; place++)
        loaded = load_from_folder(place, object, module, message, sizeof message);
    return loaded ? PARMAP_OK : fail_loading(module, message);
}

/* ---- looking through what it has ------------------------------------------------------------- */

static parmap_status fail_abi(const char *name, int abi)
{
    return pm_fail(PARMAP_BAD_DATA,
                   "%s was compiled with another parmap.h (ABI %d, this parmap has %d); compile it "
                   "again",
                   name, abi, PARMAP_KERNEL_ABI);
}

static parmap_status fail_damaged(const char *name, const char *what)
{
    return pm_fail(PARMAP_BAD_DATA, "%s is damaged: %s; compile it again", name, what);
}

#if defined(__x86_64__)
enum { UNITS = PARMAP_VECTORS };
#else
enum { UNITS = 1 };
#endif

/* Tables have all their entries or none, up to the vector units that this architecture has. */
static bool is_whole(parmap_loop *const *table)
{
    int count = 0;
    for (int unit = 0; unit < UNITS; unit++)
        count += table[unit] != NULL;
    return count == 0 || count == UNITS;
}

static bool is_whole_of_arrays(parmap_array_loop *const *table)
{
    int count = 0;
    for (int unit = 0; unit < UNITS; unit++)
        count += table[unit] != NULL;
    return count == 0 || count == UNITS;
}

static parmap_status check_code(const char *file, const parmap_kernel *kernel,
                                const parmap_code *code)
{
    pm_layout layout;
    if (!code)
        return fail_damaged(file, "a kernel has a type without code");
    const bool loops = code->loops[0] || code->array_loops[0] || code->checked_loops[0] ||
                       code->checked_array_loops[0];
    if (loops == (code->item != NULL))
        return fail_damaged(file, "a kernel has a type without a function, or with two kinds");
    if (!is_whole(code->loops) || !is_whole(code->checked_loops) ||
        !is_whole_of_arrays(code->array_loops) || !is_whole_of_arrays(code->checked_array_loops) ||
        (code->loops[0] && !code->array_loops[0]) ||
        (code->checked_loops[0] && !code->checked_array_loops[0]))
        return fail_damaged(file, "a kernel has a part of its loops only");
    if (pm_layout_read(code->input, code->input_layout, &layout) != PARMAP_OK ||
        pm_layout_read(code->result, code->result_layout, &layout) != PARMAP_OK)
        return pm_fail(PARMAP_BAD_DATA, "%s: kernel %s: %s", file, kernel->name, parmap_message());
    return PARMAP_OK;
}

static parmap_status check_kernel(const char *file, const parmap_kernel *kernel)
{
    if (!kernel)
        return fail_damaged(file, "a kernel is NULL");
    if (kernel->abi != PARMAP_KERNEL_ABI)
        return fail_abi(file, kernel->abi);
    if (!pm_is_name(kernel->name, NAME_MOST + 1))
        return fail_damaged(file, "a kernel has no name");
    if (!kernel->variants || kernel->variant_count < 1 || kernel->variant_count > VARIANTS_MOST)
        return fail_damaged(file, "a kernel has no types");
    if (!isfinite(kernel->cost_s) || kernel->cost_s < 0)
        return fail_damaged(file, "a kernel's cost is no time");
    for (int i = 0; i < kernel->variant_count; i++)
        PM_TRY(check_code(file, kernel, kernel->variants[i].code));
    if (pm_parameters_check(kernel) != PARMAP_OK)
        return pm_fail(PARMAP_BAD_DATA, "%s: %s", file, parmap_message());
    return PARMAP_OK;
}

static parmap_status check_exports(pm_module *module, const parmap_exports *exports)
{
    if (exports->abi != PARMAP_KERNEL_ABI)
        return fail_abi(module->name, exports->abi);
    if (!exports->kernels || exports->count < 1 || exports->count > KERNELS_MOST)
        return fail_damaged(module->name, "its list of kernels is no list");
    module->count = exports->count;
    module->kernels = exports->kernels;
    for (int i = 0; i < exports->count; i++) {
        PM_TRY(check_kernel(module->name, exports->kernels[i]));
        for (int j = 0; j < i; j++)
            if (strcmp(exports->kernels[j]->name, exports->kernels[i]->name) == 0)
                return pm_fail(PARMAP_BAD_DATA, "%s has two kernels %s; rename one", module->name,
                               exports->kernels[i]->name);
    }
    return PARMAP_OK;
}

static parmap_status find_exports(pm_module *module)
{
    const parmap_exports *exports = dlsym(module->handle, exports_name);
    if (!exports)
        return pm_fail(PARMAP_BAD_DATA,
                       "%s offers no kernels; write PARMAP_EXPORT(&NAME); at the end of its source "
                       "and compile it again",
                       module->name);
    return check_exports(module, exports);
}

parmap_status pm_module_open(const char *name, const pm_bytes *object, pm_module *module)
{
    *module = (pm_module){.fd = -1};
    pm_copy_line(module->name, sizeof module->name, name);
    PM_TRY(check_object(module->name, object));
    PM_TRY(load_object(object, module));
    const parmap_status status = find_exports(module);
    if (status != PARMAP_OK)
        pm_module_close(module);
    return status;
}

/* Some objects stay loaded (those of C++ now and then).  The loader takes whatever has their path
 * later for them, so the number of their file is not given back. */
void pm_module_close(pm_module *module)
{
    char path[64];
    if (!module->handle)
        return;
    dlclose(module->handle);
    if (module->fd >= 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", module->fd);
        void *still = dlopen(path, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
        if (still)
            dlclose(still);
        else
            close(module->fd);
    }
    *module = (pm_module){.fd = -1};
}

/* ---- choosing -------------------------------------------------------------------------------- */

/* "cube, gauss and root" */
static void list_names(const pm_module *module, char *text, size_t bytes)
{
    size_t at = 0;
    text[0] = '\0';
    for (int i = 0; i < module->count && at < bytes; i++)
        at += (size_t)snprintf(text + at, bytes - at, "%s%s",
                               i == 0                   ? ""
                               : i == module->count - 1 ? " and "
                                                        : ", ",
                               module->kernels[i]->name);
}

parmap_status pm_module_kernel(const pm_module *module, const char *name,
                               const parmap_kernel **kernel)
{
    char names[512];
    for (int i = 0; i < module->count; i++) {
        *kernel = module->kernels[i];
        if (name ? strcmp((*kernel)->name, name) == 0 : module->count == 1)
            return PARMAP_OK;
    }
    *kernel = NULL;
    list_names(module, names, sizeof names);
    if (!name)
        return pm_fail(PARMAP_USAGE, "%s has %d kernels: %s; choose one with --kernel",
                       module->name, module->count, names);
    return pm_fail(PARMAP_USAGE, "%s has no kernel %s; it has %s", module->name, name, names);
}
