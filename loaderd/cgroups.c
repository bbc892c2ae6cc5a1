// SPDX-License-Identifier: Apache-2.0
/* Finds and walks the mount of cgroup2; Documentation/admin-guide/cgroup-v2.rst. */
#include "cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

#define CGROUPS_DEPTH_MAX 64 /* each level has a descriptor open */

int cgroups_mount(char *path, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;
	int err = -ENOENT;

	if (!mounts)
		return -errno;
	while (err == -ENOENT && (mount = getmntent(mounts))) {
		if (strcmp(mount->mnt_type, "cgroup2"))
			continue;
		err = strlen(mount->mnt_dir) < size ? 0 : -ENAMETOOLONG;
		if (!err)
			strcpy(path, mount->mnt_dir);
	}
	endmntent(mounts);
	return err;
}

struct cgroups_walk {
	int (*visit)(__u64 id, const char *path, __u64 *mask, void *arg);
	void *arg;
	char path[PATH_MAX]; /* of the cgroup at hand, "" for the root */
};

static int cgroups_directory(struct cgroups_walk *w, int fd, __u64 mask, int depth);

/* One entry of a directory. A cgroup that is gone again is none. */
static int cgroups_entry(struct cgroups_walk *w, int parent, const char *name, __u64 mask,
			 int depth)
{
	size_t len = strlen(w->path);
	int err, fd;

	if (*name == '.' || depth == CGROUPS_DEPTH_MAX || len + strlen(name) + 2 > sizeof(w->path))
		return 0;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? -errno : 0;
	w->path[len] = '/';
	strcpy(w->path + len + 1, name);
	err = cgroups_directory(w, fd, mask, depth + 1);
	w->path[len] = '\0';
	return err;
}

/* Takes over fd. The inode number is the cgroup's id (kernfs_ino(), 64 bits). */
static int cgroups_directory(struct cgroups_walk *w, int fd, __u64 mask, int depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	struct stat st;
	int err;

	if (!dir) {
		err = -errno;
		close(fd);
		return err;
	}
	err = fstat(fd, &st) < 0 ? -errno
				 : w->visit(st.st_ino, *w->path ? w->path : "/", &mask, w->arg);
	while (!err && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR)
			err = cgroups_entry(w, fd, entry->d_name, mask, depth);
	closedir(dir);
	return err;
}

int cgroups_walk(const char *mount,
		 int (*visit)(__u64 id, const char *path, __u64 *mask, void *arg), void *arg,
		 struct pin_error *error)
{
	struct cgroups_walk w = { .visit = visit, .arg = arg };
	int err, fd;

	fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, -errno, "%s: %m", mount);
	err = cgroups_directory(&w, fd, 0, 0);
	return err ? error_set(error, err, "%s: %m", mount) : 0;
}
