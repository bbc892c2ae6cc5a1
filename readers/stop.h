/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request to end, by SIGTERM or SIGINT. There is one in a process, as there
 * is one set of signal handlers.
 *
 * Sleeping calls notice it in two ways: stop_fd() becomes readable, and a call that
 * is in progress fails with EINTR, again each second, so that one which was just about
 * to be made when the signal came does not sleep for ever.
 */
#ifndef READERS_STOP_H
#define READERS_STOP_H

#include <stdbool.h>

/**
 * stop_init() - take over SIGTERM, SIGINT and SIGALRM, ignore SIGPIPE and SIGXFSZ
 *
 * Return: 0 or negative errno.
 */
int stop_init(void);

/* Whether the request was made. */
bool stop_requested(void);

/* Readable from then on; borrowed. -1 before stop_init(). */
int stop_fd(void);

/* Gives the signals back and forgets a request. */
void stop_release(void);

#endif
