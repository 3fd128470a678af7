/* TEST seconds=180 */
/* Compiling: what is compiled, what is not compiled again, and compilers that are missing, broken,
 * slow or talkative. */
#include "work/cache.h"
#include "work/compiler.h"

#include "base/stop.h"

#include "check.h"
#include "unit/files.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

static const char one[] = "int one(void) { return 1; }\n";
static const char two[] = "int two(void) { return 2; }\n";

static char here[4096];

/* ---- a world of its own for each case -------------------------------------------------------- */

/* An empty cache, an empty TMPDIR, and a compiler that counts its runs. */
static void begin(void)
{
    char path[4200];
    CHECK_INT(system("rm -rf cache tmp runs include && mkdir tmp include"), 0);
    CHECK(getcwd(here, sizeof here) != NULL);
    snprintf(path, sizeof path, "%s/counting", here);
    write_script("counting", "echo run >> runs; exec cc \"$@\"");
    setenv("PARMAP_CC", path, 1);
    snprintf(path, sizeof path, "%s/cache", here);
    setenv("PARMAP_CACHE", path, 1);
    snprintf(path, sizeof path, "%s/tmp", here);
    setenv("TMPDIR", path, 1);
    unsetenv("CC");
    unsetenv("CPATH");
    unsetenv("PARMAP_INCLUDE");
}

static int runs(void)
{
    struct stat info;
    return stat("runs", &info) == 0 ? (int)info.st_size / 4 : 0; /* "run\n" */
}

static void use_compiler(const char *body)
{
    char path[4200];
    write_script("other", body);
    snprintf(path, sizeof path, "%s/other", here);
    setenv("PARMAP_CC", path, 1);
}

static bool is_object(const pm_bytes *object)
{
    return object->size > 64 && memcmp(object->data, "\177ELF", 4) == 0;
}

enum { NOT_COUNTED = -1 };

/* Compiles well, in so many runs of the compiler, or by one that does not count them; nothing is
 * left in TMPDIR. */
static void check_compiles(const pm_compile_source *source, int expected_runs)
{
    pm_compiled compiled;
    const int before = runs();
    CHECK_INT(pm_compile(source, &compiled), PARMAP_OK);
    CHECK(is_object(&compiled.object));
    CHECK_INT(runs() - before, expected_runs == NOT_COUNTED ? 0 : expected_runs);
    CHECK_INT(compiled.cached, expected_runs == 0);
    CHECK_INT(files_in("tmp"), 0);
    pm_compiled_free(&compiled);
}

static void check_source(const char *text, int expected_runs)
{
    check_compiles(&(pm_compile_source){.text = text}, expected_runs);
}

static void check_file(const char *path, int expected_runs)
{
    check_compiles(&(pm_compile_source){.path = path}, expected_runs);
}

/* Does not; the message holds `part`, what the compiler said `words`. */
static void check_fails(const pm_compile_source *source, parmap_status expected, const char *part,
                        const char *words)
{
    pm_compiled compiled;
    CHECK_INT(pm_compile(source, &compiled), expected);
    CHECK_HOLDS(parmap_message(), part);
    if (words)
        CHECK_HOLDS(compiled.said ? compiled.said : "", words);
    CHECK(compiled.object.data == NULL);
    CHECK_INT(files_in("tmp"), 0);
    pm_compiled_free(&compiled);
}

/* ---- what is compiled ------------------------------------------------------------------------ */

static void texts(void)
{
    pm_compiled first, second;
    begin();
    CHECK_INT(pm_compile(&(pm_compile_source){.text = one}, &first), PARMAP_OK);
    CHECK_INT(pm_compile(&(pm_compile_source){.text = one}, &second), PARMAP_OK);
    CHECK(!first.cached && second.cached);
    CHECK_INT(first.object.size, second.object.size);
    CHECK(memcmp(first.object.data, second.object.data, first.object.size) == 0);
    pm_compiled_free(&first);
    pm_compiled_free(&second);
    check_source(two, 1);
    check_source(one, 0);
    CHECK_INT(runs(), 2);
}

