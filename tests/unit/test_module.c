/* TEST seconds=180 */
/* Loading kernels: from memory, from a file where that is not allowed, and all that is no kernel
 * file.  The objects are compiled here. */
#include "work/compiler.h"
#include "work/kernel_file.h"
#include "work/module.h"
#include "work/parameters.h"

#include "check.h"
#include "unit/files.h"

#include <elf.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* ---- a system that has no files in memory ---------------------------------------------------- */

static int refuse_with;      /* errno of memfd_create; 0 = it works */
static unsigned refuse_flag; /* a flag that it does not know */

int memfd_create(const char *name, unsigned flags)
{
    if (refuse_with != 0 || (flags & refuse_flag) != 0) {
        errno = refuse_with ? refuse_with : EINVAL;
        return -1;
    }
    return (int)syscall(SYS_memfd_create, name, flags);
}

/* ---- objects --------------------------------------------------------------------------------- */

static const char three_kernels[] =
    "#include <parmap.h>\n"
    "#define LIST(PARAMETER) PARAMETER(int32_t, factor, 3, 1, 100, \"times\")\n"
    "PARMAP_PARAMETERS(times_parameters, LIST);\n"
    "PARMAP_KERNEL(times, int64_t, x, int64_t) { return factor * x; }\n"
    "PARMAP_DOMAIN(times, int64_t, -1000, 1000, .parameters = "
    "PARMAP_PARAMETERS_OF(times_parameters));\n"
    "PARMAP_KERNEL_CAN_FAIL(picky, double, x, double, y)\n"
    "{ if (x < 0) return parmap_fail(\"%g is too small\", x); *y = 2 * x; return PARMAP_OK; }\n"
    "PARMAP_DOMAIN(picky, double, -1000, 1000);\n"
    "PARMAP_KERNEL(cube, int64_t, x, int64_t) { return x * x * x; }\n"
    "PARMAP_DOMAIN(cube, int64_t, -2097152, 2097151);\n"
    "PARMAP_EXPORT(&times, &picky, &cube);\n";

static pm_bytes compile(const char *text)
{
    pm_compiled compiled;
    pm_bytes object;
    const parmap_status status = pm_compile(&(pm_compile_source){.text = text}, &compiled);
    if (status != PARMAP_OK)
        puts(compiled.said ? compiled.said : parmap_message());
    CHECK_INT(status, PARMAP_OK);
    object = compiled.object;
    compiled.object = (pm_bytes){NULL, 0};
    pm_compiled_free(&compiled);
    return object;
}

static void check_refused_bytes(const pm_bytes *object, parmap_status expected, const char *part)
{
    pm_module module;
    const int files = files_in("/proc/self/fd");
    CHECK_INT(pm_module_open("mine.so", object, &module), expected);
    CHECK_HOLDS(parmap_message(), "mine.so");
    CHECK_HOLDS(parmap_message(), part);
    CHECK(module.handle == NULL);
    pm_module_close(&module);
    CHECK_INT(files_in("/proc/self/fd"), files);
}

static void check_refused(const char *text, parmap_status expected, const char *part)
{
    pm_bytes object = compile(text);
    check_refused_bytes(&object, expected, part);
    pm_bytes_free(&object);
}

