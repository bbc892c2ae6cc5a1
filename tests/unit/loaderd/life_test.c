// SPDX-License-Identifier: Apache-2.0
/*
 * Modules on the real kernel: loaded, taken over, upgraded, stopped. In a mount
 * namespace with a bpffs of its own, so that nothing outlives the test.
 */
#include <bpf/bpf.h>
#include <cap-ng.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config.h"
#include "cpus.h"
#include "modules.h"
#include "stream.h"

#define ROOT	 "/sys/fs/bpf/pulsar-test"
#define LIFE	 PULSAR_TEST_BPF_DIR "/life.bpf.o"
#define CORE	 PULSAR_TEST_BUILD "/modules/core.bpf.o"
#define NO_EVENT PULSAR_TEST_BPF_DIR "/no-event.bpf.o"

/* A daemon without its loop: what a start makes and a death leaves. */
struct life {
	char folder[32]; /* modules */
	struct config *config;
	struct pin_root *pins;
	struct modules *modules;
};

static void copy_object(const struct life *life, const char *from, const char *name)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	char to[96], next[104], bytes[4096];
	ssize_t n;
	int out;

	snprintf(to, sizeof(to), "%s/%s.bpf.o", life->folder, name);
	snprintf(next, sizeof(next), "%s.next", to);
	out = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	cr_assert(in >= 0 && out >= 0, "%s: %s", from, strerror(errno));
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		cr_assert_eq(write(out, bytes, (size_t)n), n);
	close(in);
	close(out);
	cr_assert(!rename(next, to));
}

static void write_object(const struct life *life, const char *name, const char *text)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.bpf.o", life->folder, name);
	file = fopen(path, "we");
	cr_assert(file && fputs(text, file) >= 0);
	fclose(file);
}

/* The configuration of a start or a reload. */
static struct config *configure(const struct life *life, const char *text)
{
	struct config *config = config_new();
	struct pin_error error;

	cr_assert(config);
	snprintf(config->modules_dir, sizeof(config->modules_dir), "%s", life->folder);
	strcpy(config->path, "pulsar.conf");
	strcpy(config->group, "0");
	config->ring_size = 64 << 10;
	cr_assert_eq(config_parse(config, "pulsar.conf", text, strlen(text), &error), 0, "%s",
		     error.text);
	return config;
}

static void life_init(struct life *life)
{
	memset(life, 0, sizeof(*life));
	if (geteuid())
		cr_skip_test("needs root: loads BPF programs");
	cr_assert(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	cr_assert(!mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0711"), "%s", strerror(errno));
	strcpy(life->folder, "/tmp/pulsar-test-XXXXXX");
	cr_assert(mkdtemp(life->folder));
	copy_object(life, LIFE, "life");
}

static int start(struct life *life, const char *text, struct pin_error *error)
{
	struct pin_prepared prepared;
	struct cpus cpus;

	cr_assert(!cpus_read("possible", &cpus));
	life->config = configure(life, text);
	life->pins = pin_root_open(ROOT, PIN_OWN, 0, 0, &prepared, error);
	cr_assert(life->pins, "%s", error->text);
	life->modules = modules_new(life->pins, cpus_end(&cpus));
	cr_assert(life->modules);
	return modules_apply(life->modules, life->config, true, error);
}

static struct module *started(struct life *life, const char *text)
{
	struct pin_error error = { "" };
	struct module *m;

	cr_assert_eq(start(life, text, &error), 0, "%s", error.text);
	m = modules_find(life->modules, "life");
	cr_assert(m && m->state == MODULE_RUNNING, "%s", m ? m->error.text : "no module");
	return m;
}

/* As after SIGKILL: descriptors and mappings are gone, pins are not. */
static void die(struct life *life)
{
	modules_free(life->modules);
	pin_root_free(life->pins);
	config_free(life->config);
	life->modules = NULL;
	life->pins = NULL;
	life->config = NULL;
}

static int reload(struct life *life, const char *text)
{
	struct config *config = configure(life, text);
	struct pin_error error = { "" };
	int wrong = modules_apply(life->modules, config, false, &error);

	cr_assert(wrong >= 0, "%s", error.text);
	config_free(life->config);
	life->config = config;
	return wrong;
}

static void life_release(struct life *life)
{
	char command[64];

	die(life);
	snprintf(command, sizeof(command), "rm -rf %s", life->folder);
	cr_assert_eq(system(command), 0);
}

/* ---- what is pinned ---- */

static bool pinned(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), ROOT "/%s", name);
	return access(path, F_OK) == 0;
}

