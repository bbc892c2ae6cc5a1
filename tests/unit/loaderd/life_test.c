// SPDX-License-Identifier: Apache-2.0
/* Modules on the real kernel: loaded and pinned, stopped, refused. Upgrades: life_upgrade_test.c. */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "life.h"

#define CORE	 PULSAR_TEST_BUILD "/modules/core.bpf.o"
#define NO_EVENT PULSAR_TEST_BPF_DIR "/no-event.bpf.o"

Test(life, a_module_gets_the_first_variant_that_loads_and_attaches)
{
	struct life life;
	struct module *m;
	const struct hook *hook;

	life_init(&life);
	m = life_started(&life, "[loaderd]\nmodules = life\n");
	cr_assert_eq(m->hooks.count, 1);
	hook = &m->hooks.hook[0];
	cr_expect_str_eq(hook->variants[hook->chosen].name, "tp");
	cr_expect_str_eq(hook->variants[0].reason, "verifier: R1 invalid mem access 'scalar'");
	cr_expect(strstr(hook->variants[1].reason, "attaching to tp/no_such_group/no_such_event"),
		  "%s", hook->variants[1].reason);
	cr_expect(life_pinned("life/links/made__tp__mkdir"));
	cr_expect_not(life_pinned("life/links/made__tp__no_such"), "for no system call");
	cr_expect_not(life_pinned("life/links/made__nowhere"));
	cr_expect_eq(m->meta.generation, 1);
	cr_expect_str_eq(m->meta.hook[0].name, "made");
	cr_expect_str_eq(m->meta.hook[0].variant, "tp");
	life_release(&life);
}

Test(life, all_of_a_module_is_pinned_for_its_group)
{
	static const struct {
		const char *name;
		mode_t mode;
	} rows[] = {
		{ "life", S_IFDIR | 0750 },
		{ "life/events", S_IFREG | 0440 },
		{ "life/schema", S_IFREG | 0440 },
		{ "life/counters", S_IFREG | 0440 },
		{ "life/meta", S_IFREG | 0440 },
		{ "life/maps/control", S_IFREG | 0600 },
		{ "life/maps/subscriptions", S_IFREG | 0600 },
		{ "life/maps/memory", S_IFREG | 0600 },
		{ "life/subscriptions/default", S_IFREG | 0600 },
		{ "life/links/made__tp__mkdir", S_IFREG | 0600 },
	};
	struct life life;

	life_init(&life);
	life_started(&life, "[loaderd]\nmodules = life\n[life]\ngroup = 4711\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char path[128];
		struct stat st;

		snprintf(path, sizeof(path), LIFE_ROOT "/%s", rows[i].name);
		cr_assert(!stat(path, &st), "%s", path);
		cr_expect_eq(st.st_mode, rows[i].mode, "%s: %o", path, st.st_mode);
		if (st.st_mode & S_IRGRP)
			cr_expect_eq(st.st_gid, 4711, "%s", path);
	}
	life_release(&life);
}

Test(life, no_event_finds_no_ring)
{
	struct life life;
	__u64 produced, lost;

	life_init(&life);
	life_started(&life, "[loaderd]\nmodules = life\n");
	life_make_directories(3);
	life_count(&produced, &lost);
	cr_expect(produced >= 3);
	cr_expect_eq(lost, 0);
	life_release(&life);
}

Test(life, schema_and_meta_can_be_changed_by_nobody)
{
	struct pulsar_field field = { 0 };
	struct life life;
	__u32 zero = 0;
	int fd;

	life_init(&life);
	life_started(&life, "[loaderd]\nmodules = life\n");
	fd = life_open_pin("life/schema");
	cr_expect(bpf_map_update_elem(fd, &zero, &field, BPF_ANY) < 0 && errno == EPERM);
	cr_assert(!bpf_map_lookup_elem(fd, &zero, &field));
	cr_expect_str_eq(field.name, "life");
	close(fd);
	life_release(&life);
}

Test(life, a_module_that_is_not_asked_for_any_more_goes)
{
	struct life life;

	life_init(&life);
	life_copy_object(&life, LIFE_OBJECT, "other");
	life_started(&life, "[loaderd]\nmodules = life other\n");
	cr_expect(life_pinned("other/events"));
	cr_expect_eq(life_reload(&life, "[loaderd]\nmodules = life\n"), 0);
	cr_expect_not(life_pinned("other"));
	cr_expect_null(modules_find(life.modules, "other"));
	/* And one that a former loaderd had. */
	cr_expect_eq(life_reload(&life, "[loaderd]\nmodules = life other\n"), 0);
	life_die(&life);
	life_started(&life, "[loaderd]\nmodules = life\n");
	cr_expect_not(life_pinned("other"));
	life_release(&life);
}

Test(life, two_modules_have_two_numbers_and_keep_them)
{
	struct life life;
	struct module *m, *other;
	unsigned int number;

	life_init(&life);
	life_copy_object(&life, LIFE_OBJECT, "other");
	m = life_started(&life, "[loaderd]\nmodules = life other\n");
	other = modules_find(life.modules, "other");
	cr_expect_neq(m->number, other->number);
	number = other->number;
	cr_expect_eq(life_reload(&life, "[loaderd]\nmodules = other\n"), 0);
	life_die(&life);
	m = life_started(&life, "[loaderd]\nmodules = life other\n");
	other = modules_find(life.modules, "other");
	cr_expect_eq(other->number, number);
	cr_expect(other->adopted);
	cr_expect_neq(m->number, number);
	life_release(&life);
}

