/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that are there before the processes: each rule, with and without children. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acts.h"
#include "pulsar-test.h"
#include "tree.h"

#define MODULE TREE_MODULE

TestSuite(filters, .init = tree_make, .fini = folder_remove, .timeout = 300);

/* ---- rules that are there from the start ---- */

/* Rules as key and program; a key may come twice. */
static const struct {
	const char *rules[3][2];
	unsigned int expected;
} starts[] = {
	{ { { NULL } }, ALL },
	{ { { "targets", "alpha" } }, ALPHA },
	{ { { "targets", "beta" } }, BETA },
	{ { { "targets", "leaf" } }, TREE_LEAF },
	{ { { "targets_children", "alpha" } }, ALL },
	{ { { "targets_children", "beta" } }, BETA | TREE_LEAF },
	{ { { "whitelist", "alpha" } }, BETA | TREE_LEAF },
	{ { { "whitelist", "leaf" } }, ALPHA | BETA },
	{ { { "whitelist_children", "alpha" } }, 0 },
	{ { { "whitelist_children", "beta" } }, ALPHA },
	/* Whitelist after inherited. */
	{ { { "targets_children", "alpha" }, { "whitelist", "beta" } }, ALPHA | TREE_LEAF },
	{ { { "targets_children", "alpha" }, { "whitelist_children", "beta" } }, ALPHA },
	/* Targets after whitelist. */
	{ { { "targets", "alpha" }, { "whitelist", "alpha" } }, ALPHA },
	{ { { "targets", "leaf" }, { "whitelist_children", "alpha" } }, TREE_LEAF },
	{ { { "targets_children", "beta" }, { "whitelist_children", "alpha" } }, BETA | TREE_LEAF },
	/* Not a target, and not inherited. */
	{ { { "targets", "nothing" } }, 0 },
	{ { { "targets", "nothing" }, { "whitelist", "alpha" } }, 0 },
};

static void config_of(size_t row, char *config, size_t size)
{
	size_t len = (size_t)snprintf(config, size, "[" MODULE "]\n");

	for (int i = 0; i < 3 && starts[row].rules[i][0]; i++)
		len += (size_t)snprintf(config + len, size - len, "%s = %s\n",
					starts[row].rules[i][0],
					in_folder(starts[row].rules[i][1]));
}

/* One Pulsar for all rows, which reads its configuration again for each. */
Test(filters, rules_by_image_hold_with_and_without_children)
{
	struct kit *kit = kit_new(MODULE, NULL);
	struct kit_reader *reader;

	cr_assert(kit_start(kit), "%s", kit_log(kit));
	reader = kit_read(kit, MODULE, NULL);
	kit_attached(kit, MODULE, "default");
	for (size_t row = 0; row < sizeof(starts) / sizeof(starts[0]); row++) {
		char config[1024];
		json_t *events;
		size_t before;

		config_of(row, config, sizeof(config));
		kit_set_config(kit, config);
		kit_reload(kit);
		before = count_all(kit, reader);
		tree_run(NULL);
		events = events_after(read_all(kit, reader), before);
		cr_expect_eq(reported(events, "Exec"), starts[row].expected,
			     "%sreported %u, expected %u", config, reported(events, "Exec"),
			     starts[row].expected);
		cr_expect_eq(reported(events, "Exit"), starts[row].expected, "%s", config);
		json_decref(events);
	}
	kit_reader_free(reader);
	kit_free(kit);
}

Test(filters, rules_hold_from_the_first_event_on)
{
	char config[256];
	struct run *run;

	snprintf(config, sizeof(config), "[" MODULE "]\ntargets_children = %s\n",
		 in_folder("beta"));
	run = module_run_config(MODULE, config, tree_run, NULL);
	cr_expect_eq(reported(run_events(run), "Exec"), BETA | TREE_LEAF);
	run_free(run);
}

