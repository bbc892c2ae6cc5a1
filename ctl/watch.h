/* SPDX-License-Identifier: Apache-2.0 */
/* The subscription that pulsarctl watch reads: one of its own, as long as it runs. */
#ifndef CTL_WATCH_H
#define CTL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <pulsar/event.h>

#include "ctl.h"

/* Modules to watch. Zeroed is empty. */
struct watch_modules {
	char (*names)[PULSAR_MODULE_LEN];
	size_t count;
};

/**
 * watch_modules_find() - those that were named, or all that run and have events.
 *
 * Return: 0, or an exit status with a line on stderr.
 */
int watch_modules_find(struct watch_modules *modules, const struct ctl *ctl, int argc, char **argv);

/**
 * watch_subscription() - which subscription to read.
 * @name: "watch-PID" for those who may remove it afterwards, else `default`.
 *
 * Return: whether it is one of our own, to be removed.
 */
bool watch_subscription(const struct ctl *ctl, char name[PULSAR_SUBSCRIPTION_LEN]);

/** watch_sweep() - removes what a watch that was killed has left. */
void watch_sweep(const struct ctl *ctl);

/** watch_remove() - ends our own subscription of each module. */
void watch_remove(const struct ctl *ctl, const struct watch_modules *modules, const char *name);

/** watch_is_left() - whether a subscription's name is that of a watch that is no more. */
bool watch_is_left(const char *name, pid_t holder);

#endif