static int open_pin(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), ROOT "/%s", name);
	fd = bpf_obj_get(path);
	cr_assert(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

static __u32 map_id(const char *name)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = open_pin(name);

	cr_assert(!bpf_obj_get_info_by_fd(fd, &info, &size));
	close(fd);
	return info.id;
}

static __u32 program_of(const char *link)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = open_pin(link);

	cr_assert(!bpf_obj_get_info_by_fd(fd, &info, &size));
	close(fd);
	return info.prog_id;
}

static __u64 memory(void)
{
	__u32 zero = 0;
	__u64 value;
	int fd = open_pin("life/maps/memory");

	cr_assert(!bpf_map_lookup_elem(fd, &zero, &value));
	close(fd);
	return value;
}

/* Over all CPUs: what was produced, and what of it was lost to slot 0. */
static void count(__u64 *produced, __u64 *lost)
{
	struct pulsar_counters *values;
	__u32 zero = 0;
	struct cpus cpus;
	int fd = open_pin("life/counters");

	cr_assert(!cpus_read("possible", &cpus));
	values = calloc(cpus_count(&cpus), sizeof(*values));
	cr_assert(values && !bpf_map_lookup_elem(fd, &zero, values));
	*produced = *lost = 0;
	for (unsigned int i = 0; i < cpus_count(&cpus); i++) {
		const struct pulsar_losses *l = &values[i].lost[0];

		*produced += values[i].produced;
		*lost += l->ring_full + l->no_ring + l->busy + l->other;
	}
	free(values);
	close(fd);
}

/*
 * This process is excluded, as loaderd is, so another one makes the directory. It
 * fails, as the directory is there; the call is what counts.
 */
static void make_directories(int n)
{
	char command[80];

	snprintf(command, sizeof(command), "for i in $(seq %d); do mkdir /tmp; done 2>/dev/null",
		 n);
	cr_assert(system(command) != -1);
}

/* ---- tests ---- */

