/* The folder of the output: can be written, seen by all nodes, locked, and how fast it is.  The
 * test files have a name for a moment only: they are removed as soon as all who need them are in.
 */
#include "app/doctor.h"

#include "base/filesystem.h"
#include "base/text.h"
#include "store/lock.h"
#include "store/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static struct {
    char path[PM_PATH + 64]; /* of the test file while it has a name, on rank 0 */
    int file, second;        /* two openings of it, for the locks; the second on rank 0 only */
    bool on_all_nodes;       /* others have opened it too; on rank 0 */
} test = {.file = -1, .second = -1};

void pm_doctor_clean(void)
{
    if (test.path[0])
        unlink(test.path);
    test.path[0] = '\0';
}

static void close_test(void)
{
    if (test.file >= 0)
        close(test.file);
    if (test.second >= 0)
        close(test.second);
    test.file = test.second = -1;
}

static void name_test(const pm_doctor *doctor, char path[PM_PATH + 64])
{
    snprintf(path, PM_PATH + 64, "%s/.parmap-doctor-%016" PRIx64, doctor->folder,
             doctor->hosts[0].nonce);
}

/* Rank 0: -1 and errno when it cannot be made. */
static int create_test(const pm_doctor *doctor)
{
    name_test(doctor, test.path);
    const int file = open(test.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        test.path[0] = '\0';
    return file;
}

/* ---- what it is ------------------------------------------------------------------------------ */

static parmap_status resolve(pm_doctor *doctor)
{
    struct stat info;
    char absolute[PM_PATH], *real;
    doctor->folder[0] = '\0';
    const bool there = stat(doctor->output, &info) == 0;
    if (!there && doctor->output[strlen(doctor->output) - 1] == '/')
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "folder %s: %s; create it with mkdir -p, or choose another --output",
                       doctor->output, strerror(errno));
    if (!there || !S_ISDIR(info.st_mode)) {
        PM_TRY(pm_output_resolve(doctor->output, absolute));
        snprintf(doctor->folder, sizeof doctor->folder, "%s", dirname(absolute));
        return PARMAP_OK;
    }
    if (!(real = realpath(doctor->output, NULL)))
        return pm_fail(PARMAP_CANNOT_CREATE, "%s: %s; choose another --output", doctor->output,
                       strerror(errno));
    snprintf(doctor->folder, sizeof doctor->folder, "%s", real);
    free(real);
    return PARMAP_OK;
}

/* As a node sees it. */
typedef struct view {
    bool leads;
    int error; /* 0 = it is there */
    pm_filesystem fs;
    int64_t total, free, inodes, free_inodes;
} view;

static view look(const pm_doctor *doctor)
{
    view v = {.leads = pm_doctor_leads(doctor)};
    struct statvfs room;
    if (!pm_filesystem_describe(doctor->folder, &v.fs) || statvfs(doctor->folder, &room) != 0 ||
        access(doctor->folder, X_OK) != 0) {
        v.error = errno;
        return v;
    }
    v.total = (int64_t)room.f_blocks * (int64_t)room.f_frsize;
    v.free = (int64_t)room.f_bavail * (int64_t)room.f_frsize;
    v.inodes = (int64_t)room.f_files;
    v.free_inodes = (int64_t)room.f_favail;
    return v;
}

/* Nodes that do not see it, or see another one. */
static bool say_differences(pm_doctor *doctor, const view *all)
{
    pm_names missing = {.count = 0}, other = {.count = 0};
    int error = 0;
    for (int r = 1; r < doctor->world.size; r++) {
        if (all[r].leads && all[r].error) {
            pm_names_add(&missing, doctor->hosts[r].name);
            error = all[r].error;
        } else if (all[r].leads && strcmp(all[r].fs.name, all[0].fs.name) != 0) {
            pm_names_add(&other, doctor->hosts[r].name);
        }
    }
    if (missing.count > 0)
        pm_doctor_say(doctor, PM_WRONG,
                      "%s cannot be reached on %s (%s); choose an --output in a folder that all "
                      "nodes share",
                      doctor->folder, missing.text, strerror(error));
    else if (other.count > 0)
        pm_doctor_say(doctor, PM_WRONG,
                      "%s is on %s here but on another file system on %s; choose an --output in a "
                      "folder that all nodes share",
                      doctor->folder, all[0].fs.name, other.text);
    return missing.count + other.count > 0;
}

