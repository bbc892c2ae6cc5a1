/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells when CPUs may have come online.
 */
#ifndef LOADERD_HOTPLUG_H
#define LOADERD_HOTPLUG_H

#include <systemd/sd-event.h>

struct hotplug;

/**
 * hotplug_new() - call @changed when a CPU may have come online or gone
 * @event: the daemon's loop, referenced
 * @changed: looks for itself what is different, which may be nothing
 *
 * Call it before the daemon confines itself and before it reads the list of CPUs.
 *
 * Return: a watch, or NULL with errno.
 */
struct hotplug *hotplug_new(sd_event *event, void (*changed)(void *arg), void *arg);

/* NULL is fine. */
void hotplug_free(struct hotplug *hotplug);

#endif
