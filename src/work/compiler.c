/* One run of the compiler, from file to file: it is given a private folder for what it leaves
 * behind, and its list of the files that it has read is what the cache goes by. */
#include "work/compiler.h"

#include "base/child.h"
#include "base/log.h"
#include "base/stop.h"
#include "work/cache.h"
#include "work/toolchain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    LIMIT_S = 120,
    SAID_BYTES = 64 << 10,
    SOURCE_MOST = 16 << 20,
    OBJECT_MOST = 128 << 20,
    LIST_MOST = 1 << 20,
    NAME_BYTES = PM_PRIVATE_FOLDER + 16
};

typedef struct job {
    const pm_compile_source *source;
    pm_toolchain toolchain;
    char *key;
    char folder[PM_PRIVATE_FOLDER];
    char object[NAME_BYTES], list[NAME_BYTES], text[NAME_BYTES], tmpdir[NAME_BYTES];
    double began_s; /* by the clock of files */
} job;

/* ---- names ----------------------------------------------------------------------------------- */

static bool ends_in_one_of(const char *path, const char *const *ends)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    for (; dot && *ends; ends++)
        if (strcmp(dot, *ends) == 0)
            return true;
    return false;
}

static bool is_cxx_name(const char *path)
{
    return ends_in_one_of(path, (const char *const[]){".cc", ".cpp", ".cxx", NULL});
}

bool pm_is_source_name(const char *path)
{
    return is_cxx_name(path) || ends_in_one_of(path, (const char *const[]){".c", NULL});
}

/* What is compiled, in messages. */
static const char *name_of(const pm_compile_source *source)
{
    return source->path ? source->path : "the formula";
}

/* ---- the key of the cache -------------------------------------------------------------------- */

/* A file's content is in the list of what was read; its name, and where it is looked up from, are
 * here. */
static char *make_key(const job *j)
{
    char *identity = pm_toolchain_identity(&j->toolchain), *key = NULL;
    char *here = realpath(".", NULL),
         *path = j->source->path ? realpath(j->source->path, NULL) : NULL;
    const bool known = identity && here && (path || !j->source->path);
    int length = -1;
    if (known && path)
        length = asprintf(&key, "%sfolder %s\nfile %s\nnamed %s\n", identity, here, path,
                          j->source->path);
    else if (known)
        length = asprintf(&key, "%stext %s", identity, j->source->text);
    free(identity);
    free(here);
    free(path);
    return length < 0 ? NULL : key;
}

/* ---- the list of what was read --------------------------------------------------------------- */

/* One path of a rule for make, unquoted in place; *at moves behind it.  NULL at the end. */
static char *next_path(char **at)
{
    char *from = *at;
    while (*from == ' ' || *from == '\n' || (*from == '\\' && from[1] == '\n'))
        from++;
    char *const begin = from, *to = from;
    while (*from != '\0' && *from != ' ' && *from != '\n') {
        const bool quoted =
            (*from == '\\' && (from[1] == ' ' || from[1] == '#' || from[1] == '\\')) ||
            (*from == '$' && from[1] == '$');
        from += quoted;
        *to++ = *from++;
    }
    *at = from + (*from != '\0');
    *to = '\0';
    return to > begin ? begin : NULL;
}

/* The paths behind "target:", with a NULL behind them; they point into the rule. */
static char **read_rule(char *rule)
{
    size_t room = 64, count = 0;
    char **paths = malloc(room * sizeof *paths);
    char *at = strstr(rule, ": ");
    at = at ? at + 1 : rule + strlen(rule);
    while (paths && (paths[count] = next_path(&at))) {
        if (++count < room)
            continue;
        room *= 2;
        char **more = realloc(paths, room * sizeof *paths);
        if (!more)
            free(paths);
        paths = more;
    }
    return paths;
}

static void keep(const job *j, const pm_bytes *object)
{
    pm_bytes rule;
    if (!j->key)
        return;
    if (!j->source->path) {
        pm_cache_store(j->key, NULL, j->began_s, object);
        return;
    }
    if (pm_bytes_read(j->list, LIST_MOST, &rule) != PARMAP_OK)
        return;
    char **paths = read_rule(rule.data);
    if (paths && paths[0]) /* a compiler that lists nothing leaves nothing to go by */
        pm_cache_store(j->key, paths, j->began_s, object);
    free(paths);
    pm_bytes_free(&rule);
}

/* ---- the compiler ---------------------------------------------------------------------------- */