enum { LEAST_ROOM = 16 << 20, LEAST_INODES = 64 };

static void say_view(pm_doctor *doctor, const view *v)
{
    char total[PM_NUMBER_TEXT], free[PM_NUMBER_TEXT], inodes[PM_NUMBER_TEXT], files[64] = "";
    const bool full = v->free < LEAST_ROOM, no_inodes = v->inodes && v->free_inodes < LEAST_INODES;
    if (v->inodes > 0)
        snprintf(files, sizeof files, ", room for %s files",
                 pm_format_scaled(inodes, (double)v->free_inodes, ""));
    pm_doctor_say(doctor, full || no_inodes ? PM_WARNING : PM_FINE,
                  "%s: %s (%s%s), %s of %s free%s%s", doctor->folder, v->fs.name,
                  v->fs.local ? "local" : "network, or unknown",
                  strcmp(v->fs.name, "tmpfs") == 0 ? ", in memory: gone after a restart" : "",
                  pm_format_bytes(free, v->free), pm_format_bytes(total, v->total), files,
                  full || no_inodes ? "; make room, or choose another --output" : "");
}

/* On rank 0: may a file be made there?  errno. */
static int try_to_create(const pm_doctor *doctor)
{
    const int file = create_test(doctor);
    const int error = file < 0 ? errno : 0;
    pm_doctor_clean();
    if (file >= 0)
        close(file);
    return error;
}

/* Rank 0 knows the path; false when it is said what is wrong with it. */
static bool found_folder(pm_doctor *doctor)
{
    if (!doctor->output[0])
        pm_doctor_say(doctor, PM_FINE, "no output: nothing is written");
    else if (resolve(doctor) != PARMAP_OK)
        pm_doctor_say(doctor, PM_WRONG, "%s", parmap_message());
    else
        return true;
    return false;
}

parmap_status pm_doctor_folder(pm_doctor *doctor)
{
    view *all;
    if (doctor->world.rank == 0 && !found_folder(doctor))
        doctor->folder[0] = '\0';
    PM_TRY(pm_broadcast(&doctor->world, doctor->folder, sizeof doctor->folder, doctor->idle));
    if (!doctor->folder[0])
        return PARMAP_OK;
    const view mine = look(doctor);
    PM_TRY(pm_doctor_gather(doctor, &mine, sizeof mine, &all));
    int error = 0;
    bool usable = true;
    if (all && (mine.error || (error = try_to_create(doctor)) != 0)) {
        error = mine.error ? mine.error : error;
        pm_doctor_say(doctor, PM_WRONG, "%s: cannot write there: %s; %s", doctor->folder,
                      strerror(error), pm_data_way_out(error));
        usable = false;
    } else if (all) {
        usable = !say_differences(doctor, all);
        if (usable)
            say_view(doctor, &all[0]);
        doctor->folder_free = all[0].free;
    }
    free(all);
    if (!usable)
        doctor->folder[0] = '\0';
    return pm_broadcast(&doctor->world, doctor->folder, sizeof doctor->folder, doctor->idle);
}

/* ---- seen by all, and locked ----------------------------------------------------------------- */

static const double visible_s = 5; /* file systems of networks may show a new file late */

/* 0 when this rank reads in the test file what rank 0 wrote; errno, or ENODATA. */
static int look_for_test(const pm_doctor *doctor)
{
    char path[PM_PATH + 64];
    uint64_t found = 0;
    const uint64_t wanted = doctor->hosts[0].nonce;
    const double end = pm_now() + visible_s;
    int error;
    name_test(doctor, path);
    do {
        if (test.file < 0)
            test.file = open(path, O_RDWR | O_CLOEXEC);
        error = test.file < 0                                               ? errno
                : pread(test.file, &found, sizeof found, 0) != sizeof found ? ENODATA
                : found != wanted                                           ? ENODATA
                                                                            : 0;
        if (error)
            usleep(50000);
    } while (error && pm_now() < end);
    if (error)
        close_test();
    return error;
}