static void files_and_their_headers(void)
{
    begin();
    write_file("my.h", "#define VALUE 1\n");
    write_file("my.c", "#include <parmap.h>\n#include \"my.h\"\nint f(void) { return VALUE; }\n");
    let_files_settle();
    check_file("my.c", 1);
    check_file("my.c", 0);
    write_file("my.h", "#define VALUE 2\n");
    let_files_settle();
    check_file("my.c", 1);
    check_file("my.c", 0);
    write_file("my.h", "#define VALUE 2\n"); /* touched, but the same */
    check_file("my.c", 0);
    write_file("my.c", "int f(void) { return 3; }\n");
    let_files_settle();
    check_file("my.c", 1);
    check_file("my.c", 0);
    unlink("my.h"); /* not needed any more */
    check_file("my.c", 0);
}

/* What was written in the moment of the compilation may be newer than what the compiler saw. */
static void files_of_this_moment(void)
{
    const struct timespec later[2] = {{time(NULL) + 1000, 0}, {time(NULL) + 1000, 0}};
    begin();
    write_file("my.c", one);
    CHECK_INT(utimensat(AT_FDCWD, "my.c", later, 0), 0);
    check_file("my.c", 1);
    check_file("my.c", 1);
}

static void odd_names(void)
{
    static const char *const names[] = {"-o.c",          "two words.c", "a$b#c.c",
                                        "back\\slash.c", "'q\".c",      "\xc3\xa4.c",
                                        "a:b.c",         "line\nend.c", "a b  c.c"};
    begin();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        write_file(names[i], one);
        let_files_settle();
        check_file(names[i], 1);
        check_file(names[i], strchr(names[i], '\n') != NULL); /* no list has such a name */
    }
}

static void cxx(void)
{
    static const char source[] =
        "#include <parmap.h>\n#include <vector>\n"
        "extern \"C\" int f(int n) { std::vector<int> v(n); return v[0]; }\n";
    static const char *const names[] = {"my.cc", "my.cpp", "my.cxx"};
    begin();
    for (int i = 0; i < 3; i++) {
        write_file(names[i], source);
        check_file(names[i], NOT_COUNTED); /* not by PARMAP_CC */
    }
    setenv("PARMAP_CXX", "/no/such/compiler", 1);
    write_file("other.cc", source);
    check_fails(&(pm_compile_source){.path = "other.cc"}, PARMAP_USAGE, "PARMAP_CXX", NULL);
    unsetenv("PARMAP_CXX");
}

static void warnings_are_kept(void)
{
    pm_compiled compiled;
    begin();
    write_file("my.c", "#warning look here\nint f(void) { return 1; }\n");
    CHECK_INT(pm_compile(&(pm_compile_source){.path = "my.c"}, &compiled), PARMAP_OK);
    CHECK_HOLDS(compiled.said, "look here");
    pm_compiled_free(&compiled);
}

static void mistakes(void)
{
    begin();
    write_file("bad.h", "int g(void) { return nothing; }\n");
    write_file("bad.c", "#include \"bad.h\"\n\nint f(void)\n{\n    return x y;\n}\n");
    check_fails(&(pm_compile_source){.path = "bad.c"}, PARMAP_BAD_DATA, "bad.c:5:", "bad.h:1:");
    check_fails(&(pm_compile_source){.path = "bad.c"}, PARMAP_BAD_DATA, "bad.c:5:", "return x y;");
    check_fails(&(pm_compile_source){.text = "int f(void) { return z; }"}, PARMAP_USAGE, "'z'",
                "'z' undeclared");
    CHECK_INT(files_in("cache"), 0);
}

static void no_files(void)
{
    begin();
    check_fails(&(pm_compile_source){.path = "missing.c"}, PARMAP_NO_INPUT, "missing.c", NULL);
    check_fails(&(pm_compile_source){.path = "tmp"}, PARMAP_BAD_DATA, "tmp is a folder", NULL);
    unlink("pipe.c");
    CHECK_INT(mkfifo("pipe.c", 0600), 0);
    check_fails(&(pm_compile_source){.path = "pipe.c"}, PARMAP_BAD_DATA, "pipe.c", NULL);
    write_file("empty.c", "");
    check_file("empty.c", 1); /* an object without kernels */
    CHECK_INT(runs(), 1);
}

