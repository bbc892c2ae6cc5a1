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

/* What is reported of what happens under these rules. */
static json_t *events_with(struct watch *w, const char *config, void (*happens)(void *arg),
			   void *arg)
{
	size_t before;

	watch_configure(w, config);
	before = count_all(w);
	happens(arg);
	return events_after(read_all(w), before);
}

static unsigned int execs_with(struct watch *w, const char *config, void (*happens)(void *arg),
			       void *arg)
{
	json_t *events = events_with(w, config, happens, arg);
	unsigned int execs = reported(events, "Exec");

	json_decref(events);
	return execs;
}

/* One Pulsar for all rows, which reads its configuration again for each. */
Test(filters, rules_by_image_hold_with_and_without_children)
{
	struct watch w = watch_start(NULL);

	for (size_t row = 0; row < sizeof(starts) / sizeof(starts[0]); row++) {
		char config[1024];
		json_t *events;

		config_of(row, config, sizeof(config));
		events = events_with(&w, config, tree_run, NULL);
		cr_expect_eq(reported(events, "Exec"), starts[row].expected,
			     "%sreported %u, expected %u", config, reported(events, "Exec"),
			     starts[row].expected);
		cr_expect_eq(reported(events, "Exit"), starts[row].expected, "%s", config);
		json_decref(events);
	}
	watch_end(&w);
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
	static const char rules[] = "[" MODULE "]\nuid_targets = 4321, 77\n";
	uid_t other = 1234, target = 4321;
	struct watch w = watch_start(NULL);

	cr_expect_eq(execs_with(&w, rules, tree_run, &other), 0);
	cr_expect_eq(execs_with(&w, rules, tree_run, &target), ALL);
	watch_end(&w);
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
	char config[256]; /* that names it */
};

/* Their names; skips the test where there are none. */
static struct cgroups cgroups_name(void)
{
	struct cgroups c;

	if (geteuid())
		cr_skip_test("needs root: loads BPF programs");
	if (!mount_of("cgroup2", NULL, c.top, sizeof(c.top)))
		cr_skip_test("cgroup2 is not mounted");
	snprintf(c.named, sizeof(c.named), "%s/pulsar-filter-%d", c.top, getpid());
	snprintf(c.below, sizeof(c.below), "%s/below", c.named);
	snprintf(c.config, sizeof(c.config), "[" MODULE "]\ncgroup_targets = /pulsar-filter-%d\n",
		 getpid());
	return c;
}

static void cgroups_make(const struct cgroups *c)
{
	cr_assert(!mkdir(c->named, 0755) && !mkdir(c->below, 0755), "%s", strerror(errno));
}

static void cgroups_remove(const struct cgroups *c)
{
	cgroup_remove(c->below);
	cgroup_remove(c->named);
}

static void act_below(void *arg)
{
	const struct cgroups *c = arg;

	cgroup_join(c->below, getpid());
	tree_run(NULL);
	cgroup_join(c->top, getpid());
}

static void act_in_new_one(void *arg)
{
	cgroups_make(arg);
	act_below(arg);
}

Test(filters, cgroup_targets_hold_for_what_is_below_them_too)
{
	struct cgroups c = cgroups_name();
	struct run *run;

	cgroups_make(&c);
	run = module_run_config(MODULE, c.config, act_below, &c);
	cr_expect_eq(reported(run_events(run), "Exec"), ALL);
	run_free(run);
	cgroups_remove(&c);
}

Test(filters, cgroup_targets_may_be_made_later)
{
	struct cgroups c = cgroups_name();
	struct watch w = watch_start(NULL);

	cr_expect_eq(execs_with(&w, c.config, act_in_new_one, &c), ALL);
	cr_expect_eq(execs_with(&w, c.config, tree_run, NULL), 0, "in another one");
	watch_end(&w);
	cgroups_remove(&c);
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
	struct watch w = watch_start(NULL);
	char config[256];

	snprintf(config, sizeof(config), "[" MODULE "]\ntargets = %s\n", in_folder("leaf"));
	watch_configure(&w, config);
	before = kit_account(w.kit, MODULE, kit_subscription(w.kit), -1);
	run_many_trees();
	after = kit_account(w.kit, MODULE, kit_subscription(w.kit), -1);
	cr_expect_eq(after.produced - before.produced, 2 * scaled(TIMES));
	happened = after.produced + after.filtered - before.produced - before.filtered;
	/* Others are at work on this machine too. */
	cr_expect_geq(happened, 9 * scaled(TIMES));
	watch_end(&w);
}
