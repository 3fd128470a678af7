/* The lock of an output: between processes, and between machines by the lease alone. */
#include "store/lock.h"

#include "base/hash.h"

#include "check.h"
#include "unit/journals.h"
#include "unit/pretend.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

static pm_lock lock;
static bool had_journal;

static parmap_status take(void)
{
    pretend.slept_ms = 0;
    return pm_lock_take(&lock, output, &had_journal);
}

static void check_taken(bool had)
{
    CHECK_INT(take(), PARMAP_OK);
    CHECK(lock.fd >= 0);
    CHECK(had_journal == had);
    CHECK(pm_lock_is_ours(&lock, output));
    CHECK(!exists("result.h5.journal-0.taking"));
}

static void check_refused(const char *part)
{
    const parmap_status status = take();
    CHECK_INT(status, PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), "result.h5 is being written by another run");
    CHECK_HOLDS(parmap_message(), part);
    CHECK_INT(lock.fd, -1);
    CHECK(!exists("result.h5.journal-0.taking"));
    if (status == PARMAP_OK)
        pm_lock_release(&lock);
}

static void end(void)
{
    pm_journal_remove(output);
    pm_lock_release(&lock);
    CHECK_INT(lock.fd, -1);
    pm_lock_release(&lock); /* releasing twice is fine */
}

static void pretend_nothing(void)
{
    memset(&pretend, 0, sizeof pretend);
}

/* ---- locks that work ------------------------------------------------------------------------- */

static void none(void)
{
    pm_lease who;
    CHECK(!pm_lock_is_held(output, NULL));
    CHECK(!pm_lock_is_held(output, &who));
    lock.fd = -1;
    pm_lock_release(&lock);
    CHECK_INT(pm_lock_take(&lock, "nowhere/x.h5", &had_journal), PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), "nowhere/x.h5.journal-0");
    CHECK_INT(lock.fd, -1);
}

static void take_and_release(void)
{
    pm_lock second;
    pm_lease who;
    char process[32];
    snprintf(process, sizeof process, "process %d)", (int)getpid());
    check_taken(false);
    CHECK(pm_lock_is_held(output, NULL));
    CHECK(pm_lock_is_held(output, &who));
    CHECK_INT(who.pid, getpid());
    CHECK(exists(journal(0)));
    CHECK_INT(pm_lock_take(&second, output, &had_journal), PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), process);
    CHECK_INT(second.fd, -1);
    pm_lock_release(&lock);
    CHECK_INT(lock.fd, -1);
    CHECK(!pm_lock_is_held(output, &who));
    CHECK_INT(who.pid, 0);
    CHECK(exists(journal(0)));
    check_taken(true);
    end();
    CHECK(!exists(journal(0)));
}

