/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters on a live tree of processes: alpha, a copy of a shell, runs beta, another
 * one, which runs leaf, a program. Which of the three does process-monitor report?
 */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pulsar/filter.h>
#include <pulsar/wire.h>

#include "pulsar-test.h"

#define MODULE "process-monitor"
#define SHELL  "/usr/bin/dash"
#define LEAF   "/usr/bin/true"

enum { ALPHA = 1, BETA = 2, TREE_LEAF = 4, ALL = 7 };

static char folder[64];

/* ---- programs of the test's own ---- */

static const char *program(const char *name)
{
	static char path[4][128];
	static unsigned int next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
	return p;
}

static void copy_program(const char *from, const char *name)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(program(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	char buffer[65536];
	ssize_t n;

	cr_assert(in >= 0 && out >= 0, "%s: %s", name, strerror(errno));
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		cr_assert_eq(write(out, buffer, (size_t)n), n);
	close(in);
	close(out);
}

static void folder_make(void)
{
	strcpy(folder, "/tmp/pulsar-filter-XXXXXX");
	cr_assert(mkdtemp(folder));
	chmod(folder, 0755);
	copy_program(SHELL, "alpha");
	copy_program(SHELL, "beta");
	copy_program(LEAF, "leaf");
}

static void folder_remove(void)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(folder);
}

TestSuite(filters, .init = folder_make, .fini = folder_remove, .timeout = 300);

/* ---- which of the tree were reported ---- */

static bool event_is(json_t *event, const char *name)
{
	json_t *header = json_object_get(event, "header");

	return !strcmp(json_string_value(json_object_get(header, "event")), name);
}

static bool image_is(json_t *event, const char *name)
{
	json_t *header = json_object_get(event, "header");
	const char *image = json_string_value(json_object_get(header, "image"));

	return image && !strcmp(image, program(name));
}

/* Of the three programs, those with such an event. */
static unsigned int reported(json_t *events, const char *what)
{
	unsigned int found = 0;
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event) {
		if (!event_is(event, what))
			continue;
		found |= image_is(event, "alpha") ? ALPHA : 0;
		found |= image_is(event, "beta") ? BETA : 0;
		found |= image_is(event, "leaf") ? TREE_LEAF : 0;
	}
	return found;
}

/* ---- rules that are there from the start ---- */

/* ":" keeps a shell from becoming its last command. */
static void run_tree(void *arg)
{
	const uid_t *uid = arg;
	char command[512];
	int status;
	pid_t pid = fork();

	if (!pid) {
		snprintf(command, sizeof(command), "%s -c '%s; :'; :", program("beta"),
			 program("leaf"));
		if (uid && (setgroups(0, NULL) || setuid(*uid)))
			_exit(1);
		execl(program("alpha"), "alpha", "-c", command, NULL);
		_exit(99);
	}
	waitpid(pid, &status, 0);
	cr_assert_eq(status, 0);
}

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
					starts[row].rules[i][0], program(starts[row].rules[i][1]));
}

/* Events of `total` that came after the first `before` ones. */
static json_t *events_after(json_t *total, size_t before)
{
	json_t *after = json_array();

	for (size_t i = before; i < json_array_size(total); i++)
		json_array_append(after, json_array_get(total, i));
	json_decref(total);
	return after;
}

/* What the reader has printed of all that happened up to now. */
static json_t *read_all(struct kit *kit, struct kit_reader *reader)
{
	kit_caught_up(kit, MODULE, "default");
	return kit_reader_events(reader);
}

static size_t count_all(struct kit *kit, struct kit_reader *reader)
{
	json_t *events = read_all(kit, reader);
	size_t count = json_array_size(events);

	json_decref(events);
	return count;
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
		run_tree(NULL);
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

	snprintf(config, sizeof(config), "[" MODULE "]\ntargets_children = %s\n", program("beta"));
	run = module_run_config(MODULE, config, run_tree, NULL);
	cr_expect_eq(reported(run_events(run), "Exec"), BETA | TREE_LEAF);
	run_free(run);
}