Test(life, a_module_gets_the_first_variant_that_loads_and_attaches)
{
	struct life life;
	struct module *m;
	const struct hook *hook;

	life_init(&life);
	m = started(&life, "[loaderd]\nmodules = life\n");
	cr_assert_eq(m->hooks.count, 1);
	hook = &m->hooks.hook[0];
	cr_expect_str_eq(hook->variants[hook->chosen].name, "tp");
	cr_expect_str_eq(hook->variants[0].reason, "verifier: R1 invalid mem access 'scalar'");
	cr_expect(strstr(hook->variants[1].reason, "attaching to tp/no_such_group/no_such_event"),
		  "%s", hook->variants[1].reason);
	cr_expect(pinned("life/links/made__tp__mkdir"));
	cr_expect_not(pinned("life/links/made__tp__no_such"), "for no system call");
	cr_expect_not(pinned("life/links/made__nowhere"));
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
	started(&life, "[loaderd]\nmodules = life\n[life]\ngroup = 4711\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char path[128];
		struct stat st;

		snprintf(path, sizeof(path), ROOT "/%s", rows[i].name);
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
	started(&life, "[loaderd]\nmodules = life\n");
	make_directories(3);
	count(&produced, &lost);
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
	started(&life, "[loaderd]\nmodules = life\n");
	fd = open_pin("life/schema");
	cr_expect(bpf_map_update_elem(fd, &zero, &field, BPF_ANY) < 0 && errno == EPERM);
	cr_assert(!bpf_map_lookup_elem(fd, &zero, &field));
	cr_expect_str_eq(field.name, "life");
	close(fd);
	life_release(&life);
}

Test(life, the_same_module_is_taken_over_and_nothing_is_attached)
{
	struct life life;
	struct module *m;
	__u32 program, events, position;

	life_init(&life);
	started(&life, "[loaderd]\nmodules = life\n");
	program = program_of("life/links/made__tp__mkdir");
	events = map_id("life/events");
	position = map_id("life/subscriptions/default");
	die(&life);
	m = started(&life, "[loaderd]\nmodules = life\n");
	cr_expect(m->adopted);
	cr_expect_eq(m->meta.generation, 1);
	cr_expect_eq(program_of("life/links/made__tp__mkdir"), program);
	cr_expect_eq(map_id("life/events"), events);
	cr_expect_eq(map_id("life/subscriptions/default"), position);
	cr_expect_eq(stream_events_id(m->stream), events);
	life_release(&life);
}

Test(life, other_settings_are_an_upgrade_that_keeps_what_counts)
{
	struct life life;
	struct module *m;
	__u64 produced, lost, before;
	__u32 program, events;

	life_init(&life);
	started(&life, "[loaderd]\nmodules = life\n");
	make_directories(2);
	before = memory();
	program = program_of("life/links/made__tp__mkdir");
	events = map_id("life/events");
	cr_expect_eq(reload(&life, "[loaderd]\nmodules = life\n[life]\nanswer = 43\n"), 0);
	m = modules_find(life.modules, "life");
	cr_expect_eq(m->meta.generation, 2);
	cr_expect_neq(program_of("life/links/made__tp__mkdir"), program);
	cr_expect_eq(map_id("life/events"), events);
	cr_expect(memory() >= before && before >= 2);
	make_directories(1);
	count(&produced, &lost);
	cr_expect(produced >= 3);
	cr_expect_eq(lost, 0);
	cr_expect_not(pinned("life~new"));
	life_release(&life);
}

Test(life, an_upgrade_after_a_death_takes_over_first)
{
	struct life life;
	struct module *m;
	__u32 position;

	life_init(&life);
	started(&life, "[loaderd]\nmodules = life\n");
	position = map_id("life/subscriptions/default");
	die(&life);
	m = started(&life, "[loaderd]\nmodules = life\n[life]\nanswer = 44\n");
	cr_expect_eq(m->meta.generation, 2);
	cr_expect_eq(map_id("life/subscriptions/default"), position);
	life_release(&life);
}

Test(life, an_upgrade_that_fails_leaves_the_old_one_running)
{
	struct life life;
	struct module *m;
	__u32 program;

	life_init(&life);
	m = started(&life, "[loaderd]\nmodules = life\n");
	program = program_of("life/links/made__tp__mkdir");
	write_object(&life, "life", "not an object");
	cr_expect_eq(reload(&life, "[loaderd]\nmodules = life\n"), 1);
	cr_expect_eq(m->state, MODULE_RUNNING);
	cr_expect(strstr(m->error.text, "not a BPF object"), "%s", m->error.text);
	cr_expect_eq(program_of("life/links/made__tp__mkdir"), program);
	/* Also for a loaderd that starts now. */
	die(&life);
	m = started(&life, "[loaderd]\nmodules = life\n");
	cr_expect_eq(m->meta.generation, 1);
	cr_expect(strstr(m->error.text, "not a BPF object"), "%s", m->error.text);
	copy_object(&life, LIFE, "life");
	cr_expect_eq(reload(&life, "[loaderd]\nmodules = life\n"), 0);
	cr_expect_str_empty(m->error.text);
	cr_expect_eq(m->meta.generation, 1);
	life_release(&life);
}

/* As confine_self() does where perf_event_paranoid lets it; the rest of the confinement is of no matter here. */
static void drop_sys_admin(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level = 3;

	if (!file || fscanf(file, "%d", &level) != 1 || level > 2)
		cr_skip_test("perf_event_paranoid is above 2: loaderd keeps CAP_SYS_ADMIN");
	fclose(file);
	cr_assert(!capng_get_caps_process());
	cr_assert(!capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_SYS_ADMIN));
	cr_assert(!capng_apply(CAPNG_SELECT_CAPS));
}

Test(life, a_confined_loaderd_can_upgrade_what_it_loaded_and_what_it_took_over)
{
	struct life life;
	struct module *m;
	__u32 events;

	life_init(&life);
	started(&life, "[loaderd]\nmodules = life\n");
	events = map_id("life/events");
	die(&life);
	m = started(&life, "[loaderd]\nmodules = life\n");
	drop_sys_admin();
	for (unsigned int generation = 2; generation < 4; generation++) {
		char text[80];

		snprintf(text, sizeof(text), "[loaderd]\nmodules = life\n[life]\nanswer = %u\n",
			 generation);
		cr_expect_eq(reload(&life, text), 0, "%s", m->error.text);
		cr_expect_eq(m->meta.generation, generation);
	}
	cr_expect_eq(map_id("life/events"), events);
	life_release(&life);
}

