// SPDX-License-Identifier: Apache-2.0
/*
 * Modules on the real kernel: taken over by the next loaderd, and upgraded, with what stays and
 * what does not.
 */
#include <bpf/bpf.h>
#include <cap-ng.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "life.h"
#include "stream.h"

static void write_object(const struct life *life, const char *name, const char *text)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.bpf.o", life->folder, name);
	file = fopen(path, "we");
	cr_assert(file && fputs(text, file) >= 0);
	fclose(file);
}

/* Of a pinned map or link, into the struct for it. */
static void info_of(const char *name, void *info, __u32 size)
{
	int fd = life_open_pin(name);

	cr_assert(!bpf_obj_get_info_by_fd(fd, info, &size));
	close(fd);
}

static __u32 map_id(const char *name)
{
	struct bpf_map_info info = { 0 };

	info_of(name, &info, sizeof(info));
	return info.id;
}

static __u32 program_of(const char *link)
{
	struct bpf_link_info info = { 0 };

	info_of(link, &info, sizeof(info));
	return info.prog_id;
}

static __u64 memory(void)
{
	__u32 zero = 0;
	__u64 value;
	int fd = life_open_pin("life/maps/memory");

	cr_assert(!bpf_map_lookup_elem(fd, &zero, &value));
	close(fd);
	return value;
}

Test(life, the_same_module_is_taken_over_and_nothing_is_attached)
{
	struct life life;
	struct module *m;
	__u32 program, events, position;

	life_init(&life);
	life_started(&life, "[loaderd]\nmodules = life\n");
	program = program_of("life/links/made__tp__mkdir");
	events = map_id("life/events");
	position = map_id("life/subscriptions/default");
	life_die(&life);
	m = life_started(&life, "[loaderd]\nmodules = life\n");
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
	life_started(&life, "[loaderd]\nmodules = life\n");
	life_make_directories(2);
	before = memory();
	program = program_of("life/links/made__tp__mkdir");
	events = map_id("life/events");
	cr_expect_eq(life_reload(&life, "[loaderd]\nmodules = life\n[life]\nanswer = 43\n"), 0);
	m = modules_find(life.modules, "life");
	cr_expect_eq(m->meta.generation, 2);
	cr_expect_neq(program_of("life/links/made__tp__mkdir"), program);
	cr_expect_eq(map_id("life/events"), events);
	cr_expect(memory() >= before && before >= 2);
	life_make_directories(1);
	life_count(&produced, &lost);
	cr_expect(produced >= 3);
	cr_expect_eq(lost, 0);
	cr_expect_not(life_pinned("life~new"));
	life_release(&life);
}

Test(life, an_upgrade_after_a_death_takes_over_first)
{
	struct life life;
	struct module *m;
	__u32 position;

	life_init(&life);
	life_started(&life, "[loaderd]\nmodules = life\n");
	position = map_id("life/subscriptions/default");
	life_die(&life);
	m = life_started(&life, "[loaderd]\nmodules = life\n[life]\nanswer = 44\n");
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
	m = life_started(&life, "[loaderd]\nmodules = life\n");
	program = program_of("life/links/made__tp__mkdir");
	write_object(&life, "life", "not an object");
	cr_expect_eq(life_reload(&life, "[loaderd]\nmodules = life\n"), 1);
	cr_expect_eq(m->state, MODULE_RUNNING);
	cr_expect(strstr(m->error.text, "not a BPF object"), "%s", m->error.text);
	cr_expect_eq(program_of("life/links/made__tp__mkdir"), program);
	/* Also for a loaderd that starts now. */
	life_die(&life);
	m = life_started(&life, "[loaderd]\nmodules = life\n");
	cr_expect_eq(m->meta.generation, 1);
	cr_expect(strstr(m->error.text, "not a BPF object"), "%s", m->error.text);
	life_copy_object(&life, LIFE_OBJECT, "life");
	cr_expect_eq(life_reload(&life, "[loaderd]\nmodules = life\n"), 0);
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
	life_started(&life, "[loaderd]\nmodules = life\n");
	events = map_id("life/events");
	life_die(&life);
	m = life_started(&life, "[loaderd]\nmodules = life\n");
	drop_sys_admin();
	for (unsigned int generation = 2; generation < 4; generation++) {
		char text[80];

		snprintf(text, sizeof(text), "[loaderd]\nmodules = life\n[life]\nanswer = %u\n",
			 generation);
		cr_expect_eq(life_reload(&life, text), 0, "%s", m->error.text);
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
	life_started(&life, "[loaderd]\nmodules = life\n");
	life_die(&life);
	cr_assert(!unlink(LIFE_ROOT "/life/links/made__tp__mkdir"));
	m = life_started(&life, "[loaderd]\nmodules = life\n");
	cr_expect_eq(m->meta.generation, 2);
	cr_expect(life_pinned("life/links/made__tp__mkdir"));
	life_release(&life);
}