Test(filters, uid_targets_are_looked_up_when_it_happens)
{
	const uid_t other = 1234, target = 4321;
	struct run *run;

	run = module_run_config(MODULE, "[" MODULE "]\nuid_targets = 4321, 77\n", run_tree,
				(void *)&other);
	cr_expect_eq(reported(run_events(run), "Exec"), 0);
	run_free(run);
	run = module_run_config(MODULE, "[" MODULE "]\nuid_targets = 4321, 77\n", run_tree,
				(void *)&target);
	cr_expect_eq(reported(run_events(run), "Exec"), ALL);
	run_free(run);
}

/* ---- rules that change while the tree runs ---- */

/* alpha runs beta, which runs a leaf for each line that it is told. */
struct tree {
	pid_t alpha, beta;
	int in, out;
};

/* Waits for one answer: the leaf has run. */
static void tree_poke(struct tree *t)
{
	char c;

	cr_assert_eq(write(t->in, "\n", 1), 1);
	do {
		cr_assert_eq(read(t->out, &c, 1), 1);
	} while (c != '\n');
}

static struct tree tree_start(void)
{
	char command[512], line[32] = "";
	struct tree t;
	int in[2], out[2];
	size_t n = 0;

	cr_assert(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC));
	t.alpha = fork();
	if (!t.alpha) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		snprintf(command, sizeof(command),
			 "%s -c 'echo $$; while read x; do %s; echo; done; :'; :", program("beta"),
			 program("leaf"));
		execl(program("alpha"), "alpha", "-c", command, NULL);
		_exit(99);
	}
	close(in[0]);
	close(out[1]);
	t.in = in[1];
	t.out = out[0];
	do {
		cr_assert_eq(read(t.out, line + n, 1), 1);
	} while (line[n++] != '\n');
	t.beta = atoi(line);
	return t;
}

static void tree_stop(struct tree *t)
{
	close(t->in);
	waitpid(t->alpha, NULL, 0);
	close(t->out);
}

static json_t *ask(struct kit *kit, json_t *request)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct {
		struct pulsar_wire wire;
		char json[4096];
	} message = { .wire = { PULSAR_WIRE_MAGIC, PULSAR_WIRE_VERSION, PULSAR_ASK_CONTROL, 0,
				0 } };
	size_t len = json_dumpb(request, message.json, sizeof(message.json), 0);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ssize_t n;

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", kit_socket(kit));
	message.wire.size = (__u32)(sizeof(message.wire) + len);
	cr_assert(!connect(fd, (struct sockaddr *)&to, sizeof(to)), "%s", strerror(errno));
	cr_assert_eq(send(fd, &message, message.wire.size, 0), (ssize_t)message.wire.size);
	n = recv(fd, &message, sizeof(message), 0);
	close(fd);
	json_decref(request);
	cr_assert_gt(n, (ssize_t)sizeof(message.wire));
	return json_loadb(message.json, (size_t)n - sizeof(message.wire), 0, NULL);
}

