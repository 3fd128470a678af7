/* Words of this process, or of the launcher above it, quoted. */
#include "app/again.h"

#include "app/options.h"
#include "app/slurm_job.h"
#include "base/log.h"
#include "comm/launcher.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LONGEST_COMMAND = 3800, /* a line of the log; a longer one is not shown: half is of no use */
    MOST_BYTES = 1 << 16,   /* of a launcher's command line */
    LEVELS = 6              /* between a rank and its launcher lies a daemon, perhaps a script */
};

/* ---- quoting --------------------------------------------------------------------------------- */

static bool is_plain(const char *word)
{
    return *word != '\0' &&
           word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                             "_@%+=:,./-")] == '\0';
}

static bool has_control(const char *word)
{
    for (; *word != '\0'; word++)
        if (iscntrl((unsigned char)*word))
            return true;
    return false;
}

/* One byte within the quotes; $'...' is for control characters only. */
static const char *escape(char text[8], unsigned char byte, bool dollar)
{
    if (dollar && (iscntrl(byte) || byte == '\'' || byte == '\\'))
        snprintf(text, 8, "\\%03o", byte);
    else if (byte == '\'')
        strcpy(text, "'\\''");
    else
        snprintf(text, 8, "%c", byte);
    return text;
}

char *pm_shell_word(char *text, size_t bytes, const char *word)
{
    const bool quoted = !is_plain(word), dollar = has_control(word);
    size_t length = (size_t)snprintf(text, bytes, "%s", !quoted ? word : dollar ? "$'" : "'");
    for (; quoted && *word != '\0' && length < bytes; word++) {
        char one[8];
        length += (size_t)snprintf(text + length, bytes - length, "%s",
                                   escape(one, (unsigned char)*word, dollar));
    }
    if (quoted && length < bytes)
        length += (size_t)snprintf(text + length, bytes - length, "'");
    return length < bytes ? text : NULL;
}

/* ---- a command as it grows ------------------------------------------------------------------- */

typedef struct command {
    char text[LONGEST_COMMAND];
    size_t length; /* LONGEST_COMMAND = too long */
} command;

static void add(command *c, const char *text)
{
    if (c->length < LONGEST_COMMAND)
        c->length += (size_t)snprintf(c->text + c->length, LONGEST_COMMAND - c->length, "%s", text);
    if (c->length >= LONGEST_COMMAND)
        c->length = LONGEST_COMMAND;
}

static void add_word(command *c, const char *word)
{
    char quoted[LONGEST_COMMAND];
    if (pm_shell_word(quoted, sizeof quoted, word))
        add(c, quoted);
    else
        c->length = LONGEST_COMMAND;
}

/* "PARMAP_TYPE=float64 ": an exported variable may be set no longer. */
static void add_environment(command *c, bool unforce)
{
    for (int id = 0; id < PM_OPTIONS; id++) {
        char name[PM_OPTION_TEXT];
        if (pm_options[id].scope == PM_SCOPE_COMMAND_LINE)
            continue;
        const char *value = getenv(pm_option_environment(name, &pm_options[id]));
        if (id == PM_OPTION_FORCE)
            value = unforce || (value && *value) ? "off" : NULL;
        if (!value || !*value)
            continue;
        add(c, name);
        add(c, "=");
        add_word(c, value);
        add(c, " ");
    }
}

static bool is_force(const char *word)
{
    return strcmp(word, "--force") == 0 || strncmp(word, "--force=", 8) == 0;
}

static bool has_force(char *const *words)
{
    for (; *words; words++)
        if (is_force(*words))
            return true;
    return false;
}

/* Variables and words, without what asked to begin afresh. */
static void add_command(command *c, char *const *words, bool forced)
{
    add_environment(c, forced && !has_force(words));
    for (bool first = true; *words; words++) {
        if (is_force(*words))
            continue;
        add(c, first ? "" : " ");
        add_word(c, *words);
        first = false;
    }
}

