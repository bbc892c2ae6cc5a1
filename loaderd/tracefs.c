// SPDX-License-Identifier: Apache-2.0
/* Mounts tracefs for as long as it is needed. */
#include "tracefs.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "error.h"

#define TRACEFS_PATH	   "/sys/kernel/tracing"
/* Where kernels before 4.1 had it, and where it still appears below a mounted debugfs. */
#define TRACEFS_DEBUG_PATH "/sys/kernel/debug/tracing"

static bool tracefs_is_at(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == TRACEFS_MAGIC;
}

const char *tracefs_path(void)
{
	/* The second one only if need be: looking there mounts it (debugfs' automount). */
	if (!tracefs_is_at(TRACEFS_PATH) && tracefs_is_at(TRACEFS_DEBUG_PATH))
		return TRACEFS_DEBUG_PATH;
	return TRACEFS_PATH;
}

int tracefs_acquire(bool *mounted, struct pin_error *error)
{
	*mounted = false;
	if (tracefs_is_at(tracefs_path()))
		return 0;
	if (mount("tracefs", TRACEFS_PATH, "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "mode=0700"))
		return error_set(error, -errno, "%s: mounting tracefs: %m", TRACEFS_PATH);
	*mounted = true;
	return 0;
}

void tracefs_release(bool mounted)
{
	/* Lazily: somebody may have looked into it meanwhile, and it would stay for ever. */
	if (mounted)
		umount2(TRACEFS_PATH, MNT_DETACH);
}
