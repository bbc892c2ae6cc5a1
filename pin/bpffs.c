// SPDX-License-Identifier: Apache-2.0
/*
 * The way to the root: bpffs is mounted, and nobody but root can change a
 * directory on it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "internal.h"

#define MOUNT_POINT    "/sys/fs/bpf"
#define MOUNT_LOCK     "/proc/sys/fs/protected_symlinks"
/* How long, and how often, another owner's mounting is waited for. */
#define MOUNT_LIMIT_MS 500
#define MOUNT_LOOK_MS  5
/* What a root's path must leave for "/<module>~new/subscriptions/<name>". */
#define BELOW_ROOT     96
/* Never write permission, and no setuid, setgid or sticky bit. */
#define TRAVERSE_MAX   0055

int pin_bpffs_path(const char *path, struct pin_error *error)
{
	const char *part = path;
	size_t len;

	if (strlen(path) > PIN_PATH_MAX - BELOW_ROOT)
		return pin_fail(error, ENAMETOOLONG,
				"%.64s...: path of %zu bytes, expected at most %d", path,
				strlen(path), PIN_PATH_MAX - BELOW_ROOT);
	do {
		len = *part == '/' ? strcspn(part + 1, "/") : 0;
		if (!len || (len == 1 && part[1] == '.') ||
		    (len == 2 && !strncmp(part + 1, "..", 2)))
			return pin_fail(error, EINVAL,
					"'%s': expected an absolute path without empty "
					"parts, '.' and '..'",
					path);
		part += 1 + len;
	} while (*part);
	/* The root itself is on bpffs (kernel/bpf/inode.c, bpf_lookup()). */
	if (strchr(strrchr(path, '/'), '.'))
		return pin_fail(error, EINVAL, "'%s': bpffs takes no '.' in a name", path);
	return 0;
}

static int filesystem_type(const char *path, long *type)
{
	struct statfs fs;

	if (statfs(path, &fs))
		return -errno;
	*type = fs.f_type;
	return 0;
}

int pin_bpffs_is(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return -errno;
	return fs.f_type == BPF_FS_MAGIC;
}

/* How many mounts lie upon each other at the mount point, see proc_pid_mountinfo(5). */
static int mounts_count(void)
{
	char *line = NULL, at[64];
	int count = 0;
	size_t size = 0;
	FILE *file;

	file = fopen("/proc/self/mountinfo", "re");
	if (!file)
		return -errno;
	while (getline(&line, &size, file) > 0) {
		if (sscanf(line, "%*d %*d %*s %*s %63s", at) == 1 && !strcmp(at, MOUNT_POINT))
			count++;
	}
	free(line);
	fclose(file);
	return count;
}

