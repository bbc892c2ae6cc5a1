/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a hook to a line: who may read, what bpftool shows, a module dropped in,
 * and what bad input is told.
 */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulsar-test.h"

#define LOADERD	       PULSAR_TEST_BUILD "/pulsar-loaderd"
#define READER	       PULSAR_TEST_BUILD "/pulsar-reader"
#define MODULES	       PULSAR_TEST_BUILD "/modules"
#define TEST_BPF(name) PULSAR_TEST_BPF_DIR "/" name ".bpf.o"

/* ---- who may read ---- */

Test(spine, a_reader_without_the_group_is_told_which_it_needs)
{
	struct kit *kit = kit_started("file-created", "[file-created]\ngroup = root\n");
	struct kit_reader *reader = kit_read(kit, "file-created", NULL);
	int status = kit_reader_wait(reader);
	char *log = kit_reader_log(reader);
	char expected[256];

	snprintf(expected, sizeof(expected),
		 "permission denied: %s/file-created/events, needs group root", kit_pin_root(kit));
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	cr_expect(strstr(log, expected), "%s", log);
	free(log);
	kit_reader_free(reader);
	kit_free(kit);
}

Test(spine, the_second_reader_of_a_subscription_is_told_who_holds_it)
{
	struct kit *kit = kit_started("file-created", NULL);
	struct kit_reader *first = kit_read(kit, "file-created", NULL), *second;
	char expected[64];
	char *log;
	int status;

	kit_attached(kit, "file-created", "default");
	second = kit_read(kit, "file-created", NULL);
	status = kit_reader_wait(second);
	log = kit_reader_log(second);
	snprintf(expected, sizeof(expected), "held by pid %d (uid 65534)", kit_reader_pid(first));
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	cr_expect(strstr(log, expected), "%s", log);
	free(log);
	cr_expect_eq(kit_reader_stop(first, SIGTERM), 0);
	kit_reader_free(first);
	kit_reader_free(second);
	kit_free(kit);
}

/* Runs a reader to its end and expects one clear line. */
static void expect_reader_fails(const char *pins, const char *socket, const char *module,
				const char *text)
{
	const char *argv[] = { READER, "--pin-root", pins, "--socket", socket, module, NULL };
	int status;
	char *said = program_run(KIT_NOBODY_USER, argv, &status);

	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%s", said);
	cr_expect(strstr(said, text), "expected \"%s\", found \"%s\"", text, said);
	cr_expect(strchr(said, '\n') == said + strlen(said) - 1, "not one line: %s", said);
	free(said);
}

Test(spine, a_reader_names_an_unknown_module_and_an_absent_loaderd)
{
	struct kit *kit = kit_started("file-created", NULL);

	expect_reader_fails(kit_pin_root(kit), kit_socket(kit), "no-such-module", "no-such-module");
	expect_reader_fails(kit_pin_root(kit), "/tmp/no-such-socket", "file-created",
			    "/tmp/no-such-socket");
	kit_free(kit);
}

/* ---- what bpftool shows ---- */

static char *bpftool(const char *a, const char *b, const char *c, const char *d)
{
	const char *argv[] = { "/usr/sbin/bpftool", a, b, c, d, NULL };
	int status;
	char *text;

	if (access(argv[0], X_OK))
		cr_skip_test("bpftool is not on this machine");
	text = program_run(KIT_ROOT, argv, &status);
	cr_assert_eq(status, 0, "%s", text);
	return text;
}

static void expect_map_shows(struct kit *kit, const char *map, const char *const *words)
{
	char path[256];
	char *text;

	snprintf(path, sizeof(path), "%s/file-created/%s", kit_pin_root(kit), map);
	text = bpftool("map", "dump", "pinned", path);
	for (; *words; words++)
		cr_expect(strstr(text, *words), "%s: no %s in\n%s", map, *words, text);
	free(text);
}

Test(spine, pinned_maps_read_like_tables_in_bpftool)
{
	struct kit *kit = kit_started("file-created", NULL);
	char *links;

	expect_map_shows(
		kit, "schema",
		(const char *const[]){ "FileCreated", "filename", "PULSAR_KIND_STRING", NULL });
	expect_map_shows(
		kit, "counters",
		(const char *const[]){ "\"produced\"", "\"ring_full\"", "\"no_ring\"", NULL });
	expect_map_shows(kit, "meta",
			 (const char *const[]){ "file-created", "\"generation\": 1", NULL });
	links = bpftool("link", "show", NULL, NULL);
	cr_expect(strlen(links) > 0);
	free(links);
	kit_free(kit);
}

/* ---- a module of somebody else ---- */

static void make_directory(void *path)
{
	cr_assert(!mkdir(path, 0750) && !rmdir(path));
}

