// SPDX-License-Identifier: Apache-2.0
/* The socket in the file system. */
#include "listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"

/* Clients that have connected and wait for accept(); each can have sent messages already. */
#define LISTENER_BACKLOG 64

static int listener_address(const char *path, struct sockaddr_un *address, struct pin_error *error)
{
	size_t len = strlen(path);

	if (path[0] != '/')
		return error_set(error, -EINVAL, "%s: not an absolute path", path);
	if (len >= sizeof(address->sun_path))
		return error_set(error, -ENAMETOOLONG, "%s: longer than %zu bytes", path,
				 sizeof(address->sun_path) - 1);
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path, len);
	return 0;
}

static int listener_directory(const char *path, struct pin_error *error)
{
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	size_t len = (size_t)(strrchr(path, '/') - path);
	struct stat st;

	if (!len)
		return error_set(error, -EINVAL, "%s: has no directory of its own", path);
	memcpy(directory, path, len);
	directory[len] = '\0';
	if (mkdir(directory, 0755) && errno != EEXIST)
		return error_set(error, -errno, "%s: mkdir: %m", directory);
	if (lstat(directory, &st))
		return error_set(error, -errno, "%s: %m", directory);
	if (!S_ISDIR(st.st_mode))
		return error_set(error, -ENOTDIR, "%s: %m", directory);
	/* Who can write it could put another socket in our place. */
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return error_set(error, -EPERM,
				 "%s: owned by uid %u, mode %04o: others can write it", directory,
				 (unsigned int)st.st_uid, (unsigned int)(st.st_mode & 07777));
	return 0;
}

/* Whether somebody listens: 0 nobody, or -EADDRINUSE. Does not wait for a loaderd that is busy. */
static int listener_probe(const struct sockaddr_un *address, struct pin_error *error)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return error_set(error, -errno, "socket: %m");
	err = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;
	close(fd);
	if (err == -ECONNREFUSED || err == -ENOENT)
		return 0;
	return error_set(error, -EADDRINUSE, "%s: another loaderd answers there",
			 address->sun_path);
}

/* Removes a socket that a loaderd left behind when it was killed. */
static int listener_clean(const struct sockaddr_un *address, struct pin_error *error)
{
	const char *path = address->sun_path;
	struct stat st;
	int err;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : error_set(error, -errno, "%s: %m", path);
	if (!S_ISSOCK(st.st_mode))
		return error_set(error, -EEXIST, "%s: is there and not a socket", path);
	if (st.st_uid != geteuid())
		return error_set(error, -EEXIST, "%s: is a socket of uid %u", path,
				 (unsigned int)st.st_uid);
	err = listener_probe(address, error);
	if (err)
		return err;
	if (unlink(path) && errno != ENOENT)
		return error_set(error, -errno, "%s: unlink: %m", path);
	return 0;
}

static int listener_bind(struct listener *listener, const struct sockaddr_un *address,
			 struct pin_error *error)
{
	struct stat st;
	mode_t mask;
	int err;

	listener->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return error_set(error, -errno, "socket: %m");
	mask = umask(0111);
	err = bind(listener->fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;
	umask(mask);
	if (err)
		return error_set(error, err, "%s: bind: %m", address->sun_path);
	if (lstat(address->sun_path, &st))
		return error_set(error, -errno, "%s: %m", address->sun_path);
	listener->path = strdup(address->sun_path);
	if (!listener->path) {
		unlink(address->sun_path);
		return error_set(error, -ENOMEM, "%s: %m", address->sun_path);
	}
	listener->dev = st.st_dev;
	listener->ino = st.st_ino;
	if (listen(listener->fd, LISTENER_BACKLOG))
		return error_set(error, -errno, "%s: listen: %m", address->sun_path);
	return 0;
}

int listener_open(struct listener *listener, const char *path, struct pin_error *error)
{
	struct sockaddr_un address;
	int err;

	err = listener_address(path, &address, error);
	if (!err)
		err = listener_directory(path, error);
	if (!err)
		err = listener_clean(&address, error);
	if (!err)
		err = listener_bind(listener, &address, error);
	return err;
}

void listener_close(struct listener *listener)
{
	struct stat st;

	if (listener->path && lstat(listener->path, &st) == 0 && st.st_dev == listener->dev &&
	    st.st_ino == listener->ino)
		unlink(listener->path);
	free(listener->path);
	if (listener->fd >= 0)
		close(listener->fd);
	*listener = (struct listener)LISTENER_NONE;
}