/* ---- the processes above --------------------------------------------------------------------- */

/* Reads /proc/PID/NAME; the length, 0 when there is none. */
static size_t read_proc(pid_t pid, const char *name, char *text, size_t bytes)
{
    char path[64];
    size_t length = 0;
    ssize_t got;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    while (length < bytes - 1 && (got = read(fd, text + length, bytes - 1 - length)) > 0)
        length += (size_t)got;
    close(fd);
    text[length] = '\0';
    return length;
}

static pid_t parent_of(pid_t pid)
{
    char text[512];
    int parent = 0;
    read_proc(pid, "stat", text, sizeof text);
    const char *end = strrchr(text, ')'); /* of the name, which may hold anything */
    return end && sscanf(end, ") %*c %d", &parent) == 1 ? parent : 0;
}

static bool is_launcher(const char *path)
{
    static const char *const names[] = {"orterun", "prterun", "prun", "srun"};
    static const char *const beginnings[] = {"mpirun", "mpiexec"}; /* mpiexec.hydra and others */
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

/* The command line of the nearest launcher above, each word ended by a '\0'; 0 = none found. */
static pid_t find_launcher(char *line, size_t bytes, size_t *length)
{
    pid_t pid = getppid();
    for (int level = 0; level < LEVELS && pid > 0; level++, pid = parent_of(pid)) {
        *length = read_proc(pid, "cmdline", line, bytes);
        if (*length > 0 && *length < bytes - 1 && is_launcher(line))
            return pid;
    }
    return 0;
}

/* "cd FOLDER && ", where the process was started from another folder. */
static void add_folder(command *c, pid_t pid)
{
    char own[64], above[64], here[PATH_MAX], there[PATH_MAX];
    snprintf(own, sizeof own, "/proc/%d/cwd", (int)pid);
    snprintf(above, sizeof above, "/proc/%d/cwd", (int)parent_of(pid));
    const ssize_t here_length = readlink(own, here, sizeof here - 1);
    const ssize_t there_length = readlink(above, there, sizeof there - 1);
    if (here_length < 0 ||
        (here_length == there_length && memcmp(here, there, (size_t)here_length) == 0))
        return;
    here[here_length] = '\0';
    add(c, "cd ");
    add_word(c, here);
    add(c, " && ");
}

/* ---- all together ---------------------------------------------------------------------------- */

static bool add_launcher(command *c, bool forced)
{
    char *line = malloc(MOST_BYTES), **words = NULL;
    size_t length = 0, count = 0;
    const pid_t launcher = line ? find_launcher(line, MOST_BYTES, &length) : 0;
    if (launcher && (words = calloc(length + 1, sizeof *words))) {
        for (size_t at = 0; at < length; at += strlen(line + at) + 1)
            words[count++] = line + at;
        add_folder(c, launcher);
        add_command(c, words, forced);
    }
    free(words);
    free(line);
    return count > 0;
}

void pm_again_print(char *const *argv, bool forced, const char *more)
{
    static command c; /* too large for a stack */
    char id[PM_SLURM_ID];
    const bool launched = pm_launcher_detect().name != NULL;
    const char *how = "";
    c.length = 0;
    if (!launched) {
        add_folder(&c, getpid());
        add_command(&c, argv, forced);
    } else if (!add_launcher(&c, forced)) {
        how = "run again, under the same launcher: ";
        add_command(&c, argv, forced);
    }
    if (more) {
        add(&c, " ");
        add(&c, more);
    }
    if (c.length < LONGEST_COMMAND)
        pm_log_note("to continue: %s%s", how, c.text);
    else
        pm_log_note("to continue: run the same command again%s%s%s",
                    forced ? ", without --force" : "", more ? ", with " : "", more ? more : "");
    if (!more && pm_slurm_job_id(id))
        pm_log_note("to continue in the same Slurm job: scontrol requeue %s", id);
}
