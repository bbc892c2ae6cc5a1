// SPDX-License-Identifier: Apache-2.0
/*
 * Readers without privileges, on the real kernel's permission checks.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "world.h"

/* What a process of another user was told; shared with it. */
struct told {
	const char *name;
	char group[64];
	struct pin_error error;
};

static struct told *told;

static void reader_init(void)
{
	struct pin_root *root;

	world_mounted();
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(told, MAP_FAILED);
	root = root_own();
	module_new(root, "m", GROUP);
	pin_root_free(root);
}

TestSuite(reader, .init = reader_init);

static int open_it(void *arg)
{
	int fd;

	fd = pin_reader_open(ROOT, "m", arg, NULL, &told->error);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

Test(reader, in_the_group_of_the_module_opens_what_is_public)
{
	static const char *const names[] = { "events", "schema", "counters", "meta", "maps/open" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		cr_expect_eq(run_as(NOBODY, GROUP, open_it, (void *)names[i]), 0, "%s: %s",
			     names[i], told->error.text);
}

static int use_it(void *arg)
{
	__u32 key = 0, value = 0;
	int fd;

	(void)arg;
	fd = pin_reader_open(ROOT, "m", "events", NULL, &told->error);
	if (fd < 0)
		return fd;
	if (bpf_map_delete_elem(fd, &key) != -EPERM ||
	    bpf_map_update_elem(fd, &key, &value, 0) != -EPERM)
		return -1;
	fd = pin_reader_open(ROOT, "m", "schema", NULL, &told->error);
	if (fd < 0)
		return fd;
	if (bpf_map_lookup_elem(fd, &key, &value) ||
	    bpf_map_update_elem(fd, &key, &value, 0) != -EPERM)
		return -2;
	return 0;
}

Test(reader, can_read_and_cannot_write)
{
	cr_assert_eq(run_as(NOBODY, GROUP, use_it, NULL), 0, "%s", told->error.text);
}

/* A small system may have no group database. */
static const char *group_name(gid_t gid)
{
	const struct group *found = getgrgid(gid);
	static char number[16];

	snprintf(number, sizeof(number), "%u", gid);
	return found ? found->gr_name : number;
}

Test(reader, of_another_group_is_told_which_one_it_needs)
{
	struct pin_root *root = root_own();

	cr_assert_eq(run_as(NOBODY, NOBODY, open_it, "events"), -EACCES);
	assert_text(&told->error, "%s/m/events: permission denied, needs group %d", ROOT, GROUP);
	module_new(root, "m", GROUP_NAMED);
	pin_root_free(root);
	cr_assert_eq(run_as(NOBODY, GROUP, open_it, "events"), -EACCES);
	assert_text(&told->error, "%s/m/events: permission denied, needs group %s", ROOT,
		    group_name(GROUP_NAMED));
}

Test(reader, does_not_get_what_is_private)
{
	cr_assert_eq(run_as(NOBODY, GROUP, open_it, "maps/own"), -EACCES);
	assert_text(&told->error,
		    "%s/m/maps/own: permission denied, %s/m/maps/own has mode 0600, which lets in "
		    "root only",
		    ROOT, ROOT);
	cr_assert_eq(run_as(NOBODY, GROUP, open_it, "subscriptions/siem"), -EACCES);
	assert_text(&told->error,
		    "%s/m/subscriptions/siem: permission denied, %s/m/subscriptions has mode 0700, "
		    "which lets in root only",
		    ROOT, ROOT);
}

Test(reader, is_told_of_a_mount_point_that_it_cannot_pass)
{
	cr_assert_eq(chmod(MOUNT_POINT, 0700), 0);
	cr_assert_eq(run_as(NOBODY, GROUP, open_it, "events"), -EACCES);
	assert_text(&told->error,
		    "%s: permission denied, %s has mode 0700, which lets in root only", ROOT,
		    MOUNT_POINT);
}

Test(reader, is_told_what_is_not_there)
{
	cr_assert_eq(run_as(NOBODY, GROUP, open_it, "maps/none"), -ENOENT);
	assert_text(&told->error, "%s/m/maps/none: not there", ROOT);
	cr_assert_eq(run_as(NOBODY, GROUP, open_it, "maps/../../m/events"), -EINVAL);
	cr_assert_eq(pin_reader_open(MOUNT_POINT "/none", "m", "events", NULL, &told->error),
		     -ENOENT);
	assert_text(&told->error, "%s/none: not there", MOUNT_POINT);
}

static void replace(const char *name, int fd)
{
	char path[PIN_PATH_MAX];

	snprintf(path, sizeof(path), ROOT "/m/%s", name);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(bpf_obj_pin(fd, path), 0);
	cr_assert_eq(chown(path, 0, GROUP), 0);
	cr_assert_eq(chmod(path, 0440), 0);
}

Test(reader, does_not_take_another_type_of_map)
{
	replace("events", map_new(BPF_MAP_TYPE_ARRAY));
	cr_assert_eq(run_as(NOBODY, GROUP, open_it, "events"), -EINVAL);
	assert_text(&told->error, "%s/m/events: map type 2 (ARRAY), expected 4 (PERF_EVENT_ARRAY)",
		    ROOT);
	replace("counters", map_new(BPF_MAP_TYPE_ARRAY));
	cr_assert_eq(run_as(NOBODY, GROUP, open_it, "counters"), -EINVAL);
	assert_text(&told->error, "%s/m/counters: map type 2 (ARRAY), expected 6 (PERCPU_ARRAY)",
		    ROOT);
}

Test(reader, does_not_take_a_link_or_a_program_for_a_map)
{
	replace("events", link_new());
	cr_assert_eq(run_as(NOBODY, GROUP, open_it, "events"), -EPERM);
	assert_text(&told->error, "%s/m/events: not to be opened read-only, expected a map", ROOT);
	replace("events", program_new());
	cr_assert_eq(run_as(NOBODY, GROUP, open_it, "events"), -EPERM);
	assert_text(&told->error, "%s/m/events: a program, expected a map", ROOT);
}

static int open_exact(void *arg)
{
	const struct pin_map_expect expect = { .type = BPF_MAP_TYPE_ARRAY, .value_size = 80 };

	(void)arg;
	return pin_reader_open(ROOT, "m", "schema", &expect, &told->error);
}

Test(reader, can_ask_for_sizes)
{
	cr_assert_eq(run_as(NOBODY, GROUP, open_exact, NULL), -EINVAL);
	assert_text(&told->error, "%s/m/schema: value size 4, expected 80", ROOT);
}

static int nothing(const char *name, void *arg)
{
	(void)name;
	(void)arg;
	return 0;
}

static int list(void *arg)
{
	struct pin_root *root;
	int err;

	(void)arg;
	root = pin_root_open(ROOT, PIN_READ, 0, 0, NULL, &told->error);
	if (!root)
		return -1;
	err = pin_modules_each(root, nothing, NULL, &told->error);
	pin_root_free(root);
	return err;
}

Test(reader, lists_modules_as_a_member_of_the_roots_group)
{
	cr_assert_eq(run_as(NOBODY, GROUP, list, NULL), 0, "%s", told->error.text);
	cr_assert_eq(run_as(NOBODY, NOBODY, list, NULL), -EACCES);
	assert_text(&told->error, "%s: permission denied, needs group %d", ROOT, GROUP);
}

static int verify(void *arg)
{
	struct pin_root *root;
	int err;

	(void)arg;
	root = pin_root_open(ROOT, PIN_READ, 0, 0, NULL, &told->error);
	if (!root)
		return -1;
	err = pin_module_verify(root, "m", &told->error);
	pin_root_free(root);
	return err;
}

Test(reader, does_not_see_enough_to_verify_a_module)
{
	cr_assert_eq(run_as(NOBODY, GROUP, verify, NULL), -EACCES);
	assert_text(
		&told->error,
		"%s/m/links: permission denied, %s/m/links has mode 0700, which lets in root only",
		ROOT, ROOT);
}

static int own(void *arg)
{
	(void)arg;
	return pin_root_open(ROOT, PIN_OWN, 0, GROUP, NULL, &told->error) ? 0 : -errno;
}

Test(reader, does_not_become_the_owner)
{
	cr_assert_eq(run_as(NOBODY, GROUP, own, NULL), -EPERM);
	assert_text(&told->error, "%s: uid %d cannot be the owner, expected 0", ROOT, NOBODY);
}

/* Locks what it can open: how many. */
static int lock_out(void *arg)
{
	static const char *const paths[] = { ROOT, ROOT "/~lock", ROOT "/m", ROOT "/m/maps",
					     ROOT "/m/links" };
	int locked = 0, fd;

	(void)arg;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		fd = open(paths[i], O_RDONLY | O_DIRECTORY);
		if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
			locked++;
	}
	return locked;
}

Test(reader, cannot_keep_the_owner_out)
{
	int fd = open(ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	cr_assert_eq(run_as(NOBODY, GROUP, lock_out, NULL), 3,
		     "more than the root, the module and its maps");
	/* What the member did, for longer. */
	cr_assert_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	pin_root_free(root_own());
	close(fd);
}

static int group_needed(void *arg)
{
	return pin_group_needed(arg, told->group, sizeof(told->group));
}

Test(reader, learns_the_group_of_a_path)
{
	cr_assert_eq(run_as(NOBODY, NOBODY, group_needed, ROOT "/m/events"), 1);
	cr_assert_str_eq(told->group, "54321");
	cr_assert_eq(run_as(NOBODY, NOBODY, group_needed, ROOT), 1);
	cr_assert_str_eq(told->group, "54321");
	cr_assert_eq(run_as(NOBODY, GROUP, group_needed, ROOT "/m/events"), 0);
	cr_assert_eq(run_as(NOBODY, GROUP, group_needed, ROOT "/m/maps/own"), -EPERM);
	cr_assert_eq(run_as(NOBODY, GROUP, group_needed, ROOT "/m/links/leave"), -EPERM);
	cr_assert_eq(run_as(NOBODY, GROUP, group_needed, ROOT "/m/none"), -ENOENT);
	cr_assert_eq(run_as(NOBODY, GROUP, group_needed, ROOT "/none/events"), -ENOENT);
	cr_assert_eq(run_as(NOBODY, NOBODY, group_needed, "relative"), -EINVAL);
	cr_assert_eq(pin_group_needed(ROOT "/m/events", told->group, sizeof(told->group)), 0);
}

static int group_short(void *arg)
{
	return pin_group_needed(arg, told->group, 5);
}

Test(reader, gets_no_name_that_does_not_fit)
{
	strcpy(told->group, "unused");
	cr_assert_eq(run_as(NOBODY, NOBODY, group_short, ROOT "/m/events"), -ERANGE);
	cr_assert_str_eq(told->group, "unused");
}
