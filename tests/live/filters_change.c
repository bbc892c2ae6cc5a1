/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that change while processes run. */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pulsar/filter.h>

#include "acts.h"
#include "pulsar-test.h"
#include "tree.h"

#define MODULE TREE_MODULE

TestSuite(filters_change, .init = tree_make, .fini = folder_remove, .timeout = 300);

/* ---- rules that change while the tree runs ---- */

static json_t *ask_filter(struct kit *kit, json_t *rules)
{
	json_t *request =
		json_pack("{s:s, s:s, s:o}", "request", "filter", "module", MODULE, "rules", rules);
	char *text = json_dumps(request, 0);
	json_t *answer = kit_control(kit, text);

	free(text);
	json_decref(request);
	return answer;
}

/* What a rule of a row names. */
enum what { NOTHING, IMAGE_ALPHA, IMAGE_BETA, IMAGE_LEAF, PID_ALPHA, PID_BETA };

static json_t *rule_value(enum what what, const struct tree *t)
{
	switch (what) {
	case PID_ALPHA:
		return json_pack("[i]", (int)t->alpha);
	case PID_BETA:
		return json_pack("[i]", (int)t->beta);
	case IMAGE_ALPHA:
		return json_pack("[s]", in_folder("alpha"));
	case IMAGE_BETA:
		return json_pack("[s]", in_folder("beta"));
	default:
		return json_pack("[s]", in_folder("leaf"));
	}
}

/*
 * The rules are set after the tree has begun. `execs`: what happens then, one leaf;
 * `exits`: alpha and beta, which ran before, end at last.
 */
static const struct {
	const char *rule;
	enum what what;
	const char *rule2;
	enum what what2;
	unsigned int execs, exits;
} changes[] = {
	{ NULL, NOTHING, NULL, NOTHING, TREE_LEAF, ALL },
	{ "targets", IMAGE_ALPHA, NULL, NOTHING, 0, ALPHA },
	{ "targets_children", IMAGE_ALPHA, NULL, NOTHING, TREE_LEAF, ALL },
	{ "targets", IMAGE_BETA, NULL, NOTHING, 0, BETA },
	{ "targets_children", IMAGE_BETA, NULL, NOTHING, TREE_LEAF, BETA | TREE_LEAF },
	{ "whitelist", IMAGE_BETA, NULL, NOTHING, TREE_LEAF, ALPHA | TREE_LEAF },
	{ "whitelist_children", IMAGE_ALPHA, NULL, NOTHING, 0, 0 },
	{ "whitelist_children", IMAGE_BETA, NULL, NOTHING, 0, ALPHA },
	{ "pid_targets", PID_BETA, NULL, NOTHING, 0, BETA },
	{ "pid_targets_children", PID_BETA, NULL, NOTHING, TREE_LEAF, BETA | TREE_LEAF },
	{ "pid_targets_children", PID_ALPHA, NULL, NOTHING, TREE_LEAF, ALL },
	/* A pid after all others. */
	{ "pid_targets", PID_BETA, "whitelist_children", IMAGE_ALPHA, 0, BETA },
	{ "pid_targets_children", PID_BETA, "whitelist", IMAGE_LEAF, 0, BETA },
};

#define CHANGES (sizeof(changes) / sizeof(changes[0]))

static json_t *rules_of(size_t row, const struct tree *t)
{
	json_t *rules = json_object();

	if (changes[row].rule)
		json_object_set_new(rules, changes[row].rule, rule_value(changes[row].what, t));
	if (changes[row].rule2)
		json_object_set_new(rules, changes[row].rule2, rule_value(changes[row].what2, t));
	return rules;
}

/* The same as a configuration. */
static void config_of_rules(json_t *rules, char *config, size_t size)
{
	size_t len = (size_t)snprintf(config, size, "[" MODULE "]\n");
	const char *name;
	json_t *list;

	json_object_foreach(rules, name, list) {
		json_t *item = json_array_get(list, 0);

		if (json_is_string(item))
			len += (size_t)snprintf(config + len, size - len, "%s = %s\n", name,
						json_string_value(item));
		else
			len += (size_t)snprintf(config + len, size - len, "%s = %lld\n", name,
						json_integer_value(item));
	}
}

static void change_filter(struct watch *w, json_t *rules, bool by_reload)
{
	char config[1024];
	json_t *answer;

	if (by_reload) {
		config_of_rules(rules, config, sizeof(config));
		watch_configure(w, config);
		json_decref(rules);
		return;
	}
	answer = ask_filter(w->kit, rules);
	cr_assert(json_is_true(json_object_get(answer, "ok")), "%s", json_dumps(answer, 0));
	cr_assert(!json_object_get(answer, "warning"), "%s", json_dumps(answer, 0));
	json_decref(answer);
}

static void check_change(struct watch *w, size_t row, bool by_reload)
{
	json_t *events;
	size_t before;
	struct tree t;

	change_filter(w, json_object(), by_reload);
	before = count_all(w);
	t = tree_start();
	tree_poke(&t);
	events = events_after(read_all(w), before);
	cr_expect_eq(reported(events, "Exec"), ALL, "before any rule");
	json_decref(events);
	change_filter(w, rules_of(row, &t), by_reload);
	before = count_all(w);
	tree_poke(&t);
	tree_stop(&t);
	events = events_after(read_all(w), before);
	cr_expect_eq(reported(events, "Exec"), changes[row].execs,
		     "row %zu: exec of %u, expected %u", row, reported(events, "Exec"),
		     changes[row].execs);
	cr_expect_eq(reported(events, "Exit"), changes[row].exits,
		     "row %zu: exit of %u, expected %u", row, reported(events, "Exit"),
		     changes[row].exits);
	json_decref(events);
}

