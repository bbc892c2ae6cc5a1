// SPDX-License-Identifier: Apache-2.0
/*
 * An owner that is root, but has given up its capabilities.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "world.h"

/* Shared with the process without capabilities. */
static struct given {
	struct pin_root *root;
	struct pin_stage *stage;
	int map;
	struct pin_error error;
} * given;

static void privilege_init(void)
{
	world_mounted();
	given = mmap(NULL, sizeof(*given), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	cr_assert_neq(given, MAP_FAILED);
	given->map = map_new(BPF_MAP_TYPE_ARRAY);
	given->root = root_own();
	module_new(given->root, "m", GROUP);
}

static void privilege_fini(void)
{
	if (given)
		pin_root_free(given->root);
}

TestSuite(privilege, .init = privilege_init, .fini = privilege_fini);

static void give_up(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	if (syscall(SYS_capset, &header, none))
		_exit(1);
}

static int adopt(void *arg)
{
	(void)arg;
	give_up();
	return pin_map_open(given->root, "m", "events", NULL, &given->error);
}

Test(privilege, to_write_what_is_public_is_missed_by_name)
{
	cr_assert_eq(run_as(0, 0, adopt, NULL), -EACCES);
	assert_text(&given->error, "%s/m/events: permission denied, can be read but not written",
		    ROOT);
}

static int verify(void *arg)
{
	(void)arg;
	give_up();
	return pin_module_verify(given->root, "m", &given->error);
}

Test(privilege, is_not_needed_to_verify)
{
	cr_assert_eq(run_as(0, 0, verify, NULL), 1, "%s", given->error.text);
}

static int pin_public(void *arg)
{
	(void)arg;
	give_up();
	return pin_stage_map(given->stage, "meta", given->map, true, &given->error);
}

Test(privilege, to_give_a_pin_to_its_group_is_missed_and_no_pin_left)
{
	given->stage = pin_stage_new(given->root, "n", GROUP, &given->error);
	cr_assert_eq(run_as(0, 0, pin_public, NULL), -EPERM);
	assert_text(&given->error,
		    "%s/n~new/meta: cannot set group %d and mode 0440: Operation not permitted",
		    ROOT, GROUP);
	cr_assert_not(is_there("n~new/meta"));
	pin_stage_free(given->stage);
}

static int stage_without(void *arg)
{
	(void)arg;
	give_up();
	return pin_stage_new(given->root, "n", GROUP, &given->error) ? 0 : -errno;
}

Test(privilege, to_make_a_stage_for_a_group_is_missed_and_no_stage_left)
{
	cr_assert_eq(run_as(0, 0, stage_without, NULL), -EPERM);
	assert_text(&given->error, "%s/n~new: cannot make the directory: Operation not permitted",
		    ROOT);
	cr_assert_not(is_there("n~new"));
}

static int remove_module(void *arg)
{
	(void)arg;
	give_up();
	return pin_module_remove(given->root, "m", &given->error);
}

Test(privilege, is_not_needed_to_remove)
{
	cr_assert_eq(run_as(0, 0, remove_module, NULL), 0, "%s", given->error.text);
	cr_assert_not(is_there("m"));
	cr_assert_not(is_there("m~new"));
}