static void headers(void)
{
    begin();
    write_file("my.c", "#include <parmap.h>\nint f(void) { return PARMAP_KERNEL_ABI; }\n");
    write_file("include/parmap.h", "#define PARMAP_KERNEL_ABI none\n");
    setenv("PARMAP_INCLUDE", "include", 1);
    check_fails(&(pm_compile_source){.path = "my.c"}, PARMAP_BAD_DATA, "'none' undeclared", NULL);
    setenv("PARMAP_INCLUDE", "nowhere", 1);
    check_fails(&(pm_compile_source){.path = "my.c"}, PARMAP_USAGE, "PARMAP_INCLUDE=nowhere", NULL);
    unsetenv("PARMAP_INCLUDE");
    check_file("my.c", 1);
}

/* ---- compilers ------------------------------------------------------------------------------- */

static void no_compiler(void)
{
    char *path = strdup(getenv("PATH"));
    begin();
    unsetenv("PARMAP_CC");
    for (int i = 0; i < 3; i++) {
        if (i == 2)
            unsetenv("PATH");
        else
            setenv("PATH", i == 0 ? "" : "/nowhere:.:include:", 1);
        check_fails(&(pm_compile_source){.text = one}, PARMAP_SYSTEM, "set PARMAP_CC", NULL);
        CHECK_HOLDS(parmap_message(), "parmap compile");
    }
    setenv("PATH", path, 1);
    free(path);
    check_source(one, NOT_COUNTED);
}

static void compilers_of_variables(void)
{
    begin();
    setenv("CC", "/no/such/compiler", 1);
    check_source(one, 1); /* PARMAP_CC comes first */
    setenv("PARMAP_CC", "/no/such/compiler -O3", 1);
    check_fails(&(pm_compile_source){.text = one}, PARMAP_USAGE, "no program /no/such/compiler",
                NULL);
    setenv("PARMAP_CC", here, 1); /* a folder */
    check_fails(&(pm_compile_source){.text = one}, PARMAP_USAGE, "PARMAP_CC", NULL);
    setenv("PARMAP_CC", " \t ", 1); /* as if it were not set, and CC names nothing */
    check_source(two, NOT_COUNTED);
    setenv("CC", "./counting   -DVALUE=3\t", 1);
    check_source("int f[VALUE == 3 ? 1 : -1];\n", 1);
    check_source("int f[VALUE == 3 ? 1 : -1];\n", 0);
    setenv("CC", "./counting -DVALUE=4", 1);
    check_fails(&(pm_compile_source){.text = "int f[VALUE == 3 ? 1 : -1];\n"}, PARMAP_USAGE,
                "negative", NULL);
}

static void too_many_words(void)
{
    char value[8000] = "cc";
    begin();
    for (int i = 0; i < 100; i++)
        strcat(value, " -DX");
    setenv("PARMAP_CC", value, 1);
    check_fails(&(pm_compile_source){.text = one}, PARMAP_USAGE, "PARMAP_CC", NULL);
    for (int i = 0; i < 1500; i++)
        strcat(value, " -DX");
    setenv("PARMAP_CC", value, 1);
    check_fails(&(pm_compile_source){.text = one}, PARMAP_USAGE, "PARMAP_CC is too long", NULL);
}

static void broken_compilers(void)
{
    begin();
    use_compiler("exit 3");
    check_fails(&(pm_compile_source){.text = one}, PARMAP_SYSTEM, "code 3", NULL);
    use_compiler("kill -SEGV $$");
    check_fails(&(pm_compile_source){.text = one}, PARMAP_SYSTEM, "code 139", NULL);
    use_compiler("exit 0");
    check_fails(&(pm_compile_source){.text = one}, PARMAP_SYSTEM, "no shared object", NULL);
    use_compiler("echo on stdout that it has no licence; exit 1");
    check_fails(&(pm_compile_source){.text = one}, PARMAP_USAGE, "no licence", "no licence");
    write_bytes("other", "\177ELF no program", 15);
    check_fails(&(pm_compile_source){.text = one}, PARMAP_SYSTEM, "PARMAP_CC", NULL);
    CHECK_INT(files_in("cache"), 0);
}

