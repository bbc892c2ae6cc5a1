// SPDX-License-Identifier: Apache-2.0
/*
 * One owner at a time: flock(2), which ends with the process however it ends.
 *
 * Whoever can open a file can hold a lock on it, and the root's group can open
 * the root: a reader could keep the owner out. So the lock is on a directory in
 * it, <root>/~lock, that only root can open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "internal.h"

/* Who holds it, for the text only: 0 if that cannot be known. Lines as proc_locks(5) has them. */
static int lock_holder(int fd)
{
	unsigned int major_found, minor_found;
	unsigned long inode;
	char *line = NULL;
	int pid = 0, found;
	struct stat st;
	size_t size = 0;
	FILE *file;

	if (fstat(fd, &st))
		return 0;
	file = fopen("/proc/locks", "re");
	if (!file)
		return 0;
	while (!pid && getline(&line, &size, file) > 0) {
		if (sscanf(line, "%*s FLOCK %*s %*s %d %x:%x:%lu", &found, &major_found,
			   &minor_found, &inode) != 4)
			continue;
		if (makedev(major_found, minor_found) == st.st_dev && inode == st.st_ino)
			pid = found;
	}
	free(line);
	fclose(file);
	return pid;
}

/* Nothing can be made in a directory that was removed: ENOENT. */
static int lock_failed(const struct pin_path *path, int err, struct pin_error *error)
{
	return pin_fail(error, err == ENOENT ? ESTALE : err, "%s: cannot make or open it: %s",
			path->text, strerror(err));
}

static int lock_open(const struct pin_root *root, struct pin_error *error)
{
	static const struct pin_rule rule = { .kind = PIN_DIRECTORY, .mode = 0700 };
	struct pin_path path;
	struct stat st;
	int err, fd;

	err = pin_path_make(&path, root, PIN_LOCK_NAME, error);
	if (err)
		return err;
	if (mkdirat(root->fd, PIN_LOCK_NAME, 0700) && errno != EEXIST)
		return lock_failed(&path, errno, error);
	/* As in a stage: a umask can have taken bits away, and none is missed. */
	err = pin_check(root, &path, &rule, PIN_ANY_GID, true, &st, error);
	if (err)
		return err == -ENOENT ? lock_failed(&path, ENOENT, error) : err;
	fd = openat(root->fd, PIN_LOCK_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? lock_failed(&path, errno, error) : fd;
}

static int lock_take(int fd, const struct pin_root *root, struct pin_error *error)
{
	int pid;

	if (!flock(fd, LOCK_EX | LOCK_NB))
		return 0;
	if (errno != EWOULDBLOCK)
		return pin_fail(error, errno, "%s: cannot lock: %s", root->path, strerror(errno));
	pid = lock_holder(fd);
	if (!pid)
		return pin_fail(error, EWOULDBLOCK, "%s: locked by another owner", root->path);
	return pin_fail(error, EWOULDBLOCK, "%s: locked by another owner, process %d", root->path,
			pid);
}

static bool same_file(int fd, int directory, const char *path)
{
	struct stat open, there;

	return !fstat(fd, &open) && !fstatat(directory, path, &there, AT_SYMLINK_NOFOLLOW) &&
	       open.st_dev == there.st_dev && open.st_ino == there.st_ino;
}

int pin_lock(struct pin_root *root, struct pin_error *error)
{
	int err, fd;

	fd = lock_open(root, error);
	if (fd < 0)
		return fd;
	err = lock_take(fd, root, error);
	/* What was locked may have been removed meanwhile, and another have made its own. */
	if (!err &&
	    (!same_file(root->fd, AT_FDCWD, root->path) || !same_file(fd, root->fd, PIN_LOCK_NAME)))
		err = pin_fail(error, ESTALE, "%s: removed by its former owner", root->path);
	if (err) {
		close(fd);
		return err;
	}
	if (root->lock >= 0)
		close(root->lock);
	root->lock = fd;
	return 0;
}

int pin_lock_remove(struct pin_root *root, struct pin_error *error)
{
	if (!unlinkat(root->fd, PIN_LOCK_NAME, AT_REMOVEDIR) || errno == ENOENT)
		return 0;
	return pin_fail(error, errno, "%s/" PIN_LOCK_NAME ": cannot remove: %s", root->path,
			strerror(errno));
}
