// SPDX-License-Identifier: Apache-2.0
/* The table of requests, and what each does. */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "config.h"
#include "control_show.h"
#include "error.h"
#include "modules.h"
#include "rules.h"
#include "server.h"
#include "stream.h"

/* A request with its arguments taken out: strings of the JSON object, NULL: not given. */
struct control_request {
	const char *module;
	const char *subscription;
	const json_t *rules; /* not judged */
};

/* ---- looking ---- */

static int control_names(const struct control *c, const struct control_request *r, json_t *reply,
			 struct pin_error *error)
{
	json_t *array = json_array();
	const struct module *m;

	(void)r;
	(void)error;
	for (size_t i = 0; (m = modules_at(c->modules, i)); i++)
		json_array_append_new(array, json_string(m->name));
	return json_object_set_new(reply, "names", array) < 0 ? -ENOMEM : 0;
}

static int control_modules(const struct control *c, const struct control_request *r, json_t *reply,
			   struct pin_error *error)
{
	json_t *array = json_array();
	const struct module *m;

	if (r->module && !modules_find(c->modules, r->module)) {
		json_decref(array);
		return error_set(error, -ENOENT, "there is no module %s", r->module);
	}
	for (size_t i = 0; (m = modules_at(c->modules, i)); i++)
		if (!r->module || !strcmp(m->name, r->module))
			json_array_append_new(array, show_module(m));
	return json_object_set_new(reply, "modules", array) < 0 ? -ENOMEM : 0;
}

/* A loaderd that starts takes all modules over; those that it has had to replace began anew. */
static json_int_t control_restarts(const struct control *c)
{
	const struct module *m;
	__u32 most = 0;

	for (size_t i = 0; (m = modules_at(c->modules, i)); i++)
		if (m->adoptions > most)
			most = m->adoptions;
	return most;
}

static int control_status(const struct control *c, const struct control_request *r, json_t *reply,
			  struct pin_error *error)
{
	json_t *status;
	int err;

	status = json_pack("{s:s, s:i, s:s, s:s, s:s, s:i, s:I}", "version", PULSAR_VERSION, "pid",
			   (int)getpid(), "pin_root", c->config->pin_root, "socket",
			   c->config->socket, "config", c->config->path, "connections",
			   (int)server_connections(c->server), "restarts", control_restarts(c));
	err = json_object_update(reply, status) < 0 ? -ENOMEM : 0;
	json_decref(status);
	return err ? err : control_modules(c, r, reply, error);
}

static int control_subscriptions(const struct control *c, const struct control_request *r,
				 json_t *reply, struct pin_error *error)
{
	json_t *array = json_array();
	const struct module *m;
	int err = 0;

	if (r->module && !modules_find(c->modules, r->module)) {
		json_decref(array);
		return error_set(error, -ENOENT, "there is no module %s", r->module);
	}
	for (size_t i = 0; (m = modules_at(c->modules, i)) && !err; i++)
		if (!r->module || !strcmp(m->name, r->module))
			err = show_subscriptions(m, array);
	if (json_object_set_new(reply, "subscriptions", array) < 0)
		err = -ENOMEM;
	return err;
}

static int control_doctor(const struct control *c, const struct control_request *r, json_t *reply,
			  struct pin_error *error)
{
	struct utsname name;
	int err;

	uname(&name);
	err = json_object_set_new(reply, "kernel", show_text(name.release));
	err |= json_object_set_new(reply, "machine", show_text(name.machine));
	err |= json_object_set_new(reply, "kernel_btf",
				   json_boolean(!access("/sys/kernel/btf/vmlinux", R_OK)));
	err |= json_object_set_new(reply, "kinds", show_kinds());
	return err ? -ENOMEM : control_modules(c, r, reply, error);
}

/* ---- doing ---- */

static int control_start(const struct control *c, const struct control_request *r, json_t *reply,
			 struct pin_error *error)
{
	(void)reply;
	return modules_start(c->modules, r->module, error);
}

static int control_stop(const struct control *c, const struct control_request *r, json_t *reply,
			struct pin_error *error)
{
	(void)reply;
	return modules_stop(c->modules, r->module, error);
}

static int control_restart(const struct control *c, const struct control_request *r, json_t *reply,
			   struct pin_error *error)
{
	int err = control_stop(c, r, reply, error);

	return err && err != -EALREADY ? err : control_start(c, r, reply, error);
}

static int control_teardown(const struct control *c, const struct control_request *r, json_t *reply,
			    struct pin_error *error)
{
	return r->module ? control_stop(c, r, reply, error) : modules_teardown(c->modules, error);
}