/* The number that a script wrote of a process that it left. */
static bool is_gone(const char *path)
{
    pm_bytes bytes;
    CHECK_INT(pm_bytes_read(path, 100, &bytes), PARMAP_OK);
    const int pid = bytes.data ? atoi(bytes.data) : 0;
    pm_bytes_free(&bytes);
    CHECK(pid > 0);
    for (int i = 0; i < 500; i++) { /* a killed process takes a moment, and somebody to bury it */
        char state[100], name[64];
        snprintf(name, sizeof name, "/proc/%d/stat", pid);
        FILE *file = fopen(name, "r");
        const bool gone = !file || !fgets(state, sizeof state, file) || strstr(state, ") Z");
        if (file)
            fclose(file);
        if (gone)
            return true;
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    return false;
}

static void slow_compilers(void)
{
    static const char *const bodies[] = {
        "sleep 300 & echo $! > left; wait",
        "exec > /dev/null 2>&1; sleep 300 & echo $! > left; wait",
        "trap '' TERM INT HUP; sleep 300 & echo $! > left; wait",
    };
    begin();
    for (int i = 0; i < 3; i++) {
        use_compiler(bodies[i]);
        unlink("left");
        check_fails(&(pm_compile_source){.text = one, .limit_s = 0.5}, PARMAP_SYSTEM,
                    "within 0.5 s", NULL);
        CHECK(is_gone("left"));
    }
}

/* What it leaves behind holds the pipe, and does not hold us. */
static void compilers_that_leave_others(void)
{
    begin();
    use_compiler("sleep 300 & echo $! > left; echo no; exit 1");
    check_fails(&(pm_compile_source){.text = one, .limit_s = 100}, PARMAP_USAGE, "no", "no");
    CHECK(is_gone("left"));
    use_compiler("sleep 300 & echo $! > left; exec cc \"$@\"");
    check_compiles(&(pm_compile_source){.text = one, .limit_s = 100}, NOT_COUNTED);
    CHECK(is_gone("left"));
}

static void talkative_compilers(void)
{
    pm_compiled compiled;
    begin();
    use_compiler("yes 'much to say' | head -c 5000000 >&2; exit 1");
    CHECK_INT(pm_compile(&(pm_compile_source){.text = one}, &compiled), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "much to say");
    CHECK(compiled.said && strlen(compiled.said) > 60000 && strlen(compiled.said) < 65536);
    pm_compiled_free(&compiled);
    use_compiler("head -c 300000 /dev/zero | tr '\\0' x >&2; exit 1"); /* one line */
    CHECK_INT(pm_compile(&(pm_compile_source){.text = one}, &compiled), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "xxxx");
    pm_compiled_free(&compiled);
    use_compiler("yes | head -c 5000000; exec cc \"$@\"");
    check_source(one, NOT_COUNTED);
}

static void stopped_by_signals(void)
{
    int code = -1;
    begin();
    use_compiler("echo $$ > left; kill -TERM $PPID; sleep 300");
    const pid_t child = fork();
    if (child == 0) {
        pm_compiled compiled;
        pm_stop_install();
        const parmap_status status = pm_compile(&(pm_compile_source){.text = one}, &compiled);
        const bool good = strstr(parmap_message(), "SIGTERM") && files_in("tmp") == 0;
        _exit(good ? (int)status : 1);
    }
    CHECK(waitpid(child, &code, 0) == child);
    CHECK(WIFEXITED(code));
    CHECK_INT(WEXITSTATUS(code), PARMAP_STOPPED);
    CHECK(is_gone("left"));
}

/* ---- the cache ------------------------------------------------------------------------------- */

static void cache_off(void)
{
    begin();
    setenv("PARMAP_CACHE", "off", 1);
    check_source(one, 1);
    check_source(one, 1);
    CHECK_INT(files_in("cache"), -1);
    CHECK_INT(files_in("off"), -1);
}

static void cache_places(void)
{
    char path[4200];
    char *home = strdup(getenv("HOME") ? getenv("HOME") : "/");
    struct stat info;
    begin();
    CHECK_INT(system("rm -rf xdg home"), 0);
    unsetenv("PARMAP_CACHE");
    snprintf(path, sizeof path, "%s/xdg", here);
    setenv("XDG_CACHE_HOME", path, 1);
    check_source(one, 1);
    CHECK_INT(files_in("xdg/parmap"), 1);
    setenv("XDG_CACHE_HOME", "relative", 1);
    snprintf(path, sizeof path, "%s/home", here);
    setenv("HOME", path, 1);
    check_source(one, 1);
    CHECK_INT(stat("home", &info), -1); /* a home is never made */
    CHECK_INT(mkdir("home", 0755), 0);
    check_source(one, 1);
    CHECK_INT(files_in("home/.cache/parmap"), 1);
    CHECK_INT(stat("home/.cache/parmap", &info), 0);
    CHECK_INT(info.st_mode & 07777, 0700);
    unsetenv("XDG_CACHE_HOME");
    check_source(one, 0);
    for (int i = 0; i < 3; i++) { /* nowhere to write */
        if (i == 2)
            unsetenv("HOME");
        else
            setenv("HOME", i == 0 ? "/proc/self" : "/dev/null", 1);
        check_source(one, 1);
    }
    setenv("HOME", home, 1);
    free(home);
}

/* Each wrong bit of an entry; the next run has a good one again. */
static void cache_damaged(void)
{
    char path[4200];
    pm_bytes entry;
    begin();
    check_source(one, 1);
    only_file("cache", path, sizeof path);
    CHECK_INT(pm_bytes_read(path, 1 << 20, &entry), PARMAP_OK);
    for (size_t i = 0; i < 15 && entry.size > 0; i++) {
        const size_t at = i < 10 ? 4 * i : entry.size * (i - 9) / 6 % entry.size;
        ((unsigned char *)entry.data)[at] ^= 0x20;
        write_bytes(path, entry.data, entry.size);
        ((unsigned char *)entry.data)[at] ^= 0x20;
        check_source(one, 1);
        check_source(one, 0);
    }
    for (size_t size = 0; size < entry.size; size += entry.size / 7) {
        write_bytes(path, entry.data, size);
        check_source(one, 1);
    }
    check_source(one, 0);
    pm_bytes_free(&entry);
}

/* An entry that is sound, but of another key: as if two hashes were the same. */
static void cache_of_another_key(void)
{
    char path[4200];
    pm_bytes entry;
    begin();
    check_source(one, 1);
    only_file("cache", path, sizeof path);
    CHECK_INT(pm_bytes_read(path, 1 << 20, &entry), PARMAP_OK);
    unlink(path);
    check_source(two, 1);
    only_file("cache", path, sizeof path);
    write_bytes(path, entry.data, entry.size);
    check_source(two, 1);
    check_source(two, 0);
    pm_bytes_free(&entry);
}

static void cache_of_others(void)
{
    char path[4200], other[4300];
    begin();
    check_source(one, 1);
    only_file("cache", path, sizeof path);
    CHECK_INT(chmod(path, 0620), 0);
    check_source(one, 1);
    check_source(one, 0);
    snprintf(other, sizeof other, "%s/entry", here);
    CHECK_INT(rename(path, other), 0);
    CHECK_INT(symlink(other, path), 0);
    check_source(one, 1);
    check_source(one, 0);
    CHECK_INT(chmod("cache", 0770), 0);
    check_source(one, 1);
    CHECK_INT(chmod("cache", 0755), 0);
    check_source(one, 0);
    if (geteuid() != 0)
        return;
    CHECK_INT(chown(path, 12345, 12345), 0);
    check_source(one, 1);
    check_source(one, 0);
    CHECK_INT(chown("cache", 12345, 12345), 0);
    check_source(one, 1);
}

static void cache_knows_the_compiler(void)
{
    begin();
    check_source(one, 1);
    write_script("counting", "echo run >> runs; exec cc -g \"$@\"");
    check_source(one, 1);
    check_source(one, 0);
    setenv("CPATH", "include", 1);
    check_source(one, 1);
    check_source(one, 0);
}

/* The oldest go, and what was used lately stays. */
static void cache_is_bounded(void)
{
    char key[32];
    const pm_bytes object = {(void *)(uintptr_t)one, sizeof one};
    pm_bytes found;
    begin();
    for (int i = 0; i < PM_CACHE_ENTRIES; i++) {
        snprintf(key, sizeof key, "key %d", i);
        pm_cache_store(key, NULL, 0, &object);
    }
    CHECK_INT(files_in("cache"), PM_CACHE_ENTRIES);
    let_files_settle();
    CHECK(pm_cache_find("key 0", &found)); /* now the youngest */
    CHECK_TEXT(found.data, one);
    pm_bytes_free(&found);
    write_file("cache/.new-1-2-0123456789abcdef.kernel", "somebody writes it");
    pm_cache_store("one more", NULL, 0, &object);
    CHECK_INT(files_in("cache"), PM_CACHE_ENTRIES + 1);
    CHECK(pm_cache_find("key 0", &found));
    pm_bytes_free(&found);
    CHECK(pm_cache_find("one more", &found));
    pm_bytes_free(&found);
    CHECK(!pm_cache_find("key", &found));
    CHECK_INT(utimensat(AT_FDCWD, "cache/.new-1-2-0123456789abcdef.kernel",
                        (struct timespec[2]){{1000, 0}, {1000, 0}}, 0),
              0);
    pm_cache_store("another", NULL, 0, &object); /* what a killed run left goes */
    CHECK_INT(files_in("cache"), PM_CACHE_ENTRIES);
}

static void many_at_once(void)
{
    enum { MANY = 8 };
    pid_t children[MANY];
    begin();
    for (int i = 0; i < MANY; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            pm_compiled compiled;
            const parmap_status status =
                pm_compile(&(pm_compile_source){.text = i % 2 ? one : two}, &compiled);
            _exit(status == PARMAP_OK && is_object(&compiled.object) ? 0 : 1);
        }
    }
    for (int i = 0; i < MANY; i++) {
        int code = -1;
        CHECK(waitpid(children[i], &code, 0) == children[i]);
        CHECK_INT(code, 0);
    }
    CHECK_INT(files_in("cache"), 2);
    check_source(one, 0);
    check_source(two, 0);
}

