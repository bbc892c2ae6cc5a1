// SPDX-License-Identifier: Apache-2.0
/* The rules of all modules, and where they go. */
#include "interest.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "interest_internal.h"

struct interest *interest_new(void)
{
	return calloc(1, sizeof(struct interest));
}

void interest_free(struct interest *interest)
{
	if (!interest)
		return;
	for (size_t i = 0; i < PULSAR_MODULES_MAX; i++)
		rules_release(&interest->rules[i]);
	free(interest);
}

int interest_set(struct interest *interest, unsigned int number, const struct rules *rules)
{
	struct rules copy = { 0 };
	int err;

	if (rules) {
		err = rules_copy(&copy, rules);
		if (err)
			return err;
	}
	rules_release(&interest->rules[number]);
	interest->rules[number] = copy;
	return 0;
}

const struct rules *interest_rules(const struct interest *interest, unsigned int number)
{
	return &interest->rules[number];
}

/* ---- core's maps ---- */

static const struct {
	const char *pin;
	struct pin_map_expect expect;
} interest_maps[INTEREST_MAPS] = {
	[MAP_FILTERS] = { "maps/core_filters",
			  { BPF_MAP_TYPE_ARRAY, 4, sizeof(struct pulsar_filters), 1 } },
	[MAP_IMAGES] = { "maps/core_filter_images",
			 { BPF_MAP_TYPE_HASH, sizeof(struct pulsar_filter_path),
			   sizeof(struct pulsar_filter_image), 0 } },
	[MAP_PIDS] = { "maps/core_filter_pids",
		       { BPF_MAP_TYPE_HASH, 4, sizeof(struct pulsar_filter_pid), 0 } },
	[MAP_UIDS] = { "maps/core_filter_uids", { BPF_MAP_TYPE_HASH, 4, 8, 0 } },
	[MAP_CGROUPS] = { "maps/core_filter_cgroups", { BPF_MAP_TYPE_HASH, 8, 8, 0 } },
	[MAP_CGROUP_PATHS] = { "maps/core_filter_cgroup_paths",
			       { BPF_MAP_TYPE_HASH, sizeof(struct pulsar_filter_path), 8, 0 } },
	[MAP_PROCESSES] = { "maps/core_processes",
			    { BPF_MAP_TYPE_HASH, 4, sizeof(struct pulsar_process), 0 } },
};

static void change_release(struct interest_change *c)
{
	for (int i = 0; i < INTEREST_MAPS; i++)
		if (c->fds[i] >= 0)
			close(c->fds[i]);
	if (c->iterator >= 0)
		close(c->iterator);
	mirror_release(&c->images);
	mirror_release(&c->pids);
	mirror_release(&c->uids);
	mirror_release(&c->cgroup_paths);
	mirror_release(&c->cgroup_ids);
	mirror_release(&c->cgroups);
}

static int change_open(struct interest_change *c, const struct pin_root *pins)
{
	for (int i = 0; i < INTEREST_MAPS; i++) {
		c->fds[i] = pin_map_open(pins, "core", interest_maps[i].pin,
					 &interest_maps[i].expect, c->error);
		if (c->fds[i] < 0)
			return c->fds[i];
	}
	c->iterator = pin_link_open(pins, "core", INTEREST_ITERATOR, c->error);
	return c->iterator < 0 ? c->iterator : 0;
}

int interest_apply(struct interest *interest, const struct pin_root *pins, struct pin_error *error)
{
	struct interest_change c = {
		.iterator = -1,
		.images = { sizeof(struct pulsar_filter_path), sizeof(struct pulsar_filter_image),
			    NULL, 0 },
		.pids = { sizeof(__u32), sizeof(struct pulsar_filter_pid), NULL, 0 },
		.uids = { sizeof(__u32), sizeof(__u64), NULL, 0 },
		.cgroup_paths = { sizeof(struct pulsar_filter_path), sizeof(__u64), NULL, 0 },
		.cgroup_ids = { sizeof(__u64), sizeof(__u64), NULL, 0 },
		.cgroups = { sizeof(__u64), sizeof(__u64), NULL, 0 },
		.error = error,
	};
	int err;

	error->text[0] = '\0';
	for (int i = 0; i < INTEREST_MAPS; i++)
		c.fds[i] = -1;
	err = change_open(&c, pins);
	if (!err)
		err = change_build(&c, interest);
	if (!err)
		err = change_write(&c);
	change_release(&c);
	return err;
}
