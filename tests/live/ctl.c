// SPDX-License-Identifier: Apache-2.0
/* pulsarctl, what it shows: of a Pulsar that runs, of pins alone, of nothing, and to whom. */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pulsar/event.h>
#include <pulsar/schema.h>

#include "pulsarctl.h"

#define MODULE "file-created"

static void create_files(struct kit *kit, int count)
{
	char path[256];

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/file-%d", kit_folder(kit), i);
		close(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
		unlink(path);
	}
}

static long long number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	cr_assert(json_is_integer(value), "no %s in %s", key, json_dumps(object, 0));
	return json_integer_value(value);
}

static long long sum(const json_t *lost)
{
	const json_t *n;
	const char *cause;
	long long all = 0;

	json_object_foreach((json_t *)lost, cause, n)
		all += json_integer_value(n);
	return all;
}

/* ---- modules ---- */

Test(ctl, modules_are_told_with_their_state_group_and_events)
{
	struct kit *kit = kit_started(MODULE, NULL);
	json_t *modules = pulsarctl_json(kit, WORDS("modules"));
	json_t *m = json_find(json_object_get(modules, "modules"), "module", MODULE);
	char *text = pulsarctl_text(kit, WORDS("modules"));

	cr_expect_str_eq(json_string_value(json_object_get(m, "state")), "running");
	cr_expect_eq(number(m, "events"), 1);
	cr_expect_eq(number(m, "generation"), 1);
	cr_expect(strstr(text, MODULE) && strstr(text, "nogroup"), "%s", text);
	expect_plain(text);
	free(text);
	kit_stop(kit, SIGKILL);
	text = pulsarctl_text(kit, WORDS("modules"));
	cr_expect(strstr(text, "pinned"), "%s", text);
	free(text);
	json_decref(modules);
	kit_free(kit);
}

/* ---- status ---- */

Test(ctl, status_has_the_figures_of_the_kernel)
{
	struct kit *kit = kit_started(MODULE, NULL);
	struct kit_account before, after;
	json_t *m, *s;

	create_files(kit, 50);
	before = kit_account(kit, MODULE, "default", -1);
	m = status_of(kit, MODULE);
	after = kit_account(kit, MODULE, "default", -1);
	cr_expect_str_eq(json_string_value(json_object_get(m, "state")), "running");
	cr_expect_geq(number(m, "produced"), 50);
	cr_expect(number(m, "produced") >= (long long)before.produced &&
		  number(m, "produced") <= (long long)after.produced);
	cr_expect_gt(json_array_size(json_object_get(m, "hooks")), 0);
	cr_expect(json_is_real(json_object_get(m, "rate")));
	s = json_find(json_object_get(m, "subscriptions"), "subscription", "default");
	cr_expect(json_is_null(json_object_get(s, "holder")));
	cr_expect_eq(number(s, "delivered"), 0);
	cr_expect_eq(number(s, "waiting") + sum(json_object_get(s, "lost")), number(m, "produced"));
	cr_expect_gt(number(s, "fill_bytes"), 50 * (long long)sizeof(struct pulsar_event));
	json_decref(m);
	kit_free(kit);
}

Test(ctl, status_tells_who_reads_a_subscription_and_what_it_got)
{
	struct kit *kit = kit_started(MODULE, NULL);
	struct kit_reader *reader = kit_read(kit, MODULE, NULL);
	char expected[64], *text;
	json_t *m, *s, *holder;

	kit_attached(kit, MODULE, "default");
	create_files(kit, 50);
	kit_caught_up(kit, MODULE, "default");
	m = status_of(kit, MODULE);
	s = json_find(json_object_get(m, "subscriptions"), "subscription", "default");
	holder = json_object_get(s, "holder");
	cr_expect_eq(number(holder, "pid"), kit_reader_pid(reader));
	cr_expect_eq(number(holder, "uid"), 65534);
	cr_expect_geq(number(s, "delivered") + sum(json_object_get(s, "lost")), 50);
	snprintf(expected, sizeof(expected), "pulsar-reader[%d]", kit_reader_pid(reader));
	text = pulsarctl_text(kit, WORDS("status"));
	cr_expect(strstr(text, expected), "expected %s in\n%s", expected, text);
	expect_plain(text);
	free(text);
	text = pulsarctl_text(kit, WORDS("subscriptions"));
	cr_expect(strstr(text, expected), "expected %s in\n%s", expected, text);
	free(text);
	json_decref(m);
	kit_reader_free(reader);
	kit_free(kit);
}