static json_t *ask_filter(struct kit *kit, json_t *rules)
{
	return ask(kit, json_pack("{s:s, s:s, s:o}", "request", "filter", "module", MODULE, "rules",
				  rules));
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
		return json_pack("[s]", program("alpha"));
	case IMAGE_BETA:
		return json_pack("[s]", program("beta"));
	default:
		return json_pack("[s]", program("leaf"));
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

static void change_filter(struct kit *kit, json_t *rules, bool by_reload)
{
	char config[1024];
	json_t *answer;

	if (by_reload) {
		config_of_rules(rules, config, sizeof(config));
		kit_set_config(kit, config);
		kit_reload(kit);
		json_decref(rules);
		return;
	}
	answer = ask_filter(kit, rules);
	cr_assert(json_is_true(json_object_get(answer, "ok")), "%s", json_dumps(answer, 0));
	cr_assert(!json_object_get(answer, "warning"), "%s", json_dumps(answer, 0));
	json_decref(answer);
}

static void check_change(struct kit *kit, struct kit_reader *reader, size_t row, bool by_reload)
{
	json_t *events;
	size_t before;
	struct tree t;

	change_filter(kit, json_object(), by_reload);
	before = count_all(kit, reader);
	t = tree_start();
	tree_poke(&t);
	events = events_after(read_all(kit, reader), before);
	cr_expect_eq(reported(events, "Exec"), ALL, "before any rule");
	json_decref(events);
	change_filter(kit, rules_of(row, &t), by_reload);
	before = count_all(kit, reader);
	tree_poke(&t);
	tree_stop(&t);
	events = events_after(read_all(kit, reader), before);
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
	struct kit *kit = kit_new(MODULE, NULL);
	struct kit_reader *reader;

	cr_assert(kit_start(kit), "%s", kit_log(kit));
	reader = kit_read(kit, MODULE, NULL);
	kit_attached(kit, MODULE, "default");
	for (size_t row = 0; row < CHANGES; row++)
		check_change(kit, reader, row, by_reload);
	kit_reader_free(reader);
	kit_free(kit);
}

Test(filters, a_request_changes_rules_for_processes_that_run)
{
	check_changes(false);
}

Test(filters, a_reload_changes_rules_for_processes_that_run)
{
	check_changes(true);
}

Test(filters, a_request_that_is_wrong_changes_nothing)
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
	answer = ask(kit, json_pack("{s:s}", "request", "filter"));
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
Test(filters, a_change_that_was_cut_off_is_made_again)
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

/* ---- cgroups ---- */

static bool unified(char *path, size_t size)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char line[512], where[200], type[64];
	bool found = false;

	while (mounts && !found && fgets(line, sizeof(line), mounts))
		found = sscanf(line, "%*s %199s %63s", where, type) == 2 &&
			!strcmp(type, "cgroup2");
	if (mounts)
		fclose(mounts);
	if (found)
		snprintf(path, size, "%s", where);
	return found;
}

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
	run_tree(NULL);
	cgroup_join(c->top, getpid());
}

static void check_cgroup(bool exists)
{
	struct cgroups c = { .exists = exists };
	char config[256];
	struct run *run;

	if (geteuid())
		cr_skip_test("needs root: loads BPF programs");
	if (!unified(c.top, sizeof(c.top)))
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
	run = module_run_config(MODULE, config, run_tree, NULL);
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
		run_tree(NULL);
}

/* Three forks, execs and exits for each tree, of which the leaf's exec and exit are of interest. */
Test(filters, what_is_dropped_is_counted)
{
	struct kit_account before, after;
	unsigned long long happened;
	char config[256];
	struct kit *kit;

	snprintf(config, sizeof(config), "[" MODULE "]\ntargets = %s\n", program("leaf"));
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
			execl(program("alpha"), "alpha", "-c", "(:); :", NULL);
			_exit(99);
		}
		waitpid(pid, NULL, 0);
	}
}

/*
 * Rules that change while processes come and go; after each change, a tree that is
 * inherited from must be decided by the new ones.
 */
Test(filters, changes_during_a_storm_of_forks_are_whole)
{
	struct kit *kit = kit_new(MODULE, "[" MODULE "]\nring_size = 16M\n");
	struct kit_reader *reader;
	json_t *after;
	pid_t storms[2];
	size_t before;
	struct tree t;

	cr_assert(kit_start(kit), "%s", kit_log(kit));
	reader = kit_read(kit, MODULE, NULL);
	t = tree_start();
	for (int i = 0; i < 2; i++)
		storms[i] = storm_start();
	for (unsigned int i = 0; i < 2 * scaled(25); i++) {
		bool wanted = i % 2;
		json_t *rules =
			wanted ? json_pack("{s:[s]}", "targets_children", program("beta"))
			       : json_pack("{s:[s]}", "whitelist_children", program("beta"));

		change_filter(kit, rules, false);
		before = count_all(kit, reader);
		tree_poke(&t);
		after = events_after(read_all(kit, reader), before);
		cr_expect_eq(!!(reported(after, "Exec") & TREE_LEAF), wanted, "change %u", i);
		json_decref(after);
	}
	for (int i = 0; i < 2; i++) {
		kill(storms[i], SIGKILL);
		waitpid(storms[i], NULL, 0);
	}
	tree_stop(&t);
	kit_reader_free(reader);
	kit_free(kit);
}
