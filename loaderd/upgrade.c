// SPDX-License-Identifier: Apache-2.0
/* Replaces what runs of a module. */
#include "upgrade.h"

#include "launch.h"

int upgrade_module(struct module *module, struct launch *launch, struct pin_error *error)
{
	int err;

	err = launch_run(launch, error);
	if (!err)
		err = launch_pin(launch, error);
	if (err < 0)
		return err;
	module->hooks = launch->hooks;
	module->meta = launch->meta;
	module->number = launch->number;
	module->events = launch->schema.events;
	module->adopted = false;
	return err;
}
