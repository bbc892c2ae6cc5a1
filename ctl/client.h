/* SPDX-License-Identifier: Apache-2.0 */
/* Control requests to loaderd, over its socket (loaderd/control.h lists them). */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>

#include "ctl.h"
#include "pin.h"

/* Why there is no answer. */
struct client_error {
	int err;	/* negative errno: -EACCES not allowed, -EMSGSIZE the answer is too long */
	bool absent;	/* nobody listens: no loaderd runs */
	char text[512]; /* one line, printable ASCII */
};

/**
 * client_request() - sends one request and waits for its answer.
 * @request: a JSON object; the reference is taken. NULL: no memory for it.
 * @error: written on failure.
 *
 * Return: the answer, for the caller to decref; or NULL.
 */
json_t *client_request(const struct ctl *ctl, json_t *request, struct client_error *error);

/** client_module_request() - {"request": REQUEST} or with "module": MODULE, not NULL. A new reference. */
json_t *client_module_request(const char *request, const char *module);

/** client_subscription_request() - to remove a subscription. A new reference. */
json_t *client_subscription_request(const char *module, const char *subscription);

/**
 * client_modules() - asks for what has an array "modules", of all modules.
 *
 * What is too long for one answer is asked for piece by piece.
 *
 * Return: as client_request().
 */
json_t *client_modules(const struct ctl *ctl, const char *request, struct client_error *error);

/** client_pin_root() - where the modules are pinned: as the command line says, or loaderd, or the default. */
void client_pin_root(const struct ctl *ctl, char path[PIN_PATH_MAX]);

/** client_ask() - as client_request(), and says on stderr what went wrong. */
json_t *client_ask(const struct ctl *ctl, json_t *request);

#endif