/* Rank 0: makes it, with something to be seen. */
static int show_test(const pm_doctor *doctor)
{
    const uint64_t text = doctor->hosts[0].nonce;
    if ((test.file = create_test(doctor)) < 0)
        return errno;
    test.second = open(test.path, O_RDWR | O_CLOEXEC);
    return pwrite(test.file, &text, sizeof text, 0) == sizeof text && fsync(test.file) == 0 ? 0
                                                                                            : errno;
}

parmap_status pm_doctor_shared(pm_doctor *doctor)
{
    int error = 0, *all;
    pm_names blind = {.count = 0};
    if (!doctor->folder[0])
        return PARMAP_OK;
    if (doctor->world.rank == 0)
        error = show_test(doctor);
    PM_TRY(pm_barrier(&doctor->world, doctor->idle));
    if (doctor->world.rank > 0 && pm_doctor_leads(doctor))
        error = look_for_test(doctor);
    PM_TRY(pm_doctor_gather(doctor, &error, sizeof error, &all));
    pm_doctor_clean();
    if (!all)
        return PARMAP_OK;
    for (int r = 1; r < doctor->world.size; r++)
        if (all[r])
            pm_names_add(&blind, doctor->hosts[r].name);
    free(all);
    test.on_all_nodes = doctor->topology.nodes > 1 && blind.count == 0;
    if (error)
        pm_doctor_say(doctor, PM_WRONG, "%s: cannot write there: %s; %s", doctor->folder,
                      strerror(error), pm_data_way_out(error));
    else if (blind.count > 0)
        pm_doctor_say(
            doctor, PM_WRONG,
            "%s do%s not see what %s writes to %s; choose an --output in a folder that all "
            "nodes share",
            blind.text, blind.count == 1 ? "es" : "", doctor->hosts[0].name, doctor->folder);
    else if (doctor->topology.nodes > 1)
        pm_doctor_say(doctor, PM_FINE, "all nodes see what %s writes there", doctor->hosts[0].name);
    return PARMAP_OK;
}

/* An open-file-description lock on the whole file; 0 or errno. */
static int lock(int file)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(file, F_OFD_SETLK, &whole) == 0 ? 0 : errno;
}

/* What stands in for locks that do not work. */
static void say_lease(pm_doctor *doctor, const char *what)
{
    pm_doctor_say(
        doctor, PM_WARNING,
        "%s; mount it with locks, or know that a lease in the journal stands in for them: "
        "it takes up to %d s to tell a dead run from a living one",
        what, (int)PM_LEASE_DEAD_S);
}

/* `first` and `second`: what two locks of rank 0 gave; others[rank]: of a rank elsewhere. */
static void say_locks(pm_doctor *doctor, int first, int second, const int *others)
{
    pm_names unlocked = {.count = 0};
    char what[512];
    for (int r = 1; r < doctor->world.size; r++)
        if (others[r] == 0)
            pm_names_add(&unlocked, doctor->hosts[r].name);
    if (first) {
        snprintf(what, sizeof what, "locks are refused there (%s)", strerror(first));
        say_lease(doctor, what);
    } else if (second == 0) {
        say_lease(doctor, "locks have no effect there");
    } else if (unlocked.count > 0) {
        snprintf(what, sizeof what, "locks of %s have no effect on %s", doctor->hosts[0].name,
                 unlocked.text);
        say_lease(doctor, what);
    } else {
        pm_doctor_say(doctor, PM_FINE, "two runs cannot write one output: locks work there%s",
                      test.on_all_nodes ? ", also between nodes" : "");
    }
}

/* Leaders of other nodes try while rank 0 holds it. */
parmap_status pm_doctor_locks(pm_doctor *doctor)
{
    int first = EBADF, second = EBADF, mine = EBADF, *all;
    if (!doctor->folder[0])
        return PARMAP_OK;
    if (doctor->world.rank == 0 && test.file >= 0 && test.second >= 0) {
        first = lock(test.file);
        second = lock(test.second);
    }
    PM_TRY(pm_barrier(&doctor->world, doctor->idle));
    if (doctor->world.rank > 0 && test.file >= 0)
        mine = lock(test.file);
    PM_TRY(pm_doctor_gather(doctor, &mine, sizeof mine, &all));
    if (all && test.file >= 0)
        say_locks(doctor, first, second, all);
    free(all);
    close_test();
    return PARMAP_OK;
}

