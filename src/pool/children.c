/* Children by id.  Whoever finds one ended takes it off the list and frees its record, unless
 * others still wait on that: then the last of them does.  Copies of its handle are answered from
 * what is remembered. */
#include "pool/children.h"

#include "pool/command.h"
#include "pool/say.h"
#include "pool/watchdog.h"

#include "share/object.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ENDED = 1 };

/* ---- with the mutex held --------------------------------------------------------------------- */

static pm_child **link_of(pm_context *c, int64_t id)
{
    pm_child **link = &c->oldest;
    while (*link && (*link)->process.id != id)
        link = &(*link)->next;
    return link;
}

static void take_off(pm_context *c, pm_child **link)
{
    pm_child *child = *link;
    *link = child->next;
    if (c->newest == &child->next)
        c->newest = link;
    c->children_live--;
    pm_heap_free(child->record, PM_KIND_PROCESS);
    free(child);
}

/* The first that is remembered with this id or a larger one. */
static int64_t place_of(const pm_context *c, int64_t id)
{
    int64_t low = 0, high = c->ended_count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (c->ended[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_remembered(const pm_context *c, int64_t id, int *exit_code)
{
    const int64_t at = place_of(c, id);
    if (at == c->ended_count || c->ended[at].id != id)
        return false;
    *exit_code = c->ended[at].exit_code;
    return true;
}

static bool make_room(pm_context *c)
{
    if (c->ended_count < c->ended_room)
        return true;
    const int64_t room = c->ended_room > 0 ? 2 * c->ended_room : 16;
    pm_ended *larger = realloc(c->ended, (size_t)room * sizeof *larger);
    if (!larger)
        return false;
    c->ended = larger;
    c->ended_room = room;
    return true;
}

/* Nearly always the newest. */
static parmap_status remember(pm_context *c, int64_t id, int exit_code)
{
    if (!make_room(c))
        return pm_fail(PARMAP_SYSTEM, "out of memory for %" PRId64 " exit codes", c->ended_count);
    const int64_t at = place_of(c, id);
    memmove(c->ended + at + 1, c->ended + at, (size_t)(c->ended_count - at) * sizeof *c->ended);
    c->ended[at] = (pm_ended){id, exit_code};
    c->ended_count++;
    return PARMAP_OK;
}

/* Whether it has ended; then it is taken off if nobody else waits on its record. */
static parmap_status look_at(pm_context *c, pm_child **link, bool *ended, int *exit_code)
{
    pm_child *child = *link;
    uint64_t word = ENDED;
    if (!child->ended)
        PM_TRY(pm_load(child->record, PM_RECORD_WORD, &word));
    *ended = (uint32_t)word == ENDED;
    if (!*ended)
        return PARMAP_OK;
    if (!child->ended)
        child->process.exit_code = (int)(int32_t)(word >> 32);
    child->ended = true;
    *exit_code = child->process.exit_code;
    if (child->users > 0)
        return PARMAP_OK;
    PM_TRY(remember(c, child->process.id, *exit_code));
    take_off(c, link);
    return PARMAP_OK;
}

/* Those that have ended and that nobody joins do not pile up. */
static void tidy(pm_context *c)
{
    pm_child **link = &c->oldest;
    while (*link) {
        const pm_child *before = *link;
        bool ended;
        int exit_code;
        if (look_at(c, link, &ended, &exit_code) != PARMAP_OK || *link == before)
            link = &(*link)->next;
    }
    c->children_kept = c->children_live;
}

/* ---- adding ---------------------------------------------------------------------------------- */

parmap_status pm_children_add(pm_context *context, parmap_process *process)
{
    pm_ref record;
    pm_child *child = malloc(sizeof *child);
    const parmap_status status =
        child ? pm_create(PM_KIND_PROCESS, 0, PM_RECORD_BYTES, &process->handle, &record)
              : pm_fail(PARMAP_SYSTEM, "out of memory for %s", process->name);
    if (status != PARMAP_OK) {
        free(child);
        return status;
    }
    *child = (pm_child){.process = *process, .record = record};
    pthread_mutex_lock(&context->mutex);
    if (context->children_live > 2 * context->children_kept + 16)
        tidy(context);
    *context->newest = child;
    context->newest = &child->next;
    context->children_live++;
    pthread_mutex_unlock(&context->mutex);
    return PARMAP_OK;
}

void pm_children_take_back(pm_context *context, int64_t id)
{
    pthread_mutex_lock(&context->mutex);
    take_off(context, link_of(context, id));
    pthread_mutex_unlock(&context->mutex);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static parmap_status refuse_stranger(const pm_context *c, int64_t id)
{
    return pm_fail(PARMAP_USAGE,
                   "%s has not started the process with id %" PRId64
                   "; only the one that started it can join, watch and terminate it",
                   c->self.name, id);
}

/* Without the mutex, as a user of the child. */
static parmap_status sleep_on(const pm_child *child, pm_deadline deadline)
{
    pm_pulse pulse = pm_pulse_start(child->process.rank);
    const pm_watch watch = {pm_pulse_look, &pulse};
    for (bool over = deadline.at == 0;;) {
        uint64_t word;
        PM_TRY(pm_load(child->record, PM_RECORD_WORD, &word));
        if ((uint32_t)word == ENDED)
            return PARMAP_OK;
        if (over)
            return PARMAP_TIMED_OUT;
        const parmap_status status =
            pm_block_on(child->record, PM_RECORD_WORD, 0, deadline, &watch);
        over = status == PARMAP_TIMED_OUT;
        if (!over)
            PM_TRY(status);
    }
}

/* Who waits for another process leaves it the core. */
static parmap_status rest_on(const pm_child *child, pm_deadline deadline)
{
    if (pm_executor_self() == 0)
        return PARMAP_SYSTEM;
    pm_executor_rest(true);
    const parmap_status status = sleep_on(child, deadline);
    pm_executor_rest(false);
    return status;
}

parmap_status pm_children_await(pm_context *c, int64_t id, pm_deadline deadline, int *exit_code)
{
    bool ended = true;
    parmap_status status = PARMAP_OK;
    pthread_mutex_lock(&c->mutex);
    pm_child *child = *link_of(c, id);
    if (child) {
        child->users++;
        pthread_mutex_unlock(&c->mutex);
        status = rest_on(child, deadline);
        pthread_mutex_lock(&c->mutex);
        child->users--;
        const parmap_status looked = look_at(c, link_of(c, id), &ended, exit_code);
        status = status == PARMAP_OK || ended ? looked : status;
    } else if (!is_remembered(c, id, exit_code)) {
        status = refuse_stranger(c, id);
    }
    pthread_mutex_unlock(&c->mutex);
    return status;
}

parmap_status pm_children_list(pm_context *c, parmap_process *children, int64_t capacity,
                               int64_t *count)
{
    int64_t n = 0;
    pthread_mutex_lock(&c->mutex);
    tidy(c);
    for (const pm_child *child = c->oldest; child; child = child->next)
        if (!child->ended && n++ < capacity)
            children[n - 1] = child->process;
    pthread_mutex_unlock(&c->mutex);
    *count = n;
    return PARMAP_OK;
}

/* ---- terminating ----------------------------------------------------------------------------- */

parmap_status pm_children_terminate(pm_context *c, int64_t id)
{
    int exit_code, rank = -1;
    parmap_status status = PARMAP_OK;
    pthread_mutex_lock(&c->mutex);
    pm_child *child = *link_of(c, id);
    if (child) {
        child->terminated = true;
        rank = child->process.rank;
    } else if (!is_remembered(c, id, &exit_code)) {
        status = refuse_stranger(c, id);
    }
    pthread_mutex_unlock(&c->mutex);
    return rank >= 0 ? pm_command_send_short(rank, PM_COMMAND_TERMINATE, id) : status;
}

/* ---- the end --------------------------------------------------------------------------------- */

static bool oldest(pm_context *c, parmap_process *process, bool *terminated)
{
    pthread_mutex_lock(&c->mutex);
    const pm_child *child = c->oldest;
    if (child) {
        *process = child->process;
        *terminated = child->terminated;
    }
    pthread_mutex_unlock(&c->mutex);
    return child != NULL;
}

/* The id of a daemon that was not terminated yet; 0 = there is none. */
static int64_t next_daemon(pm_context *c)
{
    pthread_mutex_lock(&c->mutex);
    const pm_child *child = c->oldest;
    while (child && (!child->process.daemon || child->terminated))
        child = child->next;
    const int64_t id = child ? child->process.id : 0;
    pthread_mutex_unlock(&c->mutex);
    return id;
}

static void terminate_daemons(pm_context *c)
{
    for (int64_t id; (id = next_daemon(c)) != 0;)
        if (pm_children_terminate(c, id) != PARMAP_OK)
            pm_say_and_abort("a daemon of %s could not be terminated: %s", c->self.name,
                             parmap_message());
}

static void await_end(pm_context *c, const parmap_process *child, bool terminated, pm_watchdog *dog)
{
    const char *node = pm_window_node((uint32_t)child->rank);
    parmap_status status;
    int exit_code;
    while ((status = pm_children_await(c, child->id, pm_deadline_in(pm_watchdog_left(dog)),
                                       &exit_code)) == PARMAP_TIMED_OUT) {
        if (terminated)
            pm_say_and_abort("%s on rank %d on %s was terminated, and has not ended for %.0f s; a "
                             "process must come back to parmap now and then, or ask "
                             "parmap_cancelled(); the job is ended",
                             child->name, child->rank, node, pm_watchdog_waited(dog));
        pm_watchdog_bark(dog, "%s on rank %d on %s to end", child->name, child->rank, node);
    }
    if (status != PARMAP_OK)
        pm_say_and_abort("cannot wait for %s on rank %d: %s", child->name, child->rank,
                         parmap_message());
}

/* The other threads of the context start nothing any more; they may join. */
void pm_children_end(pm_context *c)
{
    parmap_process child;
    bool terminated;
    terminate_daemons(c);
    while (oldest(c, &child, &terminated)) {
        pm_watchdog dog = pm_watchdog_start();
        await_end(c, &child, terminated, &dog);
    }
    pthread_mutex_lock(&c->mutex);
    free(c->ended);
    c->ended = NULL;
    c->ended_count = c->ended_room = 0;
    pthread_mutex_unlock(&c->mutex);
}

void pm_record_publish(const parmap_handle *record, int exit_code)
{
    const pm_ref ref = pm_handle_ref(record);
    const uint64_t word = (uint64_t)(uint32_t)exit_code << 32 | ENDED;
    if (pm_store(ref, PM_RECORD_WORD, word) == PARMAP_OK)
        pm_wake_word(ref, PM_RECORD_WORD, PM_WAKE_ALL); /* the parent may have freed it by now */
}
