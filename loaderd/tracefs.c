// SPDX-License-Identifier: Apache-2.0
/* Finds tracefs, or mounts it for this process. */
#include "tracefs.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "error.h"

#define TRACEFS_PATH	   "/sys/kernel/tracing"
/* Where kernels before 4.1 had it, and where it still appears below a mounted debugfs. */
#define TRACEFS_DEBUG_PATH "/sys/kernel/debug/tracing"

static int tracefs_fd = -1; /* of a mount of our own */

static bool tracefs_is_at(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == TRACEFS_MAGIC;
}

/* The second one only if need be: looking there mounts it (debugfs' automount). */
static const char *tracefs_mounted(void)
{
	if (tracefs_is_at(TRACEFS_PATH))
		return TRACEFS_PATH;
	return tracefs_is_at(TRACEFS_DEBUG_PATH) ? TRACEFS_DEBUG_PATH : NULL;
}

const char *tracefs_path(void)
{
	static char path[32];
	const char *mounted;

	if (tracefs_fd >= 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", tracefs_fd);
		return path;
	}
	mounted = tracefs_mounted();
	return mounted ? mounted : TRACEFS_PATH;
}

int tracefs_open(struct pin_error *error)
{
	int err = 0;
	int fs;

	if (tracefs_fd >= 0 || tracefs_mounted())
		return 0;
	fs = fsopen("tracefs", FSOPEN_CLOEXEC);
	if (fs < 0)
		return error_set(error, -errno, "mounting tracefs: %m");
	if (!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		tracefs_fd = fsmount(fs, FSMOUNT_CLOEXEC,
				     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (tracefs_fd < 0)
		err = error_set(error, -errno, "mounting tracefs: %m");
	close(fs);
	return err;
}