static void other_places_for_files(void)
{
    begin();
    setenv("TMPDIR", "/no/such/folder", 1);
    check_source(one, 1);
    setenv("TMPDIR", "", 1);
    check_source(two, 1);
}

int main(void)
{
    static const check_case cases[] = {
        {"compiler: texts", texts},
        {"compiler: files and their headers", files_and_their_headers},
        {"compiler: files that change in this moment", files_of_this_moment},
        {"compiler: odd names", odd_names},
        {"compiler: C++", cxx},
        {"compiler: warnings", warnings_are_kept},
        {"compiler: mistakes", mistakes},
        {"compiler: no files", no_files},
        {"compiler: parmap's headers", headers},
        {"compiler: none", no_compiler},
        {"compiler: by variables", compilers_of_variables},
        {"compiler: too many words", too_many_words},
        {"compiler: broken", broken_compilers},
        {"compiler: slow", slow_compilers},
        {"compiler: leaves others", compilers_that_leave_others},
        {"compiler: talkative", talkative_compilers},
        {"compiler: stopped by a signal", stopped_by_signals},
        {"compiler: other places for files", other_places_for_files},
        {"cache: off", cache_off},
        {"cache: places", cache_places},
        {"cache: damaged", cache_damaged},
        {"cache: of another key", cache_of_another_key},
        {"cache: of others", cache_of_others},
        {"cache: knows the compiler", cache_knows_the_compiler},
        {"cache: is bounded", cache_is_bounded},
        {"cache: many at once", many_at_once},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
