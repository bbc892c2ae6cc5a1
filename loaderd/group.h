/* SPDX-License-Identifier: Apache-2.0 */
/* Groups by name. */
#ifndef LOADERD_GROUP_H
#define LOADERD_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "pin.h"

/**
 * group_find() - the number of a group.
 * @name: of the group, or its number.
 * @gid: untouched on failure.
 *
 * Return: 0; -ENOENT there is no such group; another negative errno of getgrnam_r(3).
 */
int group_find(const char *name, gid_t *gid, struct pin_error *error);

/**
 * group_find_default() - the same for a group that may be missing: then root's, 0.
 * @missing: set if it was.
 */
int group_find_default(const char *name, gid_t *gid, bool *missing, struct pin_error *error);

#endif
