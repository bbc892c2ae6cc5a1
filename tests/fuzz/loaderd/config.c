// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a configuration. The input is the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

/* What was taken is what the daemon relies on. */
static void check(const struct config *c)
{
	must(c->pin_root[0] == '/' && c->socket[0] == '/' && c->modules_dir[0] == '/');
	must(c->ring_size >= 4096 && !(c->ring_size & (c->ring_size - 1)));
	must(c->subscriptions_max >= 1 && c->subscriptions_max <= PULSAR_SUBSCRIPTIONS_MAX);
	must(c->max_clients >= 1);
	for (size_t i = 0; i < c->modules_count; i++)
		must(pin_name_valid(c->modules[i]));
	for (size_t i = 0; i < c->sections_count; i++) {
		must(pin_name_valid(c->sections[i].name));
		must(config_section(c, c->sections[i].name) == &c->sections[i]);
		for (size_t v = 0; v < c->sections[i].variables_count; v++)
			must(strlen(c->sections[i].variables[v].name) > 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = config_new();
	struct pin_error error = { "" };
	/* In memory of just its size, so that reading beyond it is noticed. */
	char *text = malloc(size ? size : 1);
	int err;

	must(config && text);
	memcpy(text, data, size);
	err = config_parse(config, "fuzz", text, size, &error);
	must(err <= 0);
	if (err)
		must(!strncmp(error.text, "fuzz:", 5) && strlen(error.text) > 6);
	else
		check(config);
	config_free(config);
	free(text);
	return 0;
}