Test(life, a_module_can_be_stopped_and_started)
{
	struct pin_error error = { "" };
	struct life life;
	struct module *m;

	life_init(&life);
	m = life_started(&life, "[loaderd]\nmodules = life\n");
	cr_expect_eq(modules_start(life.modules, "life", &error), -EALREADY);
	cr_expect_eq(modules_stop(life.modules, "life", &error), 0, "%s", error.text);
	cr_expect_not(life_pinned("life"));
	cr_expect_eq(m->state, MODULE_STOPPED);
	cr_expect_eq(modules_stop(life.modules, "life", &error), -EALREADY);
	cr_expect_eq(life_reload(&life, "[loaderd]\nmodules = life\n"), 0);
	cr_expect_eq(m->state, MODULE_STOPPED, "until it is started by request");
	cr_expect_eq(modules_start(life.modules, "life", &error), 0, "%s", error.text);
	cr_expect(life_pinned("life/events"));
	cr_expect_eq(modules_start(life.modules, "no-such", &error), -ENOENT);
	cr_expect_eq(modules_teardown(life.modules, &error), 0, "%s", error.text);
	cr_expect_not(life_pinned("life"));
	life_release(&life);
}

static const struct {
	const char *text;
	const char *error;
} wrong_rows[] = {
	{ "[loaderd]\nmodules = life no-such\n", "module 'no-such' is unknown" },
	{ "[loaderd]\nmodules = life no-event\n", "no struct begins with a struct pulsar_event" },
	{ "[loaderd]\nmodules = life\n[life]\nno_such = 1\n",
	  "pulsar.conf:4: [life]: no_such: the module has no such setting; it has" },
	{ "[loaderd]\nmodules = life\n[life]\nanswer = x\n",
	  "pulsar.conf:4: [life]: answer: 'x' is not a number" },
	{ "[loaderd]\nmodules = life\n[no-such]\nanswer = 1\n",
	  "pulsar.conf:4: [no-such]: there is no such module in " },
	{ "[loaderd]\nmodules = life\n[life]\ngroup = no-such-group\n",
	  "[life]: there is no group 'no-such-group'" },
};

Test(life, a_start_that_fails_leaves_nothing_pinned)
{
	struct life life;

	life_init(&life);
	life_copy_object(&life, NO_EVENT, "no-event");
	for (size_t i = 0; i < sizeof(wrong_rows) / sizeof(*wrong_rows); i++) {
		struct pin_error error = { "" };

		cr_expect(life_start(&life, wrong_rows[i].text, &error) < 0, "row %zu started", i);
		cr_expect(strstr(error.text, wrong_rows[i].error), "\"%s\" in \"%s\"",
			  wrong_rows[i].error, error.text);
		cr_expect_not(life_pinned("life"), "row %zu", i);
		life_die(&life);
	}
	life_release(&life);
}

Test(life, a_start_that_fails_leaves_a_former_loaderds_pins_alone)
{
	struct pin_error error = { "" };
	struct life life;

	life_init(&life);
	life_started(&life, "[loaderd]\nmodules = life\n");
	life_die(&life);
	cr_expect(life_start(&life, "[loaderd]\nmodules = life no-such\n", &error) < 0);
	cr_expect(life_pinned("life/links/made__tp__mkdir"));
	life_release(&life);
}

Test(life, a_forced_variant_that_fails_is_no_module)
{
	struct pin_error error = { "" };
	struct life life;

	life_init(&life);
	cr_expect_eq(life_start(&life, "[loaderd]\nmodules = life\nvariant = refused\n", &error),
		     -EOPNOTSUPP);
	cr_expect_not(life_pinned("life"));
	cr_expect(strstr(modules_find(life.modules, "life")->error.text,
			 "hook 'made' works in no way on this kernel"));
	life_release(&life);
}

Test(life, the_process_table_is_cores_and_shared)
{
	const __u32 self = (__u32)getpid();
	struct life life;
	struct module *m;
	__u32 one = 0;
	int fd;

	life_init(&life);
	if (access(CORE, R_OK))
		cr_skip_test("module core is not built");
	life_copy_object(&life, CORE, "core");
	m = life_started(&life, "[loaderd]\nmodules = life\n");
	cr_expect_eq(modules_at(life.modules, 1), m, "core is the first");
	cr_expect_not(life_pinned("life/maps/core_processes"));
	fd = life_open_pin("core/maps/core_excluded");
	cr_expect(!bpf_map_lookup_elem(fd, &self, &one) && one == 1, "this process is excluded");
	modules_attached(life.modules, 1, true);
	one = 1;
	cr_expect(!bpf_map_lookup_elem(fd, &one, &one), "pid 1 is a reader");
	modules_attached(life.modules, 1, false);
	one = 1;
	cr_expect(bpf_map_lookup_elem(fd, &one, &one) < 0 && errno == ENOENT);
	close(fd);
	life_release(&life);
}
