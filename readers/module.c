// SPDX-License-Identifier: Apache-2.0
/* Opens pins, and words what people see when that fails. */
#include "module.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "map.h"

static const struct pin_map_expect counters_expect = {
	.type = BPF_MAP_TYPE_PERCPU_ARRAY,
	.key_size = sizeof(__u32),
	.value_size = sizeof(struct pulsar_counters),
	.max_entries = 1,
};

/* Says of a pin that could not be opened what the user can do about it. */
static void module_explain(const struct module *module, const char *pin, int err,
			   struct pin_error *error)
{
	char path[PIN_PATH_MAX], group[64];

	snprintf(path, sizeof(path), "%s/%s/%s", module->pin_root, module->name, pin);
	if (err == -ENOENT)
		snprintf(error->text, sizeof(error->text), "unknown module %s: %s is not there",
			 module->name, path);
	else if (err == -EACCES && pin_group_needed(path, group, sizeof(group)) == 1)
		snprintf(error->text, sizeof(error->text), "permission denied: %s, needs group %s",
			 path, group);
}

static int module_pin(const struct module *module, const char *pin,
		      const struct pin_map_expect *expect, struct pin_error *error)
{
	int fd = pin_reader_open(module->pin_root, module->name, pin, expect, error);

	if (fd < 0)
		module_explain(module, pin, fd, error);
	return fd;
}

static int module_counters(struct module *module, struct pin_error *error)
{
	int fd, err;

	fd = module_pin(module, "counters", &counters_expect, error);
	if (fd < 0)
		return fd;
	err = counters_init(&module->counters, fd, module->cpus);
	if (err)
		snprintf(error->text, sizeof(error->text), "counters of %s: %s", module->name,
			 strerror(-err));
	return err;
}

static int module_pins(struct module *module, const char *events, struct pin_error *error)
{
	struct bpf_map_info info;
	int err;

	module->events_fd = module_pin(module, "events", NULL, error);
	if (module->events_fd < 0)
		return module->events_fd;
	err = map_info(module->events_fd, &info);
	if (err) {
		snprintf(error->text, sizeof(error->text), "events of %s: %s", module->name,
			 strerror(-err));
		return err;
	}
	module->events_id = info.id;
	err = module_counters(module, error);
	if (err)
		return err;
	return generations_init(&module->generations, module->pin_root, module->name, events,
				error);
}

int module_open(struct module *module, const char *pin_root, const char *name, unsigned int cpus,
		const char *events, struct pin_error *error)
{
	int err;

	*module = (struct module){
		.pin_root = pin_root,
		.name = name,
		.cpus = cpus,
		.events_fd = -1,
		.counters.fd = -1,
	};
	err = module_pins(module, events, error);
	if (err)
		module_release(module);
	return err;
}

void module_release(struct module *module)
{
	generations_release(&module->generations);
	counters_release(&module->counters);
	if (module->events_fd >= 0)
		close(module->events_fd);
	module->events_fd = -1;
}

int module_current(const struct module *module)
{
	struct bpf_map_info info;
	struct pin_error error;
	int fd, err;

	fd = pin_reader_open(module->pin_root, module->name, "events", NULL, &error);
	if (fd < 0)
		return fd;
	err = map_info(fd, &info);
	close(fd);
	return err ? err : info.id == module->events_id;
}