/* ---- how fast -------------------------------------------------------------------------------- */

enum { MOST_BYTES = 64 << 20, PIECE = 1 << 20 };
static const double most_s = 3, slow_bytes_per_s = 10e6;

typedef struct measured {
    int64_t bytes;
    double seconds;
    int error;
} measured;

static void write_pieces(int file, const char *piece, int64_t bytes, measured *m)
{
    for (const int64_t end = m->bytes + bytes; m->bytes < end && !m->error; m->bytes += PIECE)
        if (pwrite(file, piece, PIECE, m->bytes) != PIECE)
            m->error = errno ? errno : ENOSPC;
    if (!m->error && fdatasync(file) != 0)
        m->error = errno;
}

/* Twice as much from sync to sync, as long as the next one is likely to end in time. */
static measured write_to_disk(int file, const char *piece, int64_t most)
{
    measured m = {.bytes = 0};
    const double began = pm_now();
    for (int64_t next = PIECE; m.bytes < most && m.seconds * 3 < most_s && !m.error;
         next = m.bytes) {
        errno = 0;
        write_pieces(file, piece, next < most - m.bytes ? next : most - m.bytes, &m);
        m.seconds = pm_now() - began;
    }
    return m;
}

/* Bytes without a pattern, which no file system compresses. */
static void fill(char *piece)
{
    uint64_t state = 88172645463325252u; /* xorshift (Marsaglia 2003) */
    for (size_t i = 0; i < PIECE; i += sizeof state) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        memcpy(piece + i, &state, sizeof state);
    }
}

/* An eighth of what is free at most, and of the file size limit what there is. */
static int64_t affordable(const pm_doctor *doctor)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    getrlimit(RLIMIT_FSIZE, &limit);
    int64_t bytes = doctor->folder_free / 8 < MOST_BYTES ? doctor->folder_free / 8 : MOST_BYTES;
    if (limit.rlim_cur < (rlim_t)bytes)
        bytes = (int64_t)limit.rlim_cur;
    return bytes / PIECE * PIECE;
}

static void say_speed(pm_doctor *doctor, const measured *m)
{
    char bytes[PM_NUMBER_TEXT], seconds[PM_NUMBER_TEXT], speed[PM_NUMBER_TEXT];
    const double rate = m->seconds > 0 ? (double)m->bytes / m->seconds : 0;
    const bool slow = rate < slow_bytes_per_s;
    if (m->error)
        pm_doctor_say(doctor, PM_WRONG, "writing fails: %s; %s", strerror(m->error),
                      pm_data_way_out(m->error));
    else
        pm_doctor_say(doctor, slow ? PM_WARNING : PM_FINE,
                      "%s written and synced in %s: %s/s from one rank%s",
                      pm_format_bytes(bytes, m->bytes), pm_format_time(seconds, m->seconds),
                      pm_format_scaled(speed, rate, "B"),
                      slow ? "; choose an --output on a faster file system (scratch)" : "");
}

parmap_status pm_doctor_speed(pm_doctor *doctor)
{
    if (!doctor->folder[0] || doctor->world.rank != 0)
        return PARMAP_OK;
    const int64_t most = affordable(doctor);
    char *piece = most > 0 ? malloc(PIECE) : NULL;
    if (!piece) {
        pm_doctor_say(
            doctor, PM_WARNING,
            "not measured: there is no room for a test file; make room, or raise the file "
            "size limit");
        return PARMAP_OK;
    }
    fill(piece);
    const int file = create_test(doctor);
    measured m = {.error = file < 0 ? errno : 0};
    pm_doctor_clean();
    if (file >= 0) {
        m = write_to_disk(file, piece, most);
        close(file);
    }
    free(piece);
    say_speed(doctor, &m);
    return PARMAP_OK;
}
