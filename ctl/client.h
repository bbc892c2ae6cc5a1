/* SPDX-License-Identifier: Apache-2.0 */
/* Control requests to loaderd, over its socket (loaderd/control.h lists them). */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>

#include "ctl.h"

/* Why there is no answer. */
struct client_error {
	int err; /* negative errno: -ENOENT, -ECONNREFUSED nobody listens; -EACCES not allowed */
	char text[512]; /* one line */
};

/** client_absent() - whether there was no answer because no loaderd runs. */
bool client_absent(const struct client_error *error);

/**
 * client_request() - sends one request and waits for its answer.
 * @request: a JSON object; the reference is taken. NULL: no memory for it.
 * @error: written on failure.
 *
 * Return: the answer, for the caller to decref; or NULL.
 */
json_t *client_request(const struct ctl *ctl, json_t *request, struct client_error *error);

/** client_ask() - the same, and says on stderr what went wrong. */
json_t *client_ask(const struct ctl *ctl, json_t *request);

#endif