static int mount_alone(struct pin_error *error)
{
	int count;

	/* The source says whose mount it is: who removes Pulsar can tell. */
	if (mount("pulsar", MOUNT_POINT, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return pin_fail(error, errno, MOUNT_POINT ": cannot mount bpffs: %s",
				strerror(errno));
	count = mounts_count();
	if (count <= 1)
		return 1;
	umount2(MOUNT_POINT, MNT_DETACH);
	return pin_fail(error, EWOULDBLOCK,
			MOUNT_POINT ": mounted %d times, expected once: "
				    "something else mounted it at the same moment",
			count);
}

/* 1: nothing is mounted there but sysfs itself. Anything else but bpffs is refused later on. */
static int mount_is_missing(struct pin_error *error)
{
	long type = 0;
	int err;

	err = filesystem_type(MOUNT_POINT, &type);
	if (err)
		return pin_fail(error, -err, MOUNT_POINT ": %s (a kernel without BPF, or no sysfs)",
				strerror(-err));
	return type == SYSFS_MAGIC;
}

/*
 * Two owners that start at once can both find nothing mounted, and the mount of the second would
 * hide the pins of the first. There is no place of their own yet that only root can lock, so they
 * lock a file that only root can open and that is always there (fs/namei.c, 0600, since Linux 3.6).
 * It is held for the mount alone: who comes later finds the mount, and the lock of its owner.
 */
static int mount_lock(struct pin_error *error)
{
	int fd = open(MOUNT_LOCK, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? errno : 0;

	for (int ms = 0; !err && flock(fd, LOCK_EX | LOCK_NB); ms += MOUNT_LOOK_MS) {
		if (errno != EWOULDBLOCK || ms >= MOUNT_LIMIT_MS)
			err = errno;
		else
			poll(NULL, 0, MOUNT_LOOK_MS);
	}
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	if (err == EWOULDBLOCK)
		return pin_fail(error, err,
				MOUNT_POINT ": another owner is about to mount bpffs, for more "
					    "than %d ms",
				MOUNT_LIMIT_MS);
	return pin_fail(error, err, MOUNT_LOCK ": cannot lock: %s", strerror(err));
}

int pin_bpffs_mount(const char *path, struct pin_error *error)
{
	int lock, err;

	if (strncmp(path, MOUNT_POINT "/", sizeof(MOUNT_POINT)))
		return 0;
	err = mount_is_missing(error);
	if (err <= 0)
		return err;
	lock = mount_lock(error);
	if (lock < 0)
		return lock;
	/* Another owner may have been first. */
	err = mount_is_missing(error);
	if (err > 0)
		err = mount_alone(error);
	close(lock);
	return err;
}

static int directory_check(const char *path, struct stat *st, struct pin_error *error)
{
	if (lstat(path, st)) {
		if (errno == EACCES)
			return pin_denied(error, path);
		return pin_fail(error, errno, "%s: %s", path, strerror(errno));
	}
	if (!S_ISDIR(st->st_mode))
		return pin_fail(error, ENOTDIR, "%s: %s, expected a directory", path,
				pin_file_text(st->st_mode));
	if (st->st_uid)
		return pin_fail(error, EPERM, "%s: owned by uid %u, expected 0", path, st->st_uid);
	/* In a sticky directory others can add names, but not take root's away. */
	if ((st->st_mode & 0022) && !(st->st_mode & S_ISVTX))
		return pin_fail(error, EPERM,
				"%s: mode %04o, expected no write permission for others", path,
				st->st_mode & 07777);
	return 0;
}

static int traverse_give(const char *mount_point, mode_t traverse, struct pin_error *error)
{
	struct stat st;

	if (traverse & ~(mode_t)TRAVERSE_MAX)
		return pin_fail(error, EINVAL,
				"traverse permission %04o, expected bits of %04o only", traverse,
				TRAVERSE_MAX);
	if (stat(mount_point, &st))
		return pin_fail(error, errno, "%s: %s", mount_point, strerror(errno));
	if ((st.st_mode & traverse) == traverse)
		return 0;
	if (chmod(mount_point, (st.st_mode & 07777) | traverse))
		return pin_fail(error, errno, "%s: cannot give it the permission %04o: %s",
				mount_point, traverse, strerror(errno));
	return 1;
}

int pin_bpffs_check(const char *path, mode_t traverse, struct pin_error *error)
{
	char above[PIN_PATH_MAX], mount_point[PIN_PATH_MAX] = "/";
	const char *slash = path;
	struct stat st;
	dev_t dev = 0;
	long type = 0;
	int err;

	/* Each part but the last. */
	while ((slash = strchr(slash + 1, '/'))) {
		snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path);
		err = directory_check(above, &st, error);
		if (err)
			return err;
		if (st.st_dev != dev)
			strcpy(mount_point, above);
		dev = st.st_dev;
	}
	err = filesystem_type(mount_point, &type);
	if (err)
		return pin_fail(error, -err, "%s: %s", mount_point, strerror(-err));
	if (type != BPF_FS_MAGIC)
		return pin_fail(error, EINVAL,
				"%s: not below a mount of bpffs: %s has filesystem type %#lx, "
				"expected %#x",
				path, mount_point, type, BPF_FS_MAGIC);
	return traverse ? traverse_give(mount_point, traverse, error) : 0;
}