Test(life, a_link_that_somebody_removed_is_attached_again)
{
	struct life life;
	struct module *m;

	life_init(&life);
	started(&life, "[loaderd]\nmodules = life\n");
	die(&life);
	cr_assert(!unlink(ROOT "/life/links/made__tp__mkdir"));
	m = started(&life, "[loaderd]\nmodules = life\n");
	cr_expect_eq(m->meta.generation, 2);
	cr_expect(pinned("life/links/made__tp__mkdir"));
	life_release(&life);
}

Test(life, a_module_that_is_not_asked_for_any_more_goes)
{
	struct life life;

	life_init(&life);
	copy_object(&life, LIFE, "other");
	started(&life, "[loaderd]\nmodules = life other\n");
	cr_expect(pinned("other/events"));
	cr_expect_eq(reload(&life, "[loaderd]\nmodules = life\n"), 0);
	cr_expect_not(pinned("other"));
	cr_expect_null(modules_find(life.modules, "other"));
	/* And one that a former loaderd had. */
	cr_expect_eq(reload(&life, "[loaderd]\nmodules = life other\n"), 0);
	die(&life);
	started(&life, "[loaderd]\nmodules = life\n");
	cr_expect_not(pinned("other"));
	life_release(&life);
}

Test(life, two_modules_have_two_numbers_and_keep_them)
{
	struct life life;
	struct module *m, *other;
	unsigned int number;

	life_init(&life);
	copy_object(&life, LIFE, "other");
	m = started(&life, "[loaderd]\nmodules = life other\n");
	other = modules_find(life.modules, "other");
	cr_expect_neq(m->number, other->number);
	number = other->number;
	cr_expect_eq(reload(&life, "[loaderd]\nmodules = other\n"), 0);
	die(&life);
	m = started(&life, "[loaderd]\nmodules = life other\n");
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
	m = started(&life, "[loaderd]\nmodules = life\n");
	cr_expect_eq(modules_start(life.modules, "life", &error), -EALREADY);
	cr_expect_eq(modules_stop(life.modules, "life", &error), 0, "%s", error.text);
	cr_expect_not(pinned("life"));
	cr_expect_eq(m->state, MODULE_STOPPED);
	cr_expect_eq(modules_stop(life.modules, "life", &error), -EALREADY);
	cr_expect_eq(reload(&life, "[loaderd]\nmodules = life\n"), 0);
	cr_expect_eq(m->state, MODULE_STOPPED, "until it is started by request");
	cr_expect_eq(modules_start(life.modules, "life", &error), 0, "%s", error.text);
	cr_expect(pinned("life/events"));
	cr_expect_eq(modules_start(life.modules, "no-such", &error), -ENOENT);
	cr_expect_eq(modules_teardown(life.modules, &error), 0, "%s", error.text);
	cr_expect_not(pinned("life"));
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
	copy_object(&life, NO_EVENT, "no-event");
	for (size_t i = 0; i < sizeof(wrong_rows) / sizeof(*wrong_rows); i++) {
		struct pin_error error = { "" };

		cr_expect(start(&life, wrong_rows[i].text, &error) < 0, "row %zu started", i);
		cr_expect(strstr(error.text, wrong_rows[i].error), "\"%s\" in \"%s\"",
			  wrong_rows[i].error, error.text);
		cr_expect_not(pinned("life"), "row %zu", i);
		die(&life);
	}
	life_release(&life);
}

Test(life, a_start_that_fails_leaves_a_former_loaderds_pins_alone)
{
	struct pin_error error = { "" };
	struct life life;

	life_init(&life);
	started(&life, "[loaderd]\nmodules = life\n");
	die(&life);
	cr_expect(start(&life, "[loaderd]\nmodules = life no-such\n", &error) < 0);
	cr_expect(pinned("life/links/made__tp__mkdir"));
	life_release(&life);
}

Test(life, a_forced_variant_that_fails_is_no_module)
{
	struct pin_error error = { "" };
	struct life life;

	life_init(&life);
	cr_expect_eq(start(&life, "[loaderd]\nmodules = life\nvariant = refused\n", &error),
		     -EOPNOTSUPP);
	cr_expect_not(pinned("life"));
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
	copy_object(&life, CORE, "core");
	m = started(&life, "[loaderd]\nmodules = life\n");
	cr_expect_eq(modules_at(life.modules, 1), m, "core is the first");
	cr_expect_not(pinned("life/maps/core_processes"));
	fd = open_pin("core/maps/core_excluded");
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
