/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket in the file system: made, taken over from a loaderd that is gone, removed.
 */
#ifndef LOADERD_LISTENER_H
#define LOADERD_LISTENER_H

#include <sys/types.h>

struct pin_error;

struct listener {
	int fd;
	char *path;
	dev_t dev; /* of what we made at path, so that only that is removed */
	ino_t ino;
};

#define LISTENER_NONE    \
	{                \
		.fd = -1 \
	}

/**
 * listener_open() - listen at @path, mode 0666: who may ask what is decided by what he sends
 * @listener: LISTENER_NONE; listener_close() it in any case
 * @path: its directory is made, 0755, when missing, and must not be writable for others
 * @error: says what was wrong
 *
 * Return: 0; -EADDRINUSE somebody answers there; -EEXIST something that is not a socket of ours
 * is there; -EPERM others can write the directory; another negative errno.
 */
int listener_open(struct listener *listener, const char *path, struct pin_error *error);

/* Closes, and removes the socket if it is still the one that was made. */
void listener_close(struct listener *listener);

#endif