/* What was in the rings when loaderd and reader were gone: no counter of the kernel has it. */
Test(ctl, status_has_what_readers_found_discarded)
{
	struct kit *kit = kit_started(MODULE, NULL);
	struct kit_reader *reader;
	json_t *m, *lost, *s;

	create_files(kit, 50);
	kit_stop(kit, SIGKILL);
	cr_assert(kit_start(kit), "%s", kit_log(kit));
	reader = kit_read(kit, MODULE, NULL);
	kit_attached(kit, MODULE, "default");
	kit_caught_up(kit, MODULE, "default");
	m = status_of(kit, MODULE);
	lost = json_object_get(m, "lost");
	s = json_find(json_object_get(m, "subscriptions"), "subscription", "default");
	cr_expect_geq(number(lost, "discarded"), 50);
	cr_expect_eq(number(lost, "discarded"), number(json_object_get(s, "lost"), "discarded"));
	json_decref(m);
	kit_reader_free(reader);
	kit_free(kit);
}

Test(ctl, status_works_from_the_pins_alone_and_says_so)
{
	struct kit *kit = kit_started(MODULE, NULL);
	struct pulsarctl ctl;
	json_t *m;

	create_files(kit, 50);
	kit_stop(kit, SIGKILL);
	m = status_of(kit, MODULE);
	cr_expect_str_eq(json_string_value(json_object_get(m, "state")), "pinned");
	cr_expect_geq(number(m, "produced"), 50);
	cr_expect_gt(json_array_size(json_object_get(m, "hooks")), 0);
	json_find(json_object_get(m, "subscriptions"), "subscription", "default");
	json_decref(m);
	ctl = pulsarctl_run(kit, KIT_ROOT, WORDS("status"));
	cr_expect_eq(ctl.status, 0);
	cr_expect(strstr(ctl.err, "pulsar-loaderd does not run"), "%s", ctl.err);
	cr_expect(strstr(ctl.out, MODULE " "), "%s", ctl.out);
	pulsarctl_release(&ctl);
	pulsarctl_fails(kit, WORDS("status", "no-such-module"),
			"there is no module no-such-module");
	kit_free(kit);
}

Test(ctl, restarts_of_loaderd_are_counted)
{
	struct kit *kit = kit_started(MODULE, NULL);
	json_t *status;

	for (int i = 0; i < 3; i++) {
		kit_stop(kit, i % 2 ? SIGTERM : SIGKILL);
		cr_assert(kit_start(kit), "%s", kit_log(kit));
	}
	status = pulsarctl_json(kit, WORDS("status", "--interval", "0"));
	cr_expect_eq(number(json_object_get(status, "loaderd"), "restarts"), 3);
	cr_expect_eq(number(json_find(json_object_get(status, "modules"), "module", MODULE),
			    "adoptions"),
		     3);
	json_decref(status);
	kit_free(kit);
}

Test(ctl, colours_are_for_terminals_and_those_who_ask)
{
	struct kit *kit = kit_started(MODULE, NULL);
	char *text = pulsarctl_text(kit, WORDS("status", "--colour", "always"));

	cr_expect(strstr(text, "\033[32mrunning\033[0m"), "%s", text);
	free(text);
	text = pulsarctl_text(kit, WORDS("status"));
	expect_plain(text);
	free(text);
	kit_free(kit);
}

/* ---- to whom ---- */

Test(ctl, nobody_sees_what_he_may_read_and_changes_nothing)
{
	struct kit *kit = kit_started(MODULE, NULL);
	static const char *const changes[][6] = {
		{ "stop", MODULE },
		{ "teardown" },
		{ "subscriptions", "remove", MODULE, "default" },
		{ "filter", "add", MODULE, "uid_targets", "1" },
	};
	struct pulsarctl ctl = pulsarctl_run(kit, KIT_NOBODY_USER, WORDS("status", MODULE));

	cr_expect_eq(ctl.status, 0, "%s", ctl.err);
	cr_expect(strstr(ctl.out, "events produced"), "%s", ctl.out);
	cr_expect(strstr(ctl.err, "control is for root"), "%s", ctl.err);
	pulsarctl_release(&ctl);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		ctl = pulsarctl_run(kit, KIT_NOBODY_USER, changes[i]);
		cr_expect(WIFEXITED(ctl.status) && WEXITSTATUS(ctl.status) == 1, "%s",
			  changes[i][0]);
		cr_expect(strstr(ctl.err, "control is for root"), "%s", ctl.err);
		pulsarctl_release(&ctl);
	}
	kit_stop(kit, SIGKILL);
	ctl = pulsarctl_run(kit, KIT_NOBODY_USER, WORDS("teardown"));
	cr_expect(WIFEXITED(ctl.status) && WEXITSTATUS(ctl.status) == 1, "%s", ctl.err);
	pulsarctl_release(&ctl);
	json_decref(status_of(kit, MODULE));
	kit_free(kit);
}

