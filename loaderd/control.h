/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of pulsarctl, as JSON objects over loaderd's socket (PULSAR_ASK_CONTROL):
 *
 *	{"request": "status"}			loaderd and all modules
 *	{"request": "names"}			of the modules
 *	{"request": "modules"} or with "module": NAME
 *	{"request": "start" | "stop" | "restart", "module": NAME}
 *	{"request": "teardown"} or with "module": NAME
 *	{"request": "subscriptions"} or with "module": NAME
 *	{"request": "subscription-remove", "module": NAME, "subscription": NAME}
 *	{"request": "filter"} or with "module": NAME
 *	{"request": "filter", "module": NAME, "rules": {"targets": ["/usr/bin/x"], ...}}
 *		replaces all rules of the module, until the configuration is read again;
 *		rules.h has the kinds
 *	{"request": "reload"}
 *	{"request": "doctor"} or with "module": NAME
 *
 * Each is answered by an object with "ok": true and what was asked for, or with
 * "ok": false and "error": a sentence. "warning" may come with what was done: a
 * sentence of what was not. An answer longer than a message may be is refused (EMSGSIZE): who
 * gets that asks for the names, and then for one module after the other.
 */
#ifndef LOADERD_CONTROL_H
#define LOADERD_CONTROL_H

#include <stddef.h>

#include "pin.h"

struct config;
struct modules;
struct server;

/* What requests are about. */
struct control {
	struct modules *modules;
	const struct config *config;
	const struct server *server;
	/*
	 * Re-reads the configuration: 0, how many modules were wrong, or negative errno with
	 * *error. Otherwise *error is "", or what of it takes a new start.
	 */
	int (*reload)(void *arg, struct pin_error *error);
	void *arg;
};

/**
 * control_answer() - does what a request asks for.
 * @json: @len bytes, hostile in form.
 * @answer: JSON, NUL-terminated; the caller frees it.
 *
 * Return: 0, also if the request was refused; -ENOMEM.
 */
int control_answer(const struct control *control, const char *json, size_t len, char **answer);

#endif