/* The only kernel of the module, over a few inputs. */
static void check_loop(const parmap_kernel *kernel, int64_t factor)
{
    const int64_t inputs[] = {-1000, -7, 0, 1, 11, 999, 1000};
    int64_t results[7] = {0};
    for (int unit = 0; unit < PARMAP_VECTORS; unit++) {
        parmap_array_loop *loop = kernel->variants[0].code->array_loops[unit];
        if (unit > PARMAP_VECTOR_BASELINE || !loop)
            break; /* this processor may not have the others */
        CHECK_INT(loop(inputs, results, 7), 7);
        for (int i = 0; i < 7; i++)
            CHECK_INT(results[i], factor * inputs[i]);
    }
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void kernels_of_an_object(void)
{
    pm_bytes object = compile(three_kernels);
    pm_module module;
    const parmap_kernel *kernel;
    double y = 0, x = 21;
    CHECK_INT(pm_module_open("mine.c", &object, &module), PARMAP_OK);
    pm_bytes_free(&object); /* not needed any more */
    CHECK_INT(module.count, 3);
    CHECK_INT(pm_module_kernel(&module, "times", &kernel), PARMAP_OK);
    CHECK_TEXT(kernel->name, "times");
    check_loop(kernel, 3);
    CHECK_INT(pm_module_kernel(&module, "picky", &kernel), PARMAP_OK);
    CHECK_INT(kernel->variants[0].code->item(&x, &y), PARMAP_OK);
    CHECK(y == 42);
    x = -1;
    CHECK_INT(parmap_fail("another message"), PARMAP_TASK_FAILED);
    CHECK_INT(kernel->variants[0].code->item(&x, &y), PARMAP_TASK_FAILED);
    CHECK_HOLDS(parmap_message(), "-1 is too small"); /* this program's own message */
    CHECK_INT(pm_module_kernel(&module, NULL, &kernel), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "times, picky and cube");
    CHECK_HOLDS(parmap_message(), "--kernel");
    CHECK_INT(pm_module_kernel(&module, "cub", &kernel), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "mine.c has no kernel cub");
    CHECK(kernel == NULL);
    pm_module_close(&module);
    pm_module_close(&module);
}

static const char *numbered(char text[1000], int number)
{
    snprintf(text, 1000,
             "#include <parmap.h>\n"
             "PARMAP_KERNEL(same, int64_t, x, int64_t) { return %d * x; }\n"
             "PARMAP_DOMAIN(same, int64_t, -1000, 1000, .version = %d);\n"
             "PARMAP_EXPORT(&same);\n",
             number, number);
    return text;
}

static void check_number(const pm_module *module, int number)
{
    const parmap_kernel *kernel;
    CHECK_INT(pm_module_kernel(module, NULL, &kernel), PARMAP_OK);
    CHECK_INT(kernel->version, number);
    check_loop(kernel, number);
}

/* The loader knows an object by the path of its file, which is the same from one to the next. */
static void one_after_another(void)
{
    char text[1000];
    pm_module module;
    const int files = files_in("/proc/self/fd");
    for (int i = 0; i < 20; i++) {
        pm_bytes object = compile(numbered(text, i % 5));
        CHECK_INT(pm_module_open("mine", &object, &module), PARMAP_OK);
        check_number(&module, i % 5);
        pm_module_close(&module);
        pm_bytes_free(&object);
    }
    CHECK_INT(files_in("/proc/self/fd"), files);
}

/* An object that the loader never lets go: it must not be found in place of the next. */
static void one_that_stays(void)
{
    char text[1000];
    pm_module module;
    setenv("PARMAP_CC", "cc -Wl,-z,nodelete", 1);
    for (int i = 1; i <= 3; i++) {
        pm_bytes object = compile(numbered(text, i));
        CHECK_INT(pm_module_open("mine", &object, &module), PARMAP_OK);
        check_number(&module, i);
        pm_module_close(&module);
        pm_bytes_free(&object);
    }
    unsetenv("PARMAP_CC");
}

static void several_at_once(void)
{
    char text[1000];
    pm_module modules[5];
    for (int i = 0; i < 5; i++) {
        pm_bytes object = compile(numbered(text, i));
        CHECK_INT(pm_module_open("mine", &object, &modules[i]), PARMAP_OK);
        pm_bytes_free(&object);
    }
    for (int i = 0; i < 5; i++)
        check_number(&modules[i], i);
    for (int i = 0; i < 5; i++)
        pm_module_close(&modules[i]);
}

static void without_files_in_memory(void)
{
    static const int errors[] = {ENOSYS, EACCES, EPERM};
    char text[1000], place[4200];
    pm_module module;
    CHECK(getcwd(place, 4096) != NULL);
    strcat(place, "/tmp");
    mkdir(place, 0755);
    setenv("TMPDIR", place, 1);
    for (int i = 0; i < 4; i++) {
        pm_bytes object = compile(numbered(text, i));
        refuse_with = i < 3 ? errors[i] : 0;
        refuse_flag = 0x10; /* of Linux 6.3 */
        CHECK_INT(pm_module_open("mine", &object, &module), PARMAP_OK);
        CHECK_INT(module.fd >= 0, i == 3);
        CHECK_INT(files_in("tmp"), 0);
        check_number(&module, i);
        pm_module_close(&module);
        setenv("TMPDIR", "/no/such/folder", 1);
        CHECK_INT(pm_module_open("mine", &object, &module), PARMAP_OK);
        check_number(&module, i);
        pm_module_close(&module);
        setenv("TMPDIR", place, 1);
        pm_bytes_free(&object);
    }
    refuse_with = 0;
    refuse_flag = 0;
}

/* ---- what is none ---------------------------------------------------------------------------- */

static void other_files(void)
{
    pm_bytes object;
    write_file("text.so",
               "a text, long enough to be taken for the head of a shared object......\n");
    write_file("empty.so", "");
    CHECK_INT(pm_module_read("text.so", &object), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "text.so is no shared object");
    CHECK_INT(pm_module_read("empty.so", &object), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "empty.so is no shared object");
    CHECK_INT(pm_module_read("missing.so", &object), PARMAP_NO_INPUT);
    CHECK_INT(pm_module_read(".", &object), PARMAP_BAD_DATA);
    unlink("pipe.so");
    CHECK_INT(mkfifo("pipe.so", 0600), 0);
    CHECK_INT(pm_module_read("pipe.so", &object), PARMAP_BAD_DATA);
    CHECK_INT(truncate("empty.so", ((off_t)1 << 30) + 1), 0);
    CHECK_INT(pm_module_read("empty.so", &object), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "1073741825 bytes");
    CHECK(object.data == NULL);
}

static void programs_and_parts(void)
{
    pm_bytes object;
    if (pm_module_read("/proc/self/exe", &object) == PARMAP_OK)
        check_refused_bytes(&object, PARMAP_SYSTEM, "cannot be loaded");
    pm_bytes_free(&object);
    write_file("part.c", "int f(void) { return 1; }\n");
    CHECK_INT(system("cc -c part.c -o part.so"), 0);
    CHECK_INT(pm_module_read("part.so", &object), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "-shared");
}

static void cut_short(void)
{
    pm_bytes object = compile(three_kernels);
    for (size_t size = 0; size < object.size; size += 61)
        check_refused_bytes(&(pm_bytes){object.data, size}, PARMAP_BAD_DATA,
                            size < EI_NIDENT ? "no shared object" : "cut short");
    check_refused_bytes(&(pm_bytes){object.data, object.size - 1}, PARMAP_BAD_DATA, "cut short");
    pm_bytes_free(&object);
}

static void other_machines(void)
{
    pm_bytes object = compile(three_kernels);
    Elf64_Ehdr *head = object.data;
    const Elf64_Ehdr good = *head;
    head->e_machine = good.e_machine == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
    check_refused_bytes(&object, PARMAP_BAD_DATA,
                        good.e_machine == EM_AARCH64 ? "for x86-64" : "for aarch64");
    head->e_machine = 0x7777;
    check_refused_bytes(&object, PARMAP_BAD_DATA, "another machine");
    *head = good;
    head->e_ident[EI_CLASS] = ELFCLASS32;
    check_refused_bytes(&object, PARMAP_BAD_DATA, "another kind");
    *head = good;
    head->e_ident[EI_DATA] ^= 3;
    check_refused_bytes(&object, PARMAP_BAD_DATA, "another kind");
    pm_bytes_free(&object);
}

static void missing_things(void)
{
    pm_bytes library;
    check_refused("int f(void) { return 1; }", PARMAP_BAD_DATA, "PARMAP_EXPORT");
    check_refused("int not_to_be_found(void); int f(void) { return not_to_be_found(); }",
                  PARMAP_BAD_DATA, "needs not_to_be_found,");
    library = compile("int here(void) { return 1; }");
    write_bytes("libgone.so", library.data, library.size);
    setenv("PARMAP_CC", "cc -L. -Wl,--no-as-needed -lgone", 1);
    check_refused("int f(void) { return 2; }", PARMAP_SYSTEM, "libgone.so");
    CHECK_HOLDS(parmap_message(), "LD_LIBRARY_PATH");
    unsetenv("PARMAP_CC");
    pm_bytes_free(&library);
}

/* A list of kernels of an author who does not use PARMAP_EXPORT. */
static void check_list(const char *definitions, parmap_status expected, const char *part)
{
    char text[4000];
    snprintf(text, sizeof text,
             "#include <parmap.h>\n"
             "PARMAP_KERNEL(good, int64_t, x, int64_t) { return x; }\n"
             "PARMAP_DOMAIN(good, int64_t, PARMAP_DOMAIN_INT64);\n"
             "__attribute__((unused)) static const parmap_kernel *const list[] = {&good, 0};\n%s",
             definitions);
    check_refused(text, expected, part);
}

static void other_versions(void)
{
    check_list("PARMAP_API const parmap_exports parmap_kernels = {3, 1, list};", PARMAP_BAD_DATA,
               "ABI 3, this parmap has 4");
    CHECK_HOLDS(parmap_message(), "compile it again");
    check_list("PARMAP_API const int parmap_kernels = 99;", PARMAP_BAD_DATA, "ABI 99");
    check_list("static parmap_kernel old = {.abi = 2, .name = \"old\"};\n"
               "PARMAP_EXPORT(&good, &old);",
               PARMAP_BAD_DATA, "ABI 2");
}

static void damaged_lists(void)
{
    static const char *const counts[] = {"0", "-1", "1000000000", "2"};
    char text[200];
    for (int i = 0; i < 4; i++) {
        snprintf(text, sizeof text,
                 "PARMAP_API const parmap_exports parmap_kernels = {PARMAP_KERNEL_ABI, %s, list};",
                 counts[i]);
        check_list(text, PARMAP_BAD_DATA, "damaged");
    }
    check_list("PARMAP_API const parmap_exports parmap_kernels = {PARMAP_KERNEL_ABI, 1, 0};",
               PARMAP_BAD_DATA, "damaged");
    check_list("PARMAP_EXPORT(&good, &good);", PARMAP_BAD_DATA, "two kernels good");
}

static void damaged_kernels(void)
{
    static const struct {
        const char *change, *part;
    } cases[] = {
        {"bad.name = 0", "no name"},
        {"bad.name = \"\"", "no name"},
        {"bad.name = \"two words\"", "no name"},
        {"bad.name = \"1st\"", "no name"},
        {"bad.name = \"n23456789_123456789_123456789_123456789_123456789_123456789_1234\"",
         "no name"},
        {"bad.variants = 0", "no types"},
        {"bad.variant_count = 0", "no types"},
        {"bad.variant_count = -1", "no types"},
        {"bad.variant_count = 1000000", "no types"},
        {"bad.cost_s = -1", "cost"},
        {"bad.cost_s = __builtin_nan(\"\")", "cost"},
        {"variant.code = 0", "without code"},
        {"code.array_loops[0] = code.loops[0] = 0", "without a function"},
        {"code.item = (parmap_item *)8", "two kinds"},
        {"code.input = (parmap_type)99", "kernel bad"},
        {"code.result = PARMAP_RECORD", "kernel bad"},
        {"bad.parameter_count = 1", "parameters"},
        {"bad.parameter_count = -1", "parameters"},
        {"bad.parameter_count = 1000000", "parameters"},
        {"bad.parameters = parameters; bad.parameter_count = 1; parameters[0].value = 0", "place"},
        {"bad.parameters = parameters; bad.parameter_count = 1; parameters[0].low = 1.5",
         "default"},
        {"bad.parameters = parameters; bad.parameter_count = 2", "two parameters p"},
    };
    enum { CASES = sizeof cases / sizeof cases[0] };
    char text[6000];
    size_t at = (size_t)snprintf(
        text, sizeof text,
        "#include <parmap.h>\n#include <stdlib.h>\n"
        "PARMAP_KERNEL(good, int64_t, x, int64_t) { return x; }\n"
        "PARMAP_DOMAIN(good, int64_t, PARMAP_DOMAIN_INT64);\n"
        "static double p = 1;\n"
        "static parmap_parameter parameters[] = {\n"
        "    {\"p\", PARMAP_FLOAT64, &p, 0, 2, 0}, {\"p\", PARMAP_FLOAT64, &p, 0, 2, 0}};\n"
        "static parmap_code code;\n"
        "static parmap_variant variant;\n"
        "static parmap_kernel bad;\n"
        "__attribute__((constructor)) static void begin(void)\n"
        "{\n"
        "    code = good_code; variant = good.variants[0]; variant.code = &code;\n"
        "    bad = good; bad.name = \"bad\"; bad.variants = &variant;\n"
        "    switch (atoi(getenv(\"TEST_CASE\"))) {\n");
    for (int i = 0; i < CASES; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "    case %d: %s; break;\n", i,
                               cases[i].change);
    snprintf(text + at, sizeof text - at, "    }\n}\nPARMAP_EXPORT(&good, &bad);\n");
    pm_bytes object = compile(text);
    for (int i = 0; i < CASES; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        setenv("TEST_CASE", number, 1);
        check_refused_bytes(&object, PARMAP_BAD_DATA, cases[i].part);
    }
    pm_bytes_free(&object);
}

/* ---- by name --------------------------------------------------------------------------------- */

static void names_of_files(void)
{
    static const char *const files[] = {"a.so", "a.c", "b/c.cc", "x.cpp", "y.cxx", "/a/b.so"};
    static const char *const others[] = {"x*x", "x", "", ".so", "a.so.1", "x.y", "a.c/b", "x/2.0"};
    pm_compiled compiled;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        CHECK(pm_is_kernel_file(files[i]));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CHECK(!pm_is_kernel_file(others[i]));
    CHECK_INT(pm_kernel_file_read("x*x", &compiled), PARMAP_USAGE);
    pm_compiled_free(&compiled);
}

static void files(void)
{
    static const char *const names[] = {"mine.c", "mine.so"};
    write_file("mine.c", three_kernels);
    pm_bytes object = compile(three_kernels);
    write_bytes("mine.so", object.data, object.size);
    for (int i = 0; i < 2; i++) {
        pm_compiled compiled;
        pm_module module;
        CHECK_INT(pm_kernel_file_read(names[i], &compiled), PARMAP_OK);
        CHECK_INT(pm_module_open(names[i], &compiled.object, &module), PARMAP_OK);
        CHECK_INT(module.count, 3);
        pm_module_close(&module);
        pm_compiled_free(&compiled);
    }
    pm_bytes_free(&object);
}

static void parameters(void)
{
    pm_bytes object = compile(three_kernels);
    pm_module modules[2]; /* as on two ranks */
    const parmap_kernel *kernel;
    static pm_parameters given;
    for (int i = 0; i < 2; i++)
        CHECK_INT(pm_module_open("mine", &object, &modules[i]), PARMAP_OK);
    CHECK_INT(pm_module_kernel(&modules[0], "times", &kernel), PARMAP_OK);
    CHECK_INT(pm_parameters_read(kernel, (const char *[]){"factor=7"}, 1, &given), PARMAP_OK);
    check_loop(kernel, 3);
    CHECK_INT(pm_module_kernel(&modules[1], "times", &kernel), PARMAP_OK);
    CHECK_INT(pm_parameters_apply(kernel, &given), PARMAP_OK);
    check_loop(kernel, 7);
    CHECK_INT(pm_module_kernel(&modules[0], "times", &kernel), PARMAP_OK);
    check_loop(kernel, 3); /* each has its own */
    for (int i = 0; i < 2; i++)
        pm_module_close(&modules[i]);
    pm_bytes_free(&object);
}

int main(void)
{
    static const check_case cases[] = {
        {"module: kernels of an object", kernels_of_an_object},
        {"module: one after another", one_after_another},
        {"module: one that stays", one_that_stays},
        {"module: several at once", several_at_once},
        {"module: without files in memory", without_files_in_memory},
        {"module: other files", other_files},
        {"module: programs and parts of them", programs_and_parts},
        {"module: cut short", cut_short},
        {"module: for other machines", other_machines},
        {"module: without something", missing_things},
        {"module: of other versions", other_versions},
        {"module: damaged lists", damaged_lists},
        {"module: damaged kernels", damaged_kernels},
        {"kernel files: names", names_of_files},
        {"kernel files: sources and objects", files},
        {"kernel files: parameters", parameters},
    };
    setenv("PARMAP_CACHE", "cache", 1);
    unsetenv("PARMAP_CC");
    unsetenv("CC");
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