/* ---- hostile content ---- */

/* A map pinned as one of ours would be, with a value of the attacker's. */
static void pin_map(const char *path, const char *name, size_t size, const void *value)
{
	__u32 zero = 0;
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(zero), (__u32)size, 1, NULL);

	cr_assert(fd >= 0 && !bpf_map_update_elem(fd, &zero, value, BPF_ANY) &&
			  !bpf_obj_pin(fd, path) && !chmod(path, 0440),
		  "%s: %s", path, strerror(errno));
	close(fd);
}

Test(ctl, names_in_maps_do_not_steer_the_terminal)
{
	struct kit *kit = kit_started(MODULE, NULL);
	struct pulsar_meta meta = { .module = "evil", .hooks = ~0u, .generation = 7 };
	char path[512], *text;

	for (int i = 0; i < PULSAR_HOOKS_MAX; i++) {
		memset(&meta.hook[i], 0x9b, sizeof(meta.hook[i]));
		memcpy(meta.hook[i].name, "\033]0;x\007", 7);
		memcpy(meta.hook[i].variant, "\033[2J\r", 6);
	}
	kit_stop(kit, SIGKILL);
	snprintf(path, sizeof(path), "%s/evil", kit_pin_root(kit));
	cr_assert(!mkdir(path, 0750), "%s: %s", path, strerror(errno));
	snprintf(path, sizeof(path), "%s/evil/meta", kit_pin_root(kit));
	pin_map(path, "meta", sizeof(meta), &meta);
	text = pulsarctl_text(kit, WORDS("status"));
	expect_plain(text);
	cr_expect(strstr(text, "evil"), "%s", text);
	free(text);
	text = pulsarctl_text(kit, WORDS("status", "evil"));
	expect_plain(text);
	free(text);
	text = pulsarctl_text(kit, WORDS("doctor", "--colour", "never"));
	expect_plain(text);
	free(text);
	json_decref(pulsarctl_json(kit, WORDS("status")));
	text = pulsarctl_text(kit, WORDS("metrics"));
	expect_plain(text);
	free(text);
	unlink(path);
	kit_free(kit);
}

/* ---- doctor ---- */

Test(ctl, doctor_says_why_a_hook_has_no_better_variant)
{
	struct kit *kit = kit_started(MODULE, NULL);
	json_t *doctor = pulsarctl_json(kit, WORDS("doctor"));
	json_t *m = json_find(json_object_get(doctor, "modules"), "module", MODULE), *hook;
	char *text = pulsarctl_text(kit, WORDS("doctor"));
	const char *variant;
	size_t i;

	cr_expect(json_is_true(json_object_get(doctor, "loaderd")));
	json_find(json_object_get(doctor, "checks"), "check", "perf_event_paranoid");
	json_find(json_object_get(doctor, "kinds"), "kind", "fentry");
	json_array_foreach(json_object_get(m, "hooks"), i, hook) {
		variant = json_string_value(json_object_get(hook, "variant"));
		cr_assert(variant);
		/* Each variant in front of the one that is used was refused, and has a reason. */
		if (strcmp(json_string_value(json_array_get(json_object_get(hook, "variants"), 0)),
			   variant))
			cr_expect(
				strstr(text,
				       json_string_value(json_object_get(
					       json_array_get(json_object_get(hook, "refused"), 0),
					       "reason"))),
				"%s", text);
	}
	expect_plain(text);
	free(text);
	json_decref(doctor);
	kit_stop(kit, SIGKILL);
	doctor = pulsarctl_json(kit, WORDS("doctor"));
	cr_expect(json_is_false(json_object_get(doctor, "loaderd")));
	json_find(json_object_get(doctor, "modules"), "module", MODULE);
	json_decref(doctor);
	kit_free(kit);
}
