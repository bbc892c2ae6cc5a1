// SPDX-License-Identifier: Apache-2.0
/* Replaces what runs of a module. */
#include "upgrade.h"

#include "launch.h"

int upgrade_module(struct module *module, const struct module_site *site,
		   const struct object *object, unsigned int number, struct pin_error *error)
{
	const unsigned int old_number = module->number;
	struct launch launch = {
		.module = module,
		.site = site,
		.object = object,
		.generation = module->meta.generation + 1,
		.keep_maps = true,
	};
	int err;

	module->number = number;
	err = launch_run(&launch, error);
	if (!err)
		err = launch_pin(&launch, error);
	if (err >= 0) {
		module->hooks = launch.hooks;
		module->meta = launch.meta;
		module->events = launch.events;
		module->adopted = false;
	} else {
		module->number = old_number;
	}
	launch_release(&launch);
	return err;
}