static bool write_text(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool good = fd >= 0 && pm_bytes_write(fd, text, strlen(text));
    return (fd < 0 || close(fd) == 0) && good;
}

/* The first place that takes a folder and the text. */
static parmap_status make_folder(job *j)
{
    int error = 0;
    for (int place = 0; place < PM_PRIVATE_PLACES; place++) {
        if (pm_private_folder_make(place, j->folder)) {
            snprintf(j->object, sizeof j->object, "%s/kernel.so", j->folder);
            snprintf(j->list, sizeof j->list, "%s/kernel.d", j->folder);
            snprintf(j->text, sizeof j->text, "%s/formula.c", j->folder);
            snprintf(j->tmpdir, sizeof j->tmpdir, "TMPDIR=%s", j->folder);
            if (!j->source->text || write_text(j->text, j->source->text))
                return PARMAP_OK;
        }
        error = errno;
        pm_private_folder_remove(j->folder);
    }
    return pm_fail(PARMAP_SYSTEM,
                   "cannot write a temporary file: %s; set TMPDIR to a folder with space",
                   strerror(error));
}

/* Ours, but in plain English, and with the private folder for what it writes. */
static char **make_environment(const job *j)
{
    static char english[] = "LC_ALL=C";
    size_t count = 0, to = 0;
    while (environ[count])
        count++;
    char **result = malloc((count + 3) * sizeof *result);
    for (size_t i = 0; result && i < count; i++)
        if (strncmp(environ[i], "TMPDIR=", 7) != 0 && strncmp(environ[i], "LC_ALL=", 7) != 0 &&
            strncmp(environ[i], "DEPENDENCIES_OUTPUT=", 20) != 0)
            result[to++] = environ[i];
    if (result) {
        result[to++] = english;
        result[to++] = (char *)j->tmpdir;
        result[to] = NULL;
    }
    return result;
}

/* The words of the command, up to its end. */
static void write_command(const job *j, char *path, char *words[PM_TOOLCHAIN_WORDS + 10])
{
    static char to[] = "-o", math[] = "-lm", list[] = "-MD", list_to[] = "-MF";
    int count = j->toolchain.command.count;
    memcpy(words, j->toolchain.command.words, sizeof words[0] * (size_t)count);
    if (j->source->path) {
        words[count++] = list;
        words[count++] = list_to;
        words[count++] = (char *)j->list;
    }
    words[count++] = to;
    words[count++] = (char *)j->object;
    words[count++] = path;
    words[count++] = math;
    words[count] = NULL;
}

/* ---- what became of it ----------------------------------------------------------------------- */

/* The first line that tells of an error in the file itself, else of any, else the first of all. */
static const char *first_error(const char *said, const char *path, int *length)
{
    const char *found = NULL;
    for (const char *line = said; *line; line += *length + (line[*length] == '\n')) {
        *length = (int)strcspn(line, "\n");
        const char *error = strstr(line, "error: ");
        if (!error || error > line + *length)
            continue;
        found = found ? found : line;
        if (path && strncmp(line, path, strlen(path)) == 0) {
            found = line;
            break;
        }
    }
    found = found ? found : said;
    *length = (int)strcspn(found, "\n");
    return found;
}

static parmap_status fail_compilation(const job *j, const char *said, int code)
{
    const char *compiler = j->toolchain.compiler;
    int length;
    const char *line = first_error(said, j->source->path, &length);
    if (length > 1000)
        length = 1000;
    if (length == 0)
        return pm_fail(
            PARMAP_SYSTEM, "%s ended with code %d and said nothing; set %s to another compiler",
            compiler, code, j->toolchain.language == PM_LANGUAGE_C ? "PARMAP_CC" : "PARMAP_CXX");
    if (!j->source->path)
        return pm_fail(PARMAP_USAGE, "%s does not take the formula: %.*s", compiler, length, line);
    if (strstr(said, "parmap.h: No such file") || strstr(said, "'parmap.h' file not found"))
        return pm_fail(PARMAP_SYSTEM,
                       "%s finds no parmap.h for %s; set PARMAP_INCLUDE to the folder of parmap's "
                       "headers",
                       compiler, j->source->path);
    const bool in_file = strncmp(line, j->source->path, strlen(j->source->path)) == 0;
    return pm_fail(PARMAP_BAD_DATA, "%s does not compile: %.*s; correct %s%s", j->source->path,
                   length, line, in_file ? "it there" : "the file",
                   !in_file && j->toolchain.variable ? ", or the variable that names the compiler"
                                                     : "");
}

