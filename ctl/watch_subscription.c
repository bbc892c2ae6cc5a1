// SPDX-License-Identifier: Apache-2.0
/* Subscriptions of their own for those who watch: they take nothing from other readers. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "client.h"
#include "watch.h"

#define WATCH_PREFIX "watch-"

/* ---- modules ---- */

static int watch_add(struct watch_modules *modules, const char *name)
{
	char(*names)[PULSAR_MODULE_LEN];

	for (size_t i = 0; i < modules->count; i++)
		if (!strcmp(modules->names[i], name))
			return 0;
	names = reallocarray(modules->names, modules->count + 1, sizeof(*names));
	if (!names)
		return ctl_fail("%m");
	modules->names = names;
	strcpy(names[modules->count++], name);
	return 0;
}

static int watch_add_all(struct watch_modules *modules, const struct ctl *ctl)
{
	struct client_error error;
	json_t *answer = client_modules(ctl, "modules", &error);
	const json_t *module;
	int status = 0;
	size_t i;

	if (!answer)
		return ctl_fail("%s%s", error.text,
				error.absent ? ": pulsar-loaderd does not run"
					     : "; name the modules to watch");
	json_array_foreach(json_object_get(answer, "modules"), i, module) {
		const char *name = answer_text(module, "module");

		if (!status && !strcmp(answer_text(module, "state"), "running") &&
		    answer_number(module, "events") && pin_name_valid(name))
			status = watch_add(modules, name);
	}
	json_decref(answer);
	if (!status && !modules->count)
		status = ctl_fail("no module with events runs");
	return status;
}

int watch_modules_find(struct watch_modules *modules, const struct ctl *ctl, int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc && !status; i++)
		status = pin_name_valid(argv[i])
				 ? watch_add(modules, argv[i])
				 : ctl_usage("'%s' is not the name of a module", argv[i]);
	return status || modules->count ? status : watch_add_all(modules, ctl);
}

/* ---- subscriptions ---- */

bool watch_subscription(const struct ctl *ctl, char name[PULSAR_SUBSCRIPTION_LEN])
{
	struct client_error error;
	json_t *answer;
	bool may;

	snprintf(name, PULSAR_SUBSCRIPTION_LEN, "%s",
		 ctl->subscription ? ctl->subscription : "default");
	if (ctl->subscription)
		return false;
	answer = client_request(ctl, client_module_request("names", NULL), &error);
	may = answer;
	json_decref(answer);
	if (may)
		snprintf(name, PULSAR_SUBSCRIPTION_LEN, WATCH_PREFIX "%d", (int)getpid());
	return may;
}

bool watch_is_left(const char *name, pid_t holder)
{
	const size_t len = strlen(WATCH_PREFIX);
	char *end;
	long pid;

	if (holder || strncmp(name, WATCH_PREFIX, len) || name[len] < '1' || name[len] > '9')
		return false;
	pid = strtol(name + len, &end, 10);
	return !*end && kill((pid_t)pid, 0) && errno == ESRCH;
}

static void subscription_remove(const struct ctl *ctl, const char *module, const char *name)
{
	struct client_error error;

	/* It need not be there: its reader may have failed, or loaderd have ended. */
	json_decref(client_request(ctl, client_subscription_request(module, name), &error));
}

void watch_sweep(const struct ctl *ctl)
{
	struct client_error error;
	json_t *answer = client_request(ctl, client_module_request("subscriptions", NULL), &error);
	const json_t *s;
	size_t i;

	json_array_foreach(json_object_get(answer, "subscriptions"), i, s)
		if (watch_is_left(answer_text(s, "subscription"),
				  (pid_t)answer_number(s, "holder_pid")))
			subscription_remove(ctl, answer_text(s, "module"),
					    answer_text(s, "subscription"));
	json_decref(answer);
}

void watch_remove(const struct ctl *ctl, const struct watch_modules *modules, const char *name)
{
	for (size_t i = 0; i < modules->count; i++)
		subscription_remove(ctl, modules->names[i], name);
}
