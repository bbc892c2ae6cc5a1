/* SPDX-License-Identifier: Apache-2.0 */
/* Pins that a stranger takes away: what is said, and that nothing is left. */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <linux/types.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exact.h"

#define MODULE	   "file-created"
#define ROOMY	   "[file-created]\nring_size = 8M\n"
#define FEW_FILES  500
#define LINKS_MAX  16
#define ANEW	   "was loaded anew: beginning with it"
#define RECONNECTS "connected to loaderd again"

/* ---- what is in the kernel ---- */

struct objects {
	__u32 events; /* the map of that name */
	unsigned int count;
	__u32 link[LINKS_MAX];
	char name[LINKS_MAX][256];
};

static void pin_path(struct kit *kit, const char *pin, char *path, size_t size)
{
	snprintf(path, size, "%s/" MODULE "/%s", kit_pin_root(kit), pin);
}

static void pin_info(const char *path, void *info, __u32 size)
{
	int fd = bpf_obj_get(path);

	cr_assert(fd >= 0 && !bpf_obj_get_info_by_fd(fd, info, &size), "%s: %s", path,
		  strerror(errno));
	close(fd);
}

static __u32 link_id(const char *path)
{
	struct bpf_link_info info = { 0 };

	pin_info(path, &info, sizeof(info));
	return info.id;
}

static __u32 map_id(const char *path)
{
	struct bpf_map_info info = { 0 };

	pin_info(path, &info, sizeof(info));
	return info.id;
}

static struct objects objects_of(struct kit *kit)
{
	struct objects o = { 0 };
	struct dirent *entry;
	char path[256], name[600];
	DIR *links;

	pin_path(kit, "events", path, sizeof(path));
	o.events = map_id(path);
	pin_path(kit, "links", path, sizeof(path));
	links = opendir(path);
	cr_assert(links, "%s: %s", path, strerror(errno));
	while ((entry = readdir(links))) {
		if (entry->d_name[0] == '.')
			continue;
		cr_assert_lt(o.count, LINKS_MAX);
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		strcpy(o.name[o.count], entry->d_name);
		o.link[o.count++] = link_id(name);
	}
	closedir(links);
	cr_assert_gt(o.count, 0);
	return o;
}

static bool links_are_gone(void *arg)
{
	const struct objects *o = arg;

	for (unsigned int i = 0; i < o->count; i++) {
		int fd = bpf_link_get_fd_by_id(o->link[i]);

		if (fd >= 0)
			close(fd);
		if (fd != -ENOENT)
			return false;
	}
	return true;
}

static bool map_is_gone(void *arg)
{
	const struct objects *o = arg;
	int fd = bpf_map_get_fd_by_id(o->events);

	if (fd >= 0)
		close(fd);
	return fd == -ENOENT;
}

static void expect_gone(struct objects *o)
{
	wait_until(links_are_gone, o, "the old links to go");
	wait_until(map_is_gone, o, "the old maps to go");
}

/* No stage of what was being pinned or unpinned. */
static void expect_no_stage(struct kit *kit)
{
	DIR *root = opendir(kit_pin_root(kit));
	struct dirent *entry;

	cr_assert(root);
	while ((entry = readdir(root)))
		cr_expect(!strstr(entry->d_name, "~new"), "%s", entry->d_name);
	closedir(root);
}

/* ---- removed by a stranger ---- */

/* A reader that has seen a first storm. */
struct scene {
	struct kit *kit;
	struct storm storm;
	struct kit_reader *reader;
	struct objects old;
	struct tally tally;
};

static void scene_set(struct scene *s)
{
	*s = (struct scene){ .kit = kit_started(MODULE, ROOMY) };
	s->storm =
		(struct storm){ .folder = kit_folder(s->kit), .processes = 2, .files = FEW_FILES };
	s->reader = kit_read(s->kit, MODULE, NULL);
	kit_attached(s->kit, MODULE, "default");
	s->old = objects_of(s->kit);
	tally_init(&s->tally, &s->storm);
	exact_storm(&s->storm);
	kit_caught_up(s->kit, MODULE, "default");
}

static void scene_remove(struct scene *s, const char *pin)
{
	char path[256];
	const char *argv[] = { "/bin/rm", "-r", path, NULL };
	int status;
	char *text;

	pin_path(s->kit, pin, path, sizeof(path));
	text = program_run(KIT_ROOT, argv, &status);
	cr_assert_eq(status, 0, "%s", text);
	free(text);
}

static void scene_restart(struct scene *s)
{
	cr_expect_eq(kit_stop(s->kit, SIGTERM), 0);
	kit_must_start(s->kit);
	expect_no_stage(s->kit);
}

/* One CPU alone: the others have nothing of a module that was loaded anew. */
static void storm_on_one_cpu(struct storm *storm)
{
	cpu_set_t before, one;

	CPU_ZERO(&one);
	cr_assert(!sched_getaffinity(0, sizeof(before), &before));
	for (int cpu = 0; !CPU_COUNT(&one); cpu++)
		if (CPU_ISSET(cpu, &before))
			CPU_SET(cpu, &one);
	cr_assert(!sched_setaffinity(0, sizeof(one), &one));
	exact_storm(storm);
	cr_assert(!sched_setaffinity(0, sizeof(before), &before));
}

