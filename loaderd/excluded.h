/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes whose doings no module reports: loaderd and the readers connected to
 * it, because writing an event must not make an event. Kept in core's map
 * core_excluded, or in those of the modules that run without core.
 */
#ifndef LOADERD_EXCLUDED_H
#define LOADERD_EXCLUDED_H

#include <stdbool.h>
#include <sys/types.h>

struct excluded;

/**
 * excluded_new() - excludes this process, from the first map on.
 *
 * Return: for excluded_free(), NULL with ENOMEM.
 */
struct excluded *excluded_new(void);

/** excluded_free() - the maps keep their entries, so readers stay excluded. NULL is fine. */
void excluded_free(struct excluded *excluded);

/**
 * excluded_use_maps() - from now on these maps, and no others.
 * @fds: duplicated.
 *
 * Enters all that is excluded, and removes processes that are dead: they were
 * readers of a former loaderd. Those that live may be readers that have not
 * reconnected yet; excluded_sweep() removes what is left of them.
 *
 * Return: 0, or -ENOMEM, -EMFILE.
 */
int excluded_use_maps(struct excluded *excluded, const int *fds, size_t count);

/**
 * excluded_set() - a reader came or went. One process may have several connections.
 *
 * Return: 0, or negative errno: it is not excluded, and reports itself.
 */
int excluded_set(struct excluded *excluded, pid_t pid, bool on);

/**
 * excluded_sweep() - removes whoever is not connected. Call it when readers had time to reconnect.
 *
 * Return: how many were removed.
 */
unsigned int excluded_sweep(struct excluded *excluded);

#endif
