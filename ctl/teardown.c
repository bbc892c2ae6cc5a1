// SPDX-License-Identifier: Apache-2.0
/*
 * pulsarctl teardown: the one way to stop probes. Through loaderd, which holds the
 * lock on the pins while it runs; without it, by removing the pins ourselves.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <pulsar/config.h>

#include "client.h"
#include "ctl.h"
#include "output.h"
#include "pin.h"

/* What is removed, and what of it went wrong. */
struct teardown {
	struct pin_root *root;
	const char *only; /* NULL: all */
	bool core;	  /* core, or all but core */
	unsigned int removed;
	int status;
};

static int teardown_module(const char *module, void *arg)
{
	struct teardown *t = arg;
	struct pin_error error;

	if (t->only ? strcmp(module, t->only) : !strcmp(module, "core") != t->core)
		return 0;
	if (pin_module_remove(t->root, module, &error))
		t->status = ctl_fail("%s", error.text);
	else
		t->removed++;
	return 0;
}

static void teardown_pins(struct teardown *t, const char *path)
{
	struct pin_error error;

	if (pin_modules_each(t->root, teardown_module, t, &error))
		t->status = ctl_fail("%s", error.text);
	/* Last: the others read its maps. */
	t->core = true;
	if (!t->only && !t->status && pin_modules_each(t->root, teardown_module, t, &error))
		t->status = ctl_fail("%s", error.text);
	if (t->only && !t->removed && !t->status)
		t->status = ctl_fail("there is no module %s below %s", t->only, path);
	if (!t->only && !t->status && pin_root_remove(t->root, &error))
		t->status = ctl_fail("%s", error.text);
}

static int teardown_directly(const char *path, const char *module)
{
	struct teardown t = { .only = module };
	struct pin_error error;
	struct stat st;

	/* To open it as its owner would make it; the group stays what it is. */
	if (lstat(path, &st)) {
		if (errno != ENOENT)
			return ctl_fail("%s: %m", path);
		return module ? ctl_fail("there is no module %s: %s is not there", module, path)
			      : CTL_OK;
	}
	t.root = pin_root_open(path, PIN_OWN, 0, st.st_gid, NULL, &error);
	if (!t.root)
		return ctl_fail("%s", error.text);
	teardown_pins(&t, path);
	pin_root_free(t.root);
	return t.status;
}

int teardown_command(const struct ctl *ctl, int argc, char **argv)
{
	const char *module = argc > 1 ? argv[1] : NULL;
	struct client_error error;
	json_t *answer;

	if (module && !pin_name_valid(module))
		return ctl_usage("'%s' is not the name of a module", module);
	answer = client_request(ctl, client_module_request("teardown", module), &error);
	if (answer)
		return output_done(ctl, answer);
	if (!error.absent)
		return ctl_fail("%s", error.text);
	if (!ctl->json)
		ctl_note("%s: pulsar-loaderd does not run; the pins are removed directly",
			 error.text);
	return teardown_directly(ctl->pin_root ? ctl->pin_root : PULSAR_PIN_ROOT, module);
}
