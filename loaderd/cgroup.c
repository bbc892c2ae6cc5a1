// SPDX-License-Identifier: Apache-2.0
/* Finds the root of the unified hierarchy; see cgroups(7). */
#include "cgroup.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP_MOUNTS "/proc/self/mounts"

/* A descriptor of the directory, or negative errno: it is something else by now, or hidden. */
static int cgroup_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs st;

	if (fd < 0)
		return -errno;
	if (!fstatfs(fd, &st) && st.f_type == CGROUP2_SUPER_MAGIC)
		return fd;
	close(fd);
	return -ENOENT;
}

static int cgroup_open_root(void)
{
	FILE *mounts = setmntent(CGROUP_MOUNTS, "re");
	struct mntent *mount;
	int fd = -ENOENT;

	if (!mounts)
		return -errno;
	while (fd < 0 && (mount = getmntent(mounts)))
		if (!strcmp(mount->mnt_type, "cgroup2"))
			fd = cgroup_open(mount->mnt_dir);
	endmntent(mounts);
	return fd;
}

int cgroup_attach(int program_fd, enum bpf_attach_type type)
{
	int root = cgroup_open_root();
	int link;

	if (root < 0)
		return root;
	link = bpf_link_create(program_fd, root, type, NULL);
	close(root);
	return link < 0 ? -errno : link;
}