/* A second storm, all of which the reader has, in a module that was loaded anew or went on. */
static void scene_end(struct scene *s, bool anew)
{
	unsigned int files;

	exact_said(s->reader, anew ? ANEW : RECONNECTS);
	kit_attached(s->kit, MODULE, "default");
	storm_on_one_cpu(&s->storm);
	kit_caught_up(s->kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(s->reader, SIGTERM), 0);
	if (anew)
		exact_collect_last(&s->tally, s->reader, s->kit, MODULE);
	else
		exact_collect(&s->tally, s->reader);
	files = anew ? 1 : 2;
	for (unsigned int i = 0; i < s->tally.files; i++)
		cr_expect_eq(s->tally.seen[i], files, "file %u: %u times", i, s->tally.seen[i]);
	cr_expect_eq(exact_expect(s->kit, MODULE, "default", &s->tally), 0);
	wait_until(links_are_gone, &s->old, "the old links to go");
	if (anew)
		wait_until(map_is_gone, &s->old, "the old maps to go");
	cr_expect_eq(objects_of(s->kit).count, s->old.count);
	tally_release(&s->tally);
	kit_free(s->kit);
}

Test(faults_pins, a_module_that_was_removed_is_loaded_anew, .timeout = 300)
{
	struct scene s;

	scene_set(&s);
	scene_remove(&s, "");
	wait_until(links_are_gone, &s.old, "the old links to go");
	scene_restart(&s);
	cr_expect_eq(exact_count(kit_log(s.kit), MODULE ": loaded, generation 1"), 2, "%s",
		     kit_log(s.kit));
	scene_end(&s, true);
}

Test(faults_pins, a_module_without_one_link_is_attached_anew, .timeout = 300)
{
	struct scene s;
	char pin[300], said[600];

	scene_set(&s);
	snprintf(pin, sizeof(pin), "links/%s", s.old.name[0]);
	scene_remove(&s, pin);
	scene_restart(&s);
	snprintf(said, sizeof(said),
		 "upgraded to generation 2: %s/" MODULE "/%s: ", kit_pin_root(s.kit), pin);
	cr_expect(strstr(kit_log(s.kit), said), "%s", kit_log(s.kit));
	scene_end(&s, false);
}

Test(faults_pins, a_module_without_its_schema_gets_one, .timeout = 300)
{
	struct kit_reader *next;
	struct scene s;
	char said[300];

	scene_set(&s);
	scene_remove(&s, "schema");
	next = kit_read(s.kit, MODULE, NULL);
	cr_expect_eq(kit_reader_wait(next), W_EXITCODE(1, 0));
	exact_said(next, "/" MODULE "/schema: not there");
	kit_reader_free(next);
	scene_restart(&s);
	snprintf(said, sizeof(said),
		 "upgraded to generation 2: %s/" MODULE "/schema: ", kit_pin_root(s.kit));
	cr_expect(strstr(kit_log(s.kit), said), "%s", kit_log(s.kit));
	scene_end(&s, false);
}

Test(faults_pins, a_module_without_its_counters_is_replaced, .timeout = 300)
{
	struct scene s;

	scene_set(&s);
	scene_remove(&s, "counters");
	scene_restart(&s);
	cr_expect(strstr(kit_log(s.kit), "what is pinned cannot be taken over ("), "%s",
		  kit_log(s.kit));
	cr_expect(strstr(kit_log(s.kit), "counters"), "%s", kit_log(s.kit));
	scene_end(&s, true);
}

/* ---- bpffs itself ---- */

struct lines {
	const struct kit_reader *reader;
	unsigned int files;
};

static bool has_printed(void *arg)
{
	struct lines *want = arg;
	char *text = kit_reader_text(want->reader);
	bool printed = exact_count(text, "/storm-") >= want->files;

	free(text);
	return printed;
}

static void mount_pins(struct kit *kit)
{
	char root[128];

	snprintf(root, sizeof(root), "%s/pins", kit_mount(kit, "bpf", "mode=0711"));
	kit_set_pin_root(kit, root);
	kit_set_config(kit, ROOMY);
}

Test(faults_pins, bpffs_that_is_unmounted_below_loaderd_goes_with_it, .timeout = 300)
{
	struct kit *kit = kit_new(MODULE, NULL);
	struct storm storm = { .folder = kit_folder(kit), .processes = 2, .files = FEW_FILES };
	struct kit_reader *reader;
	struct objects old, next;
	struct tally tally;
	struct lines lines;
	char mount_point[128];

	mount_pins(kit);
	snprintf(mount_point, sizeof(mount_point), "%.*s",
		 (int)(strrchr(kit_pin_root(kit), '/') - kit_pin_root(kit)), kit_pin_root(kit));
	kit_must_start(kit);
	reader = kit_read(kit, MODULE, NULL);
	kit_attached(kit, MODULE, "default");
	old = objects_of(kit);
	cr_assert(!umount2(mount_point, MNT_DETACH));
	/* loaderd holds what was mounted there, so programs stay attached and the reader reads on. */
	exact_storm(&storm);
	lines = (struct lines){ reader, FEW_FILES };
	wait_until(has_printed, &lines, "the lines of the first storm");
	kit_attached(kit, MODULE, "default");
	cr_expect_eq(kit_stop(kit, SIGTERM), 0, "%s", kit_log(kit));
	wait_until(links_are_gone, &old, "the old links to go");
	mount_pins(kit);
	kit_must_start(kit);
	exact_said(reader, ANEW);
	kit_attached(kit, MODULE, "default");
	tally_init(&tally, &storm);
	exact_storm(&storm);
	kit_caught_up(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	exact_collect_last(&tally, reader, kit, MODULE);
	tally_close(&tally);
	cr_expect_eq(tally.missing, 0);
	cr_expect_eq(exact_expect(kit, MODULE, "default", &tally), 0);
	expect_gone(&old);
	next = objects_of(kit);
	tally_release(&tally);
	kit_free(kit);
	expect_gone(&next);
}