/* A child that holds the lock until it is killed; its process id. */
static pid_t start_holder(void)
{
    int ready[2];
    char byte = 0;
    CHECK(pipe(ready) == 0);
    const pid_t child = fork();
    if (child == 0) {
        const pm_journal_head head = head_of(3);
        const bool good =
            take() == PARMAP_OK && pm_journal_create(output, 0, 1, &head) == PARMAP_OK;
        if (write(ready[1], good ? "y" : "n", 1) != 1)
            _exit(1);
        alarm(60);
        for (;;)
            pause();
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    CHECK(byte == 'y');
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void end_holder(pid_t child)
{
    CHECK(kill(child, SIGKILL) == 0);
    CHECK(waitpid(child, NULL, 0) == child);
}

static void another_process(void)
{
    char host[PM_HOST_NAME], whole[128];
    CHECK(setenv("SLURM_JOB_ID", "4711", 1) == 0);
    const pid_t child = start_holder();
    CHECK(unsetenv("SLURM_JOB_ID") == 0);
    CHECK(gethostname(host, sizeof host) == 0);
    snprintf(whole, sizeof whole, "(host %s, process %d, job 4711)", host, (int)child);
    CHECK(pm_lock_is_held(output, NULL));
    check_refused(whole);
    end_holder(child);
    CHECK(!pm_lock_is_held(output, NULL));
    CHECK(exists(journal(0)));
    check_taken(true);
    end();
}

/* Asking who runs, opening for marks and reading must not drop the lock, as closing a file that is
 * locked in the older way would. */
static void other_descriptors(void)
{
    const pm_journal_head head = head_of(10);
    pm_journal marks;
    check_taken(false);
    CHECK_INT(pm_journal_create(output, 0, 1, &head), PARMAP_OK);
    CHECK_INT(pm_journal_open(&marks, output, 0, true), PARMAP_OK);
    CHECK_INT(pm_journal_mark(&marks, 3, 1, 0), PARMAP_OK);
    pm_journal_close(&marks);
    CHECK(pm_lock_is_held(output, NULL));
    CHECK(pm_lock_is_held(output, NULL));
    pm_lock second;
    CHECK_INT(pm_lock_take(&second, output, &had_journal), PARMAP_CANNOT_CREATE);
    end();
}

static void is_ours(void)
{
    check_taken(false);
    CHECK(rename(journal(0), "elsewhere") == 0);
    CHECK(!pm_lock_is_ours(&lock, output));
    close(open(journal(0), O_CREAT | O_RDWR, 0600));
    CHECK(!pm_lock_is_ours(&lock, output));
    CHECK(rename("elsewhere", journal(0)) == 0);
    CHECK(pm_lock_is_ours(&lock, output));
    end();
}

/* One at a time: the child ends with 1 where two have the lock. */
static void take_by_turns(int rounds, _Atomic int *holders)
{
    for (int round = 0; round < rounds;) {
        if (take() != PARMAP_OK)
            continue;
        if (atomic_fetch_add(holders, 1) != 0)
            _exit(1);
        atomic_fetch_sub(holders, 1);
        end();
        round++;
    }
    _exit(0);
}

/* Of many processes that start at once and end by removing the journal, one at a time gets it. */
static void race(int rounds)
{
    enum { RACERS = 8 };
    pid_t children[RACERS];
    _Atomic int *holders =
        mmap(NULL, sizeof *holders, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int c = 0; c < RACERS; c++)
        if ((children[c] = fork()) == 0)
            take_by_turns(rounds, holders);
    for (int c = 0; c < RACERS; c++) {
        int status = -1;
        CHECK(waitpid(children[c], &status, 0) == children[c]);
        CHECK_INT(status, 0);
    }
    CHECK(!pm_journal_exists(output));
    munmap((void *)holders, sizeof *holders);
}

static void race_for_locks(void)
{
    race(10);
}

/* ---- the lease ------------------------------------------------------------------------------- */

static void put_lease(int fd, pm_lease *lease)
{
    lease->check = pm_hash_block((char *)lease + 8, sizeof *lease - 8, 0);
    CHECK(pwrite(fd, lease, sizeof *lease, LEASE_AT) == (ssize_t)sizeof *lease);
}

static pm_lease get_lease(void)
{
    pm_lease lease;
    const int fd = open(journal(0), O_RDONLY);
    CHECK(pread(fd, &lease, sizeof lease, LEASE_AT) == (ssize_t)sizeof lease);
    close(fd);
    return lease;
}

static void layout(void)
{
    pm_host here;
    const pm_journal_head head = head_of(10);
    const int64_t before = time(NULL);
    pm_host_describe(&here);
    CHECK_INT(sizeof(pm_lease), 256);
    check_taken(false);
    CHECK_INT(pm_journal_create(output, 0, 1, &head), PARMAP_OK); /* which leaves it there */
    const pm_lease lease = get_lease();
    CHECK_INT(lease.check, pm_hash_block((const char *)&lease + 8, 256 - 8, 0));
    CHECK_TEXT(lease.host, here.name);
    CHECK_TEXT(lease.job, "");
    CHECK_INT(lease.boot, here.boot);
    CHECK_INT(lease.process_space, here.process_space);
    CHECK_INT(lease.pid, getpid());
    CHECK(lease.started > 0);
    CHECK(lease.seconds >= before && lease.seconds <= time(NULL));
    end();
}

/* It beats while the lock is held, without harm to the header.  The clock is behind, so that a rest
 * of ten seconds takes ten milliseconds. */
static void beats(void)
{
    const pm_journal_head head = head_of(10);
    pm_journal_head got;
    pm_lease lease;
    pretend.clock_slow_s = PM_LEASE_BEAT_S - 0.01;
    check_taken(false);
    CHECK_INT(pm_journal_create(output, 0, 1, &head), PARMAP_OK);
    const int64_t first = get_lease().beat;
    for (int i = 0; i < 3000 && get_lease().beat < first + 3; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    CHECK(get_lease().beat >= first + 3);
    pm_lock_release(&lock);
    lease = get_lease();
    CHECK_INT(lease.pid, 0);
    CHECK_INT(lease.check, pm_hash_block((char *)&lease + 8, sizeof lease - 8, 0));
    nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
    CHECK_INT(get_lease().beat, lease.beat);
    const int fd = open(journal(0), O_RDONLY);
    CHECK(pm_journal_head_read(fd, &got));
    CHECK_INT(got.blocks, 10);
    close(fd);
    pm_journal_remove(output);
    pretend_nothing();
}

/* A writer that is made up: a living process of this host, unless it is changed. */
static pm_lease writer;
static int writer_fd = -1;
static int64_t event_ms; /* when something happens to it, */
static void (*event)(void);

static void go_on(int64_t slept_ms)
{
    if (event && slept_ms >= event_ms) {
        void (*now)(void) = event;
        event = NULL;
        now();
    }
}

/* Its lease as this process would write it, in a journal that is otherwise blank. */
static void begin_writer(void)
{
    check_taken(false);
    writer = get_lease();
    end();
    writer_fd = open(journal(0), O_RDWR | O_CREAT, 0600);
    CHECK(ftruncate(writer_fd, SLOTS_AT) == 0);
    pretend.no_sleep = true;
    pretend.sleeping = go_on;
    event = NULL;
}

static void end_writer(void)
{
    close(writer_fd);
    pm_journal_remove(output);
}

static void far_writer(void)
{
    begin_writer();
    strcpy(writer.host, "far-away");
    strcpy(writer.job, "99");
    writer.pid = 123456;
    writer.beat = 17;
}

static const char far_words[] = "(host far-away, process 123456, job 99)";

/* The verdict must come after so many seconds of watching. */
static void check_slept(int64_t least_s, int64_t most_s)
{
    CHECK(pretend.slept_ms >= least_s * 1000);
    CHECK(pretend.slept_ms <= most_s * 1000);
}

/* Puts the writer's lease there and sees it found dead, or alive, after so long. */
static void check_dead(int64_t least_s, int64_t most_s)
{
    put_lease(writer_fd, &writer);
    check_taken(true);
    check_slept(least_s, most_s);
    CHECK_INT(get_lease().pid, getpid());
    pm_lock_release(&lock);
    end_writer();
}

static void check_alive(const char *part, int64_t least_s, int64_t most_s)
{
    put_lease(writer_fd, &writer);
    check_refused(part);
    check_slept(least_s, most_s);
    pm_lease now = get_lease();
    CHECK_INT(now.pid, writer.pid); /* and is not touched */
    CHECK_TEXT(now.host, writer.host);
    end_writer();
}

static void same_host(void)
{
    static const int refusals[] = {ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL};
    char process[32];
    snprintf(process, sizeof process, "process %d)", (int)getpid());
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        pretend.no_locks = refusals[i];
        begin_writer();
        check_alive(process, 0, 0);
        begin_writer();
        writer.started++; /* the number of the process was used again */
        check_dead(0, 0);
        begin_writer();
        writer.boot++;
        check_dead(0, 0);
        begin_writer();
        writer.pid = 0; /* it was released */
        check_dead(0, 0);
    }
    pretend_nothing();
}

static void killed_writer(void)
{
    pretend.no_locks = ENOLCK;
    pid_t child = start_holder();
    check_refused("process");
    CHECK(pm_lock_is_held(output, NULL));
    CHECK(kill(child, SIGKILL) == 0);
    siginfo_t info;
    CHECK(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
    CHECK(!pm_lock_is_held(output, NULL)); /* though nobody has looked at the dead process yet */
    check_taken(true);
    CHECK(waitpid(child, NULL, 0) == child);
    end();
    pretend_nothing();
}

static void next_beat(void)
{
    writer.beat++;
    put_lease(writer_fd, &writer);
}

static void release_writer(void)
{
    writer.pid = 0;
    put_lease(writer_fd, &writer);
}

static void other_writer(void)
{
    writer.pid++;
    put_lease(writer_fd, &writer);
}

static void tear(void)
{
    CHECK(pwrite(writer_fd, "torn", 4, LEASE_AT + 20) == 4);
    event = next_beat;
    event_ms += 300;
}

static void at(int64_t ms, void (*what)(void))
{
    event_ms = ms;
    event = what;
}

/* Of another host only watching tells, whatever its clock says. */
static void other_host(void)
{
    static const int64_t clocks[] = {0, -1000000, 1000000};
    pretend.no_locks = ENOLCK;
    for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
        far_writer();
        writer.seconds = time(NULL) + clocks[i];
        check_dead(PM_LEASE_DEAD_S, PM_LEASE_DEAD_S + 1);
        far_writer();
        writer.seconds = time(NULL) + clocks[i];
        at(1000 * PM_LEASE_DEAD_S - 1000, next_beat);
        check_alive(far_words, PM_LEASE_DEAD_S - 1, PM_LEASE_DEAD_S);
    }
    far_writer();
    at(20000, release_writer);
    check_dead(20, 21);
    far_writer();
    at(5000, other_writer);
    check_alive("far-away", 5, 6);
    pretend_nothing();
}

/* What is read while it is being written says nothing. */
static void torn(void)
{
    pretend.no_locks = ENOLCK;
    far_writer();
    at(5000, tear);
    check_alive(far_words, 5, 7);
    far_writer();
    put_lease(writer_fd, &writer);
    damage(journal(0), LEASE_AT + 20, 1); /* for good: nobody can be told from it */
    check_taken(true);
    CHECK(pretend.slept_ms > 0);
    pm_lock_release(&lock);
    end_writer();
    pretend_nothing();
}

/* Containers of one machine may not see each other's processes. */
static void hidden_process(void)
{
    pretend.no_locks = ENOLCK;
    for (int i = 0; i < 2; i++) {
        for (int alive = 0; alive < 2; alive++) {
            begin_writer();
            if (i == 0)
                writer.process_space++;
            else
                writer.started = 0;
            if (alive) {
                at(12000, next_beat);
                check_alive("process", 12, 13);
            } else {
                check_dead(PM_LEASE_DEAD_S, PM_LEASE_DEAD_S + 1);
            }
        }
    }
    pretend_nothing();
}

/* Locks that may hold on one machine only: a lease that is old is dead, a young one is watched for
 * a beat. */
static void network(void)
{
    pretend.network = true;
    far_writer();
    check_dead(PM_LEASE_BEAT_S, 2 * PM_LEASE_BEAT_S);
    far_writer();
    at(1000 * PM_LEASE_BEAT_S, next_beat);
    check_alive(far_words, PM_LEASE_BEAT_S, 2 * PM_LEASE_BEAT_S);
    far_writer();
    writer.seconds -= PM_LEASE_DEAD_S + 5;
    check_dead(0, 0);
    far_writer();
    writer.seconds += PM_LEASE_DEAD_S + 5;
    check_dead(0, 0);
    begin_writer();
    check_alive("process", 0, 0);
    pretend_nothing();
    far_writer(); /* a local one: the lock is enough */
    check_dead(0, 0);
    pretend_nothing();
}

/* The lock tells first also there. */
static void network_lock(void)
{
    pretend.network = true;
    const pid_t child = start_holder();
    check_refused("process");
    CHECK(pm_lock_is_held(output, NULL));
    end_holder(child);
    CHECK(!pm_lock_is_held(output, NULL));
    check_taken(true);
    end();
    pretend_nothing();
}

/* Without watching. */
static void is_held(void)
{
    static const struct {
        int no_locks;
        bool network, held;
        int64_t age;
    } cases[] = {{ENOLCK, true, true, 0},   {ENOLCK, true, true, 50},   {ENOLCK, true, false, 70},
                 {ENOLCK, false, true, 50}, {ENOLCK, false, false, 70}, {0, true, true, 50},
                 {0, true, false, 70},      {0, false, false, 0}};
    pm_lease who;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pretend.no_locks = cases[i].no_locks;
        pretend.network = cases[i].network;
        far_writer();
        writer.seconds = time(NULL) - cases[i].age;
        put_lease(writer_fd, &writer);
        CHECK(pm_lock_is_held(output, &who) == cases[i].held);
        CHECK_TEXT(who.host, "far-away");
        CHECK_INT(pretend.slept_ms, 0);
        end_writer();
    }
    pretend_nothing();
}

/* ---- taking without locks -------------------------------------------------------------------- */

/* While somebody waits for its lease, the other run ends: it removes its journal, and says so in
 * what is no longer there. */
static void remove_and_release(void)
{
    pm_journal_remove(output);
    release_writer();
}

static void remove_only(void)
{
    pm_journal_remove(output);
}

static void removed_meanwhile(void)
{
    pretend.no_locks = ENOLCK;
    for (int i = 0; i < 2; i++) {
        far_writer();
        put_lease(writer_fd, &writer);
        at(9000, i == 0 ? remove_and_release : remove_only);
        check_taken(false); /* one of its own, with a name */
        close(writer_fd);
        end();
    }
    pretend_nothing();
}

/* One that was killed while it looked leaves this behind. */
static void taking(void)
{
    static const char name[] = "result.h5.journal-0.taking";
    const struct timeval old[2] = {{.tv_sec = time(NULL) - 1000}, {.tv_sec = time(NULL) - 1000}};
    pretend.no_locks = ENOLCK;
    pretend.no_sleep = true;
    close(open(name, O_CREAT | O_RDWR, 0600));
    CHECK(utimes(name, old) == 0);
    check_taken(false);
    CHECK_INT(pretend.slept_ms, 0);
    end();
    close(open(name, O_CREAT | O_RDWR, 0600)); /* somebody looks right now, and does not end */
    check_taken(false);
    check_slept(PM_LEASE_DEAD_S, 10 * PM_LEASE_DEAD_S);
    end();
    pretend_nothing();
}

/* Short at first, so that the race is one, and then so long that nobody gives up who waits for a
 * machine that is busy. */
static void sleep_little(int64_t slept_ms)
{
    const long ns = slept_ms < 5000 ? 100000 : 20000000;
    syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = ns}, NULL);
}

static void race_for_leases(void)
{
    pretend.no_locks = ENOLCK;
    pretend.no_sleep = true;
    pretend.sleeping = sleep_little;
    race(8);
    pretend_nothing();
}

int main(void)
{
    static const check_case cases[] = {
        {"lock: none", none},
        {"lock: take and release", take_and_release},
        {"lock: another process", another_process},
        {"lock: other descriptors", other_descriptors},
        {"lock: is ours", is_ours},
        {"lock: race", race_for_locks},
        {"lease: layout", layout},
        {"lease: beats", beats},
        {"lease: same host", same_host},
        {"lease: killed writer", killed_writer},
        {"lease: other host", other_host},
        {"lease: torn", torn},
        {"lease: hidden process", hidden_process},
        {"lease: network file system", network},
        {"lease: lock on a network file system", network_lock},
        {"lease: is held", is_held},
        {"lease: removed meanwhile", removed_meanwhile},
        {"lease: taking", taking},
        {"lease: race", race_for_leases},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
