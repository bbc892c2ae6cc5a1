// SPDX-License-Identifier: Apache-2.0
/* Groups by name; getgrnam_r(3). */
#include "group.h"

#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdlib.h>

#include "error.h"
#include "value.h"

/* A group with very many members needs more; then its number can be given. */
#define GROUP_BUFFER (64 * 1024)

int group_find(const char *name, gid_t *gid, struct pin_error *error)
{
	struct group group, *found = NULL;
	uint64_t number;
	char *buffer;
	int err;

	if (!value_unsigned(name, &number) && number < (gid_t)-1) {
		*gid = (gid_t)number;
		return 0;
	}
	buffer = malloc(GROUP_BUFFER);
	if (!buffer)
		return error_set(error, -ENOMEM, "no memory");
	err = -getgrnam_r(name, &group, buffer, GROUP_BUFFER, &found);
	if (found)
		*gid = group.gr_gid;
	else if (!err || err == -ESRCH)
		err = -ENOENT;
	free(buffer);
	if (err == -ENOENT)
		return error_set(error, err, "there is no group '%s'", name);
	return err ? error_set(error, err, "group '%s': %m", name) : 0;
}

int group_find_default(const char *name, gid_t *gid, bool *missing, struct pin_error *error)
{
	int err = group_find(name, gid, error);

	*missing = err == -ENOENT;
	if (!*missing)
		return err;
	*gid = 0;
	return 0;
}
