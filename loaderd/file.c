// SPDX-License-Identifier: Apache-2.0
/* Reads files after a look at their owner and mode. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

static int file_verify_owner(const struct stat *st, const char *path, struct pin_error *error)
{
	if (st->st_uid != 0)
		return error_set(error, -EPERM, "%s: owned by uid %u, not root", path, st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return error_set(error, -EPERM, "%s: mode %04o, writable by others than root", path,
				 st->st_mode & 07777);
	return 0;
}

static int file_verify(int fd, const char *path, size_t max, size_t *size, struct pin_error *error)
{
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0)
		return error_set(error, -errno, "%s: %m", path);
	if (!S_ISREG(st.st_mode))
		return error_set(error, -EINVAL, "%s: not a regular file", path);
	err = file_verify_owner(&st, path, error);
	if (err)
		return err;
	if ((unsigned long long)st.st_size > max)
		return error_set(error, -EFBIG, "%s: %lld bytes, more than %zu", path,
				 (long long)st.st_size, max);
	*size = (size_t)st.st_size;
	return 0;
}

/* Reads `size` bytes and finds the end of the file behind them. */
static int file_read_whole(int fd, const char *path, char *data, size_t size,
			   struct pin_error *error)
{
	size_t done = 0;
	ssize_t n;

	/* One byte more than there should be: room for it is there, and it must not come. */
	while (done <= size) {
		n = read(fd, data + done, size + 1 - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(error, -errno, "%s: %m", path);
		if (n == 0)
			break;
		done += (size_t)n;
	}
	if (done != size)
		return error_set(error, -EAGAIN, "%s: changed while it was read", path);
	return 0;
}

int file_read_trusted(int dir, const char *name, const char *path, size_t max, char **data,
		      size_t *size, struct pin_error *error)
{
	char *buffer = NULL;
	size_t bytes = 0;
	int err;
	int fd;

	/* O_NONBLOCK: opening a FIFO in place of the file must not hang the daemon. */
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return error_set(error, -errno, "%s: %m", path);
	err = file_verify(fd, path, max, &bytes, error);
	if (err)
		goto out;
	buffer = malloc(bytes + 1);
	if (!buffer) {
		err = error_set(error, -ENOMEM, "%s: no memory", path);
		goto out;
	}
	err = file_read_whole(fd, path, buffer, bytes, error);
	if (err)
		goto out;
	buffer[bytes] = '\0';
	*data = buffer;
	*size = bytes;
	buffer = NULL;
out:
	free(buffer);
	close(fd);
	return err;
}

int file_open_dir(const char *path, struct pin_error *error)
{
	struct stat st;
	int err;
	int fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, -errno, "%s: %m", path);
	if (fstat(fd, &st) < 0)
		err = error_set(error, -errno, "%s: %m", path);
	else
		err = file_verify_owner(&st, path, error);
	if (!err)
		return fd;
	close(fd);
	return err;
}