static void check_changes(bool by_reload)
{
	struct watch w = watch_start(NULL);

	for (size_t row = 0; row < CHANGES; row++)
		check_change(&w, row, by_reload);
	change_filter(&w, json_object(), by_reload);
	watch_end(&w);
}

Test(filters_change, a_request_changes_rules_for_processes_that_run)
{
	check_changes(false);
}

Test(filters_change, a_reload_changes_rules_for_processes_that_run)
{
	check_changes(true);
}

Test(filters_change, a_request_that_is_wrong_changes_nothing)
{
	static const char *const wrong[] = {
		"{\"targets\": [\"relative\"]}",
		"{\"targets\": \"/usr/bin/x\"}",
		"{\"pid_targets\": [-1]}",
		"{\"uid_targets\": [\"root\"]}",
		"{\"uid_targets\": [4294967296]}",
		"{\"cgroup_targets\": [\"a/b\"]}",
		"{\"unknown\": [1]}",
		"[1]",
		"{\"targets\": [\"/usr/bin/x\", 1.5]}",
		"{\"targets\": [null]}",
	};
	struct kit *kit = kit_new(MODULE, "[" MODULE "]\ntargets = /usr/bin/kept\n");
	json_t *answer, *rules;

	cr_assert(kit_start(kit));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		answer = ask_filter(kit, json_loads(wrong[i], 0, NULL));
		cr_expect(json_is_false(json_object_get(answer, "ok")), "%s", wrong[i]);
		cr_expect(json_string_length(json_object_get(answer, "error")), "%s", wrong[i]);
		json_decref(answer);
	}
	answer = kit_control(kit, "{\"request\":\"filter\"}");
	rules = json_object_get(json_array_get(json_object_get(answer, "filters"), 0), "rules");
	cr_expect_eq(json_object_size(rules), 1);
	cr_expect_str_eq(json_string_value(json_array_get(json_object_get(rules, "targets"), 0)),
			 "/usr/bin/kept");
	json_decref(answer);
	kit_free(kit);
}

static struct pulsar_filters filters_of(struct kit *kit, bool cut_off)
{
	struct pulsar_filters filters;
	char path[256];
	__u32 zero = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/core/maps/core_filters", kit_pin_root(kit));
	fd = bpf_obj_get(path);
	cr_assert(fd >= 0 && !bpf_map_lookup_elem(fd, &zero, &filters), "%s", strerror(errno));
	if (cut_off) {
		filters.pending = 1;
		cr_assert_eq(bpf_map_update_elem(fd, &zero, &filters, BPF_ANY), 0);
	}
	close(fd);
	return filters;
}

/* Killed while rules changed, loaderd may have left processes that were decided by the old ones. */
Test(filters_change, a_change_that_was_cut_off_is_made_again)
{
	struct kit *kit = kit_new(MODULE, "[" MODULE "]\ntargets = /usr/bin/x\n");
	struct pulsar_filters before, after;

	cr_assert(kit_start(kit), "%s", kit_log(kit));
	kit_stop(kit, SIGKILL);
	before = filters_of(kit, false);
	cr_assert(kit_start(kit), "%s", kit_log(kit));
	after = filters_of(kit, false);
	cr_expect_eq(after.generation, before.generation, "nothing had changed");
	kit_stop(kit, SIGKILL);
	filters_of(kit, true);
	cr_assert(kit_start(kit), "%s", kit_log(kit));
	after = filters_of(kit, false);
	cr_expect_eq(after.generation, before.generation + 1);
	cr_expect_eq(after.pending, 0);
	kit_free(kit);
}

/* ---- while everything moves ---- */

/* Forks and programs all the time, in the rules' way. */
static pid_t storm_start(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	for (;;) {
		pid = fork();
		if (!pid) {
			execl(in_folder("alpha"), "alpha", "-c", "(:); :", NULL);
			_exit(99);
		}
		waitpid(pid, NULL, 0);
	}
}

/*
 * Rules that change while processes come and go; after each change, a tree that is
 * inherited from must be decided by the new ones.
 */
Test(filters_change, changes_during_a_storm_of_forks_are_whole)
{
	struct watch w = watch_start("[" MODULE "]\nring_size = 16M\n");
	json_t *after;
	pid_t storms[2];
	size_t before;
	struct tree t;

	t = tree_start();
	for (int i = 0; i < 2; i++)
		storms[i] = storm_start();
	for (unsigned int i = 0; i < 2 * scaled(25); i++) {
		bool wanted = i % 2;
		json_t *rules =
			wanted ? json_pack("{s:[s]}", "targets_children", in_folder("beta"))
			       : json_pack("{s:[s]}", "whitelist_children", in_folder("beta"));

		change_filter(&w, rules, false);
		before = count_all(&w);
		tree_poke(&t);
		after = events_after(read_all(&w), before);
		cr_expect_eq(!!(reported(after, "Exec") & TREE_LEAF), wanted, "change %u", i);
		json_decref(after);
	}
	for (int i = 0; i < 2; i++) {
		kill(storms[i], SIGKILL);
		waitpid(storms[i], NULL, 0);
	}
	tree_stop(&t);
	watch_end(&w);
}