Test(filters, uid_targets_are_looked_up_when_it_happens)
{
	const uid_t other = 1234, target = 4321;
	struct run *run;

	run = module_run_config(MODULE, "[" MODULE "]\nuid_targets = 4321, 77\n", tree_run,
				(void *)&other);
	cr_expect_eq(reported(run_events(run), "Exec"), 0);
	run_free(run);
	run = module_run_config(MODULE, "[" MODULE "]\nuid_targets = 4321, 77\n", tree_run,
				(void *)&target);
	cr_expect_eq(reported(run_events(run), "Exec"), ALL);
	run_free(run);
}

/* ---- cgroups ---- */

static void cgroup_join(const char *path, pid_t pid)
{
	char procs[300];
	FILE *f;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	f = fopen(procs, "we");
	cr_assert(f && fprintf(f, "%d\n", pid) > 0 && !fclose(f), "%s: %s", procs, strerror(errno));
}

static void cgroup_remove(const char *path)
{
	while (rmdir(path) && errno == EBUSY)
		;
}

struct cgroups {
	char top[200], named[240], below[280];
	bool exists; /* before Pulsar starts */
};

static void act_cgroup(void *arg)
{
	struct cgroups *c = arg;

	if (!c->exists) {
		cr_assert(!mkdir(c->named, 0755) && !mkdir(c->below, 0755), "%s", strerror(errno));
	}
	cgroup_join(c->below, getpid());
	tree_run(NULL);
	cgroup_join(c->top, getpid());
}

static void check_cgroup(bool exists)
{
	struct cgroups c = { .exists = exists };
	char config[256];
	struct run *run;

	if (geteuid())
		cr_skip_test("needs root: loads BPF programs");
	if (!mount_of("cgroup2", NULL, c.top, sizeof(c.top)))
		cr_skip_test("cgroup2 is not mounted");
	snprintf(c.named, sizeof(c.named), "%s/pulsar-filter-%d", c.top, getpid());
	snprintf(c.below, sizeof(c.below), "%s/below", c.named);
	if (exists)
		cr_assert(!mkdir(c.named, 0755) && !mkdir(c.below, 0755));
	snprintf(config, sizeof(config), "[" MODULE "]\ncgroup_targets = /pulsar-filter-%d\n",
		 getpid());
	run = module_run_config(MODULE, config, act_cgroup, &c);
	cr_expect_eq(reported(run_events(run), "Exec"), ALL, "exists %d", exists);
	run_free(run);
	cgroup_remove(c.below);
	cgroup_remove(c.named);
	snprintf(config, sizeof(config), "[" MODULE "]\ncgroup_targets = /pulsar-other-%d\n",
		 getpid());
	run = module_run_config(MODULE, config, tree_run, NULL);
	cr_expect_eq(reported(run_events(run), "Exec"), 0);
	run_free(run);
}

Test(filters, cgroup_targets_hold_for_what_is_below_them_too)
{
	check_cgroup(true);
}

Test(filters, cgroup_targets_may_be_made_later)
{
	check_cgroup(false);
}

/* ---- what happened = produced + filtered ---- */

#define TIMES 200

static void run_many_trees(void)
{
	for (unsigned int i = 0; i < scaled(TIMES); i++)
		tree_run(NULL);
}

/* Three forks, execs and exits for each tree, of which the leaf's exec and exit are of interest. */
Test(filters, what_is_dropped_is_counted)
{
	struct kit_account before, after;
	unsigned long long happened;
	char config[256];
	struct kit *kit;

	snprintf(config, sizeof(config), "[" MODULE "]\ntargets = %s\n", in_folder("leaf"));
	kit = kit_new(MODULE, config);
	cr_assert(kit_start(kit), "%s", kit_log(kit));
	before = kit_account(kit, MODULE, "default", -1);
	run_many_trees();
	after = kit_account(kit, MODULE, "default", -1);
	cr_expect_eq(after.produced - before.produced, 2 * scaled(TIMES));
	happened = after.produced + after.filtered - before.produced - before.filtered;
	/* Others are at work on this machine too. */
	cr_expect_geq(happened, 9 * scaled(TIMES));
	kit_free(kit);
}
