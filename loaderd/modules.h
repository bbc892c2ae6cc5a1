/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All modules together: which are wanted, in which order they come, what they
 * share. Logs what happens to each.
 */
#ifndef LOADERD_MODULES_H
#define LOADERD_MODULES_H

#include <stdbool.h>
#include <sys/types.h>

#include <linux/types.h>

#include "module.h"
#include "pin.h"

struct config;
struct modules;
struct rules;
struct stream;

/**
 * modules_new() - an empty set.
 * @pins: opened with PIN_OWN; borrowed, outlives the set.
 * @cpus: possible CPUs, see cpus_end().
 *
 * Return: a set for modules_free(), NULL with ENOMEM.
 */
struct modules *modules_new(struct pin_root *pins, unsigned int cpus);

/** modules_free() - closes all rings; pins stay, programs run on. NULL is fine. */
void modules_free(struct modules *set);

/**
 * modules_apply() - makes the set what a configuration asks for.
 * @config: borrowed until the next call.
 * @strict: at start. The first module that is wrong ends it, and what this process
 *	has pinned is removed again. Otherwise that is logged, and the others go on.
 *
 * A module that is wanted is taken over, upgraded or loaded; one that is not is
 * removed. Core comes first. A module for which a hook works in no way on this
 * kernel has failed, but is not wrong; unless all have.
 *
 * Return: 0; @strict: negative errno with *error; else the number of modules that
 * were wrong.
 */
int modules_apply(struct modules *set, const struct config *config, bool strict,
		  struct pin_error *error);

/**
 * modules_check() - judges all that a configuration asks for; nothing is loaded.
 *
 * Return: 0 with a line on stdout for each module, or negative errno with *error.
 */
int modules_check(const struct config *config, struct pin_error *error);

/** modules_find() - a module by name, NULL. */
struct module *modules_find(const struct modules *set, const char *name);

/** modules_at() - the modules in the order of their start; NULL behind the last. */
struct module *modules_at(const struct modules *set, size_t index);

/** modules_stream() - the stream whose map `events` has that id, NULL. */
struct stream *modules_stream(const struct modules *set, __u32 events_id);

/**
 * modules_start() - starts one module that is stopped or has failed.
 *
 * Return: 0; -ENOENT no such module; -EALREADY it runs; another negative errno with *error.
 */
int modules_start(struct modules *set, const char *name, struct pin_error *error);

/**
 * modules_stop() - detaches a module and removes its pins, subscriptions included.
 *
 * Return: 0; -ENOENT no such module; -EALREADY it does not run; another negative
 * errno with *error.
 */
int modules_stop(struct modules *set, const char *name, struct pin_error *error);

/**
 * modules_filter() - the rules of a module's filter.
 *
 * Return: borrowed; NULL if the module does not run, or has no events.
 */
const struct rules *modules_filter(const struct modules *set, const struct module *module);

/**
 * modules_set_filter() - replaces the rules of a module's filter, until the configuration is read again.
 * @error: on success "", or what a rule names and is not there.
 *
 * Return: 0; -ENOENT no such module, or it does not run, or core does not; another
 * negative errno with *error: the rules are as before.
 */
int modules_set_filter(struct modules *set, const char *name, const struct rules *rules,
		       struct pin_error *error);

/**
 * modules_teardown() - stops all modules, core last.
 *
 * Return: 0, or the first negative errno with *error; the others were stopped all the same.
 */
int modules_teardown(struct modules *set, struct pin_error *error);

/** modules_attached() - a reader came or went: it is excluded from all modules, or no more. */
void modules_attached(struct modules *set, pid_t pid, bool on);

/** modules_sweep() - readers of a former loaderd had time to come back: forget those that did not. */
void modules_sweep(struct modules *set);

#endif