Test(spine, a_module_dropped_in_as_one_file_loads_and_prints)
{
	struct kit *kit = kit_new("dir-made", NULL);
	struct kit_reader *reader;
	char path[128];
	char *report;
	json_t *events;

	kit_own_modules(kit);
	kit_add_module(kit, TEST_BPF("dir-made"));
	kit_must_start(kit);
	reader = kit_read(kit, "dir-made", NULL);
	snprintf(path, sizeof(path), "%s/directory", kit_folder(kit));
	make_directory(path);
	kit_caught_up(kit, "dir-made", "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	events = kit_reader_events(reader);
	cr_expect_eq(
		events_match(events, "DirMade",
			     (struct condition[]){
				     str("name", path), str("mode", "0750"), from_self(), { 0 } },
			     0, 0, &report),
		1, "%s", report);
	json_decref(events);
	kit_reader_free(reader);
	kit_free(kit);
}

/* What a kernel lacks is looked for in its modules, which takes a capability that loaderd has dropped by then. */
Test(spine, a_reload_takes_a_module_that_can_do_without_what_the_kernel_lacks)
{
	struct kit *kit = kit_new("lacking", NULL);

	kit_own_modules(kit);
	kit_add_module(kit, TEST_BPF("lacking"));
	kit_must_start(kit);
	kit_change_module(kit, "lacking");
	kit_reload(kit);
	cr_expect(strstr(kit_log(kit), "generation 2"), "not upgraded:\n%s", kit_log(kit));
	kit_free(kit);
}

Test(spine, a_wrong_probe_fails_in_the_kit_and_the_field_is_named)
{
	struct kit *kit = kit_new("wrong-probe", NULL);
	struct kit_reader *reader;
	char path[128], *report = NULL;
	json_t *events;

	kit_own_modules(kit);
	kit_add_module(kit, TEST_BPF("wrong-probe"));
	kit_must_start(kit);
	reader = kit_read(kit, "wrong-probe", NULL);
	snprintf(path, sizeof(path), "%s/directory", kit_folder(kit));
	cr_assert(!mkdir(path, 0755) && !rmdir(path));
	kit_caught_up(kit, "wrong-probe", "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	events = kit_reader_events(reader);
	cr_expect_eq(
		events_match(events, "DirMade",
			     (struct condition[]){
				     str("name", path), str("mode", "0755"), from_self(), { 0 } },
			     0, 0, &report),
		0);
	cr_expect(strstr(report, "payload.mode: expected \"0755\", found \"0750\""), "%s", report);
	free(report);
	json_decref(events);
	kit_reader_free(reader);
	kit_free(kit);
}

/* ---- bad input ---- */

struct bad {
	const char *what;
	const char *module;
	const char *object; /* dropped in, or NULL */
	const char *config; /* appended, or NULL */
	uid_t owner;	    /* of the object */
	const char *text;   /* that the error must contain */
};

static void expect_refused(const struct bad *bad)
{
	struct kit *kit = kit_new(bad->module, bad->config);
	const char *dir = kit_own_modules(kit);
	struct stat st;
	char *log;

	if (bad->object) {
		char path[512];

		kit_add_module(kit, bad->object);
		snprintf(path, sizeof(path), "%s%s", dir, strrchr(bad->object, '/'));
		cr_assert(!chown(path, bad->owner, 0));
	}
	cr_expect_not(kit_start(kit), "%s: started all the same", bad->what);
	log = kit_log(kit);
	cr_expect(strstr(log, bad->text), "%s: expected \"%s\" in\n%s", bad->what, bad->text, log);
	cr_expect(stat(kit_pin_root(kit), &st) && errno == ENOENT, "%s: something is left at %s",
		  bad->what, kit_pin_root(kit));
	free(log);
	kit_free(kit);
}

static const struct bad bad_input[] = {
	{ .what = "unknown module", .module = "no-such-module", .text = "no-such-module" },
	{ .what = "owner",
	  .module = "dir-made",
	  .object = TEST_BPF("dir-made"),
	  .owner = 65534,
	  .text = "dir-made.bpf.o: owned by uid 65534" },
	{ .what = "no event",
	  .module = "no-event",
	  .object = TEST_BPF("no-event"),
	  .text = "no-event" },
	{ .what = "no maps",
	  .module = "foreign",
	  .object = TEST_BPF("foreign"),
	  .text = "not an object for Pulsar" },
	{ .what = "type", .module = "bad-type", .object = TEST_BPF("bad-type"), .text = "where" },
	{ .what = "unknown key",
	  .module = "file-created",
	  .config = "[loaderd]\nno_such_key = 1",
	  .text = "pulsar.conf:7: " },
	{ .what = "bad value",
	  .module = "file-created",
	  .config = "[loaderd]\nkeep_pins = perhaps",
	  .text = "pulsar.conf:7: " },
	{ .what = "ring size",
	  .module = "file-created",
	  .config = "[loaderd]\nring_size = 100000",
	  .text = "power of two" },
};

Test(spine, bad_input_is_named_and_leaves_nothing)
{
	for (size_t i = 0; i < sizeof(bad_input) / sizeof(*bad_input); i++)
		expect_refused(&bad_input[i]);
}

/* ---- the process stays excluded, restarts change nothing ---- */

static void program_ids(struct kit *kit, char *ids, size_t size)
{
	char pattern[256];
	glob_t links;

	snprintf(pattern, sizeof(pattern), "%s/file-created/links/*", kit_pin_root(kit));
	cr_assert(!glob(pattern, 0, NULL, &links), "no links in %s", pattern);
	*ids = '\0';
	for (size_t i = 0; i < links.gl_pathc; i++) {
		struct bpf_link_info info = { 0 };
		__u32 len = sizeof(info);
		int fd = bpf_obj_get(links.gl_pathv[i]);

		cr_assert(fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len));
		close(fd);
		snprintf(ids + strlen(ids), size - strlen(ids), "%u ", info.prog_id);
	}
	globfree(&links);
}

Test(spine, a_restart_with_nothing_changed_keeps_the_programs)
{
	struct kit *kit = kit_started("file-created", NULL);
	char before[4096], after[4096];

	program_ids(kit, before, sizeof(before));
	kit_stop(kit, SIGKILL);
	cr_assert(kit_start(kit));
	program_ids(kit, after, sizeof(after));
	printf("  program ids before: %s after: %s\n", before, after);
	cr_expect(*before);
	cr_expect_str_eq(before, after);
	kit_stop(kit, SIGTERM);
	cr_assert(kit_start(kit));
	program_ids(kit, after, sizeof(after));
	cr_expect_str_eq(before, after);
	kit_free(kit);
}