static parmap_status judge(const job *j, const pm_child *child, const pm_child_end *end,
                           const char *said)
{
    const char *compiler = j->toolchain.compiler;
    if (end->error != 0)
        return pm_fail(PARMAP_SYSTEM, "cannot start %s: %s; set %s to a compiler that works here",
                       compiler, strerror(end->error),
                       j->toolchain.variable ? j->toolchain.variable : "PARMAP_CC");
    if (end->stopped)
        return pm_fail(PARMAP_STOPPED, "%s came while %s was compiled; start again",
                       pm_stop_signal_name(pm_stop_signal()), name_of(j->source));
    if (end->timed_out)
        return pm_fail(PARMAP_SYSTEM,
                       "%s did not compile %s within %g s; make the .so elsewhere with parmap "
                       "compile, or set PARMAP_CC to another compiler",
                       compiler, name_of(j->source), child->limit_s);
    if (end->code != 0)
        return fail_compilation(j, said, end->code);
    return PARMAP_OK;
}

/* ---- a compilation --------------------------------------------------------------------------- */

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* `path` is a copy of the source's, as a word that is no option. */
static parmap_status run(job *j, char *path, pm_compiled *compiled)
{
    char *words[PM_TOOLCHAIN_WORDS + 10];
    char **environment = make_environment(j);
    const pm_child child = {.arguments = words,
                            .environment = environment,
                            .limit_s = j->source->limit_s > 0 ? j->source->limit_s : LIMIT_S,
                            .with_stderr = true,
                            .stops = true};
    pm_child_end end;
    const double began = seconds_of(CLOCK_MONOTONIC);
    compiled->said = malloc(SAID_BYTES);
    if (!compiled->said || !environment) {
        free(environment);
        return pm_fail(PARMAP_SYSTEM, "no memory to compile %s; free some", name_of(j->source));
    }
    write_command(j, path, words);
    j->began_s = seconds_of(CLOCK_REALTIME_COARSE); /* which file systems go by */
    pm_child_run(&child, compiled->said, SAID_BYTES, &end);
    free(environment);
    PM_TRY(judge(j, &child, &end, compiled->said));
    if (pm_bytes_read(j->object, OBJECT_MOST, &compiled->object) != PARMAP_OK)
        return pm_fail(PARMAP_SYSTEM, "%s ended well but left no shared object: %s; set %s",
                       j->toolchain.compiler, parmap_message(),
                       j->toolchain.variable ? j->toolchain.variable : "PARMAP_CC");
    pm_log_detail("%s compiled %s in %.2f s", j->toolchain.compiler, name_of(j->source),
                  seconds_of(CLOCK_MONOTONIC) - began);
    return PARMAP_OK;
}

static parmap_status compile(job *j, pm_compiled *compiled)
{
    char *path = NULL;
    PM_TRY(make_folder(j));
    const bool option = j->source->path && j->source->path[0] == '-';
    if (asprintf(&path, "%s%s", option ? "./" : "", j->source->path ? j->source->path : j->text) <
        0)
        return pm_fail(PARMAP_SYSTEM, "no memory to compile %s; free some", name_of(j->source));
    const parmap_status status = run(j, path, compiled);
    free(path);
    if (status == PARMAP_OK)
        keep(j, &compiled->object);
    return status;
}

static parmap_status check_source(const pm_compile_source *source)
{
    pm_bytes bytes;
    if (!source->path)
        return PARMAP_OK;
    PM_TRY(pm_bytes_read(source->path, SOURCE_MOST, &bytes));
    pm_bytes_free(&bytes);
    return PARMAP_OK;
}

parmap_status pm_compile(const pm_compile_source *source, pm_compiled *compiled)
{
    job j = {.source = source};
    *compiled = (pm_compiled){.said = NULL};
    PM_TRY(check_source(source));
    PM_TRY(pm_toolchain_find(
        source->path && is_cxx_name(source->path) ? PM_LANGUAGE_CXX : PM_LANGUAGE_C, &j.toolchain));
    j.key = make_key(&j);
    compiled->cached = j.key && pm_cache_find(j.key, &compiled->object);
    const parmap_status status = compiled->cached ? PARMAP_OK : compile(&j, compiled);
    pm_private_folder_remove(j.folder);
    free(j.key);
    return status;
}

void pm_compiled_free(pm_compiled *compiled)
{
    pm_bytes_free(&compiled->object);
    free(compiled->said);
    compiled->said = NULL;
}
