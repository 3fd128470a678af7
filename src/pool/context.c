/* Contexts, and the calls at their end. */
#include "pool/context.h"

#include "pool/children.h"
#include "pool/process.h"
#include "pool/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pm_context main_context = {
    .self = {.exit_code = PARMAP_ALIVE, .name = "MainProcess"},
    .parent = {.id = -1, .exit_code = PARMAP_ALIVE},
    .cancel = {.name = "MainProcess", .mutex = PTHREAD_MUTEX_INITIALIZER},
    .mutex = PTHREAD_MUTEX_INITIALIZER,
    .newest = &main_context.oldest,
};

static _Thread_local pm_caller caller = {.context = &main_context, .thread_name = "MainThread"};

/* ---- who calls ------------------------------------------------------------------------------- */

pm_context *pm_context_self(void)
{
    return caller.context;
}

void pm_context_renew(void)
{
    pthread_mutex_lock(&main_context.mutex);
    main_context.ending = false;
    main_context.children_ever = 0;
    pthread_mutex_unlock(&main_context.mutex);
}

bool pm_context_is_main(const pm_context *context)
{
    return context == &main_context;
}

void pm_caller_set(const pm_caller *self)
{
    caller = *self;
    pm_cancel_mine = pm_context_is_main(self->context) ? NULL : &self->context->cancel;
}

const pm_caller *pm_caller_self(void)
{
    return &caller;
}

void pm_caller_end(int code)
{
    if (!caller.exit_code)
        return;
    *caller.exit_code = code;
    pthread_exit(NULL);
}

parmap_process parmap_process_current(void)
{
    parmap_process self = caller.context->self;
    if (pm_context_is_main(caller.context))
        self.rank = parmap_rank();
    return self;
}

parmap_process parmap_process_parent(void)
{
    return caller.context->parent;
}

bool parmap_cancelled(void)
{
    return pm_cancelled();
}

const char *parmap_thread_name(void)
{
    return caller.thread_name;
}

/* ---- making and freeing ---------------------------------------------------------------------- */

pm_context *pm_context_create(const parmap_process *self, const parmap_process *parent,
                              const char *path)
{
    pm_context *context = calloc(1, sizeof *context);
    if (!context)
        return NULL;
    context->self = *self;
    context->parent = *parent;
    snprintf(context->path, sizeof context->path, "%s", path);
    snprintf(context->cancel.name, sizeof context->cancel.name, "%s", self->name);
    context->newest = &context->oldest;
    atomic_init(&context->holders, 1);
    pthread_mutex_init(&context->mutex, NULL);
    pthread_mutex_init(&context->cancel.mutex, NULL);
    return context;
}

void pm_context_hold(pm_context *context)
{
    atomic_fetch_add(&context->holders, 1);
}

void pm_context_drop(pm_context *context)
{
    if (pm_context_is_main(context) || atomic_fetch_sub(&context->holders, 1) > 1)
        return;
    pthread_mutex_destroy(&context->mutex);
    pthread_mutex_destroy(&context->cancel.mutex);
    free(context);
}

/* ---- the end --------------------------------------------------------------------------------- */

parmap_status pm_process_at_end(void (*call)(void *context), void *context)
{
    pm_context *self = caller.context;
    pm_at_end *entry = malloc(sizeof *entry);
    if (!entry)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a call at the end of %s", self->self.name);
    pthread_mutex_lock(&self->mutex);
    *entry = (pm_at_end){call, context, self->at_end};
    self->at_end = entry;
    pthread_mutex_unlock(&self->mutex);
    return PARMAP_OK;
}

/* The latest that `call` and `context` name, or whichever is the latest; NULL = none. */
static pm_at_end *take_off(pm_context *self, void (*call)(void *context), void *context)
{
    pthread_mutex_lock(&self->mutex);
    pm_at_end **link = &self->at_end;
    while (call && *link && ((*link)->call != call || (*link)->context != context))
        link = &(*link)->next;
    pm_at_end *entry = *link;
    if (entry)
        *link = entry->next;
    pthread_mutex_unlock(&self->mutex);
    return entry;
}

void pm_process_not_at_end(void (*call)(void *context), void *context)
{
    free(take_off(caller.context, call, context));
}

static void call_what_is_to_be_called(pm_context *self)
{
    for (pm_at_end *entry; (entry = take_off(self, NULL, NULL)) != NULL; free(entry))
        entry->call(entry->context);
}

/* Threads first, as in Python: what they start is ended with the rest. */
void pm_context_end(pm_context *context)
{
    pm_cancel_mine = NULL;
    pm_threads_end(context);
    pthread_mutex_lock(&context->mutex);
    context->ending = true;
    pthread_mutex_unlock(&context->mutex);
    call_what_is_to_be_called(context);
    pm_children_end(context);
}
