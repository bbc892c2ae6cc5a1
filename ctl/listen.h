/* SPDX-License-Identifier: Apache-2.0 */
/* The address of --listen. */
#ifndef CTL_LISTEN_H
#define CTL_LISTEN_H

#include <stddef.h>
#include <sys/socket.h>

#define LISTEN_TEXT 64

/**
 * listen_parse() - reads "9745", ":9745", "127.0.0.1:9745", "[::1]:9745".
 *
 * Return: 0 or -EINVAL.
 */
int listen_parse(const char *text, struct sockaddr_storage *address, socklen_t *len);

/** listen_text() - the other way round. */
void listen_text(const struct sockaddr_storage *address, char text[LISTEN_TEXT]);

/** listen_open() - a listening socket, O_CLOEXEC, for the caller to close; or negative errno. */
int listen_open(const struct sockaddr_storage *address, socklen_t len);

#endif
