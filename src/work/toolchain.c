/* Looking for the compiler and the headers.  Never for this processor only: the nodes that load the
 * kernel may have another. */
#include "work/toolchain.h"

#include "base/log.h"

#include "build_info.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Hidden symbols can be inlined in spite of -fPIC, and never meet those of the program. */
static const char common_flags[] = "-O3 -fPIC -shared -fvisibility=hidden " PM_EXACT_FLAGS;

static const struct {
    const char *what;
    const char *variables[2]; /* the first is ours */
    const char *names[3];
    const char *standard;
    const char *package;
} languages[] = {
    [PM_LANGUAGE_C] = {"C",
                       {"PARMAP_CC", "CC"},
                       {"cc", "gcc", "clang"},
                       /* or a mistyped name would be found by the loader only, without its place */
                       "-std=gnu11 -Werror=implicit-function-declaration",
                       "gcc"},
    [PM_LANGUAGE_CXX] =
        {"C++", {"PARMAP_CXX", "CXX"}, {"c++", "g++", "clang++"}, "-std=gnu++17", "g++"},
};

/* ---- words ----------------------------------------------------------------------------------- */

static bool add_word(pm_words *words, char *word)
{
    if (words->count == PM_TOOLCHAIN_WORDS)
        return false;
    words->words[words->count++] = word;
    words->words[words->count] = NULL;
    return true;
}

/* Cuts a text at its blanks, in place. */
static bool add_words(pm_words *words, char *text)
{
    char *rest = NULL;
    for (char *word = strtok_r(text, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest))
        if (!add_word(words, word))
            return false;
    return true;
}

/* ---- programs -------------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* The path of a program, as a shell finds it, but never by a relative folder in PATH. */
static bool find_program(const char *name, char path[PATH_MAX])
{
    const char *at = getenv("PATH");
    if (strchr(name, '/'))
        return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX && is_program(path);
    while (at && *at) {
        const size_t length = strcspn(at, ":");
        if (*at == '/' && snprintf(path, PATH_MAX, "%.*s/%s", (int)length, at, name) < PATH_MAX &&
            is_program(path))
            return true;
        at += length + (at[length] == ':');
    }
    path[0] = '\0';
    return false;
}

/* By the words of a variable; *good = whether its first is a program. */
static parmap_status take_variable(pm_toolchain *t, const char *variable, bool *good)
{
    const char *value = getenv(variable);
    *good = false;
    if (!value || value[strspn(value, " \t\n")] == '\0')
        return PARMAP_OK;
    t->command.count = 0;
    if (snprintf(t->text, sizeof t->text, "%s", value) >= (int)sizeof t->text ||
        !add_words(&t->command, t->text))
        return pm_fail(PARMAP_USAGE, "%s is too long; name the compiler and a few options",
                       variable);
    *good = find_program(t->command.words[0], t->compiler);
    t->variable = variable;
    return PARMAP_OK;
}

static bool take_from_path(pm_toolchain *t)
{
    t->variable = NULL;
    t->command.count = 0;
    for (int i = 0; i < 3; i++)
        if (find_program(languages[t->language].names[i], t->compiler))
            return add_word(&t->command, t->compiler);
    return false;
}

static parmap_status find_compiler(pm_toolchain *t)
{
    const char *const *variables = languages[t->language].variables;
    bool good;
    PM_TRY(take_variable(t, variables[0], &good));
    if (!good && t->variable)
        return pm_fail(PARMAP_USAGE,
                       "%s=%s: there is no program %s; name a %s compiler, or unset %s",
                       variables[0], getenv(variables[0]), t->command.words[0],
                       languages[t->language].what, variables[0]);
    if (!good)
        PM_TRY(take_variable(t, variables[1], &good));
    if (!good && t->variable)
        pm_log_detail("%s=%s: there is no program %s", variables[1], getenv(variables[1]),
                      t->command.words[0]);
    if (good || take_from_path(t)) {
        t->command.words[0] = t->compiler;
        return PARMAP_OK;
    }
    return pm_fail(PARMAP_SYSTEM,
                   "no %s compiler was found; install %s, or set %s to one, or make the .so with "
                   "parmap compile where there is one and give that",
                   languages[t->language].what, languages[t->language].package, variables[0]);
}