static int control_subscription_remove(const struct control *c, const struct control_request *r,
				       json_t *reply, struct pin_error *error)
{
	const struct module *m = modules_find(c->modules, r->module);
	int err;

	(void)reply;
	if (!m || !m->stream)
		return error_set(error, -ENOENT, "there is no module %s with subscriptions",
				 r->module);
	if (!strcmp(r->subscription, "default"))
		return error_set(error, -EPERM, "subscription default stays as long as its module");
	err = stream_stop(m->stream, r->subscription, error);
	if (err == -ENOENT)
		error_set(error, err, "%s has no subscription %s", r->module, r->subscription);
	return err;
}

static int control_filters(const struct control *c, const struct control_request *r, json_t *reply,
			   struct pin_error *error)
{
	json_t *array = json_array();
	const struct module *m;
	int err = 0;

	if (r->module && !modules_find(c->modules, r->module)) {
		json_decref(array);
		return error_set(error, -ENOENT, "there is no module %s", r->module);
	}
	for (size_t i = 0; (m = modules_at(c->modules, i)) && !err; i++) {
		const struct rules *rules = modules_filter(c->modules, m);

		if (rules && (!r->module || !strcmp(m->name, r->module)))
			err = json_array_append_new(array, show_filter(m, rules));
	}
	return json_object_set_new(reply, "filters", array) < 0 || err ? -ENOMEM : 0;
}

static int control_filter(const struct control *c, const struct control_request *r, json_t *reply,
			  struct pin_error *error)
{
	struct rules rules = { 0 };
	int err;

	if (!r->rules)
		return control_filters(c, r, reply, error);
	if (!r->module)
		return error_set(error, -EINVAL, "\"module\" is missing");
	err = rules_from_json(&rules, r->rules, error);
	if (!err)
		err = modules_set_filter(c->modules, r->module, &rules, error);
	rules_release(&rules);
	if (err)
		return err;
	if (error->text[0] && json_object_set_new(reply, "warning", show_text(error->text)) < 0)
		return -ENOMEM;
	return control_filters(c, r, reply, error);
}

static int control_reload(const struct control *c, const struct control_request *r, json_t *reply,
			  struct pin_error *error)
{
	int wrong = c->reload(c->arg, error);

	(void)r;
	if (wrong < 0)
		return wrong;
	if (error->text[0] && json_object_set_new(reply, "warning", show_text(error->text)) < 0)
		return -ENOMEM;
	return json_object_set_new(reply, "wrong", json_integer(wrong)) < 0 ? -ENOMEM : 0;
}

/* ---- the table ---- */

static const struct {
	const char *name;
	int (*answer)(const struct control *c, const struct control_request *r, json_t *reply,
		      struct pin_error *error);
	bool module, subscription; /* arguments that must be given */
} control_requests[] = {
	{ "status", control_status, false, false },
	{ "names", control_names, false, false },
	{ "modules", control_modules, false, false },
	{ "start", control_start, true, false },
	{ "stop", control_stop, true, false },
	{ "restart", control_restart, true, false },
	{ "teardown", control_teardown, false, false },
	{ "subscriptions", control_subscriptions, false, false },
	{ "subscription-remove", control_subscription_remove, true, true },
	{ "filter", control_filter, false, false },
	{ "reload", control_reload, false, false },
	{ "doctor", control_doctor, false, false },
};

/* An argument: a string, or not there. */
static int control_argument(const json_t *object, const char *name, bool must, const char **value,
			    struct pin_error *error)
{
	const json_t *found = json_object_get(object, name);

	*value = json_string_value(found);
	if (found && !*value)
		return error_set(error, -EINVAL, "\"%s\" is not a string", name);
	if (must && !found)
		return error_set(error, -EINVAL, "\"%s\" is missing", name);
	return 0;
}

static int control_do(const struct control *c, const json_t *object, json_t *reply,
		      struct pin_error *error)
{
	struct control_request r = { 0 };
	const char *name;
	int err;

	r.rules = json_object_get(object, "rules");
	err = control_argument(object, "request", true, &name, error);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(control_requests) / sizeof(control_requests[0]); i++) {
		if (strcmp(name, control_requests[i].name))
			continue;
		err = control_argument(object, "module", control_requests[i].module, &r.module,
				       error);
		if (!err)
			err = control_argument(object, "subscription",
					       control_requests[i].subscription, &r.subscription,
					       error);
		return err ? err : control_requests[i].answer(c, &r, reply, error);
	}
	return error_set(error, -EINVAL, "there is no such request");
}

int control_answer(const struct control *control, const char *json, size_t len, char **answer)
{
	json_t *object, *reply = json_object();
	struct pin_error error = { "" };
	int err;

	object = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		err = control_do(control, object, reply, &error);
	else
		err = error_set(&error, -EINVAL, "not a JSON object");
	if (err) {
		json_object_clear(reply);
		json_object_set_new(reply, "error",
				    show_text(error.text[0] ? error.text : strerror(-err)));
	}
	json_object_set_new(reply, "ok", json_boolean(!err));
	*answer = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	json_decref(object);
	return *answer ? 0 : -ENOMEM;
}