/* ---- headers --------------------------------------------------------------------------------- */

static bool has_headers(pm_toolchain *t, const char *folder)
{
    char header[PATH_MAX], real[PATH_MAX];
    struct stat info;
    return realpath(folder, real) &&
           snprintf(header, sizeof header, "%s/parmap.h", real) < (int)sizeof header &&
           stat(header, &info) == 0 &&
           snprintf(t->include, sizeof t->include, "-I%s", real) < (int)sizeof t->include;
}

/* Beside the folder of the program, or of the one above, for programs of the tests. */
static void find_beside_program(pm_toolchain *t)
{
    char program[PATH_MAX], folder[PATH_MAX + sizeof PM_BIN_TO_INCLUDE];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    for (int level = 0; level < 2; level++) {
        char *slash = strrchr(program, '/');
        if (!slash)
            return;
        *slash = '\0';
        snprintf(folder, sizeof folder, "%s/%s", program, PM_BIN_TO_INCLUDE);
        if (has_headers(t, folder))
            return;
    }
}

static parmap_status find_headers(pm_toolchain *t)
{
    const char *given = getenv("PARMAP_INCLUDE");
    if (!given || !*given)
        find_beside_program(t);
    else if (!has_headers(t, given))
        return pm_fail(PARMAP_USAGE, "PARMAP_INCLUDE=%s: there is no parmap.h; name its folder",
                       given);
    return PARMAP_OK;
}

parmap_status pm_toolchain_find(pm_language language, pm_toolchain *toolchain)
{
    memset(toolchain, 0, sizeof *toolchain);
    toolchain->language = language;
    PM_TRY(find_compiler(toolchain));
    PM_TRY(find_headers(toolchain));
    snprintf(toolchain->flags, sizeof toolchain->flags, "%s %s", languages[language].standard,
             common_flags);
    if (!add_words(&toolchain->command, toolchain->flags) ||
        (toolchain->include[0] && !add_word(&toolchain->command, toolchain->include)))
        return pm_fail(PARMAP_USAGE, "%s has too many words; name the compiler and a few options",
                       toolchain->variable);
    return PARMAP_OK;
}

/* ---- identity -------------------------------------------------------------------------------- */

/* A word; of a program, of which "ccache gcc" has two, also what the file looks like. */
static void write_word(FILE *text, const char *word, bool first)
{
    char path[PATH_MAX];
    struct stat info;
    fprintf(text, "word %s\n", word);
    if ((first || word[0] != '-') && find_program(word, path) && stat(path, &info) == 0)
        fprintf(text, "program %s %lld %lld.%09ld\n", path, (long long)info.st_size,
                (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

/* What GCC and Clang look at besides. */
static void write_environment(FILE *text)
{
    static const char *const names[] = {
        "CPATH",         "C_INCLUDE_PATH",  "CPLUS_INCLUDE_PATH",  "LIBRARY_PATH",
        "COMPILER_PATH", "GCC_EXEC_PREFIX", "CCC_OVERRIDE_OPTIONS"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value)
            fprintf(text, "variable %s=%s\n", names[i], value);
    }
}

char *pm_toolchain_identity(const pm_toolchain *toolchain)
{
    char *text = NULL;
    size_t size = 0;
    struct utsname machine;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    fprintf(stream, "abi %d\nmachine %s\n", PARMAP_KERNEL_ABI,
            uname(&machine) == 0 ? machine.machine : "");
    for (int i = 0; i < toolchain->command.count; i++)
        write_word(stream, toolchain->command.words[i], i == 0);
    write_environment(stream);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}
