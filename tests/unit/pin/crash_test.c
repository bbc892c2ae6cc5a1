// SPDX-License-Identifier: Apache-2.0
/*
 * An owner killed at each system call in turn, before and after the kernel has
 * carried it out; the next owner must find the old state or the new one.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "world.h"

TestSuite(crash, .init = world_mounted, .timeout = 300);

/*
 * Starts `body` and lets it come to its `stops`th stop at a system call; *status, if it ended
 * before.
 */
static pid_t stopped_at(int stops, void (*body)(void), int *status)
{
	pid_t pid;

	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(1);
		raise(SIGSTOP);
		body();
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, status, 0), pid);
	while (stops-- && WIFSTOPPED(*status)) {
		cr_assert_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		cr_assert_eq(waitpid(pid, status, 0), pid);
	}
	return pid;
}

/* Kills it there: false if it ended before. */
static bool killed_at(int stops, void (*body)(void))
{
	int status;
	pid_t pid;

	pid = stopped_at(stops, body, &status);
	if (!WIFSTOPPED(status)) {
		cr_assert_eq(status, 0, "ended with %#x", status);
		return false;
	}
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return true;
}

/* Lets it run on to its end: its exit code. */
static int run_on(pid_t pid, int status)
{
	if (WIFSTOPPED(status)) {
		cr_assert_eq(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
	}
	cr_assert(WIFEXITED(status), "ended with %#x", status);
	return WEXITSTATUS(status);
}

static int maps[2]; /* what the old module and the new one have as `events` */
static int link_fd;

static void commit_map(struct pin_root *root, int map)
{
	struct pin_stage *stage;

	stage = pin_stage_new(root, "m", GROUP, NULL);
	if (!stage || pin_stage_map(stage, "events", map, true, NULL) ||
	    pin_stage_map(stage, "maps/own", map, false, NULL) ||
	    pin_stage_link(stage, "leave", link_fd, NULL) || pin_stage_commit(stage, NULL))
		_exit(2);
}

static struct pin_root *own_quietly(void)
{
	struct pin_root *root = pin_root_open(ROOT, PIN_OWN, 0011, GROUP, NULL, NULL);

	if (!root)
		_exit(3);
	return root;
}

static void upgrade(void)
{
	struct pin_root *root = own_quietly();

	commit_map(root, maps[1]);
	pin_root_free(root);
}

static void teardown(void)
{
	struct pin_root *root = own_quietly();

	if (pin_module_remove(root, "m", NULL) || pin_root_remove(root, NULL))
		_exit(4);
	pin_root_free(root);
}

static void crash_init(void)
{
	maps[0] = map_new(BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	maps[1] = map_new(BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	link_fd = link_new();
}

/* What the next owner finds: 0 the old module, 1 the new one, -1 none; anything else fails. */
static int next_owner(struct pin_root *root)
{
	struct pin_error error = { "" };
	unsigned int id;
	int found, fd;

	cr_assert_not(is_there("m~new"));
	found = pin_module_verify(root, "m", &error);
	cr_assert_geq(found, 0, "%s", error.text);
	if (!found)
		return -1;
	cr_assert(is_there("m/links/leave") && is_there("m/maps/own"));
	fd = pin_map_open(root, "m", "events", NULL, &error);
	cr_assert_geq(fd, 0, "%s", error.text);
	id = map_id(fd);
	close(fd);
	cr_assert(id == map_id(maps[0]) || id == map_id(maps[1]));
	return id == map_id(maps[1]);
}

Test(crash, of_an_upgrade_leaves_the_old_module_or_the_new)
{
	int seen[2] = { 0 }, stops, found;
	struct pin_root *root;
	bool killed = true;

	crash_init();
	for (stops = 1; killed; stops++) {
		root = root_own();
		commit_map(root, maps[0]);
		pin_root_free(root);
		killed = killed_at(stops, upgrade);
		root = root_own();
		found = next_owner(root);
		cr_assert_geq(found, 0);
		seen[found]++;
		pin_root_free(root);
	}
	cr_assert_gt(seen[0], 10);
	cr_assert_gt(seen[1], 10);
}

Test(crash, of_the_first_pinning_leaves_all_or_nothing)
{
	int seen[3] = { 0 }, stops;
	struct pin_error error;
	struct pin_root *root;
	bool killed = true;

	crash_init();
	for (stops = 1; killed; stops++) {
		killed = killed_at(stops, upgrade);
		root = root_own();
		seen[1 + next_owner(root)]++;
		if (is_there("m"))
			cr_assert_eq(pin_module_remove(root, "m", &error), 0, "%s", error.text);
		cr_assert_eq(pin_root_remove(root, &error), 0, "%s", error.text);
		pin_root_free(root);
	}
	cr_assert_gt(seen[0], 10);
	cr_assert_eq(seen[1], 0);
	cr_assert_gt(seen[2], 1);
}

Test(crash, of_a_removal_leaves_all_or_nothing)
{
	int seen[3] = { 0 }, stops;
	struct pin_root *root;
	bool killed = true;

	crash_init();
	for (stops = 1; killed; stops++) {
		root = root_own();
		commit_map(root, maps[0]);
		pin_root_free(root);
		killed = killed_at(stops, teardown);
		root = root_own();
		seen[1 + next_owner(root)]++;
		pin_root_free(root);
	}
	cr_assert_gt(seen[0], 10);
	cr_assert_gt(seen[1], 10);
	cr_assert_eq(seen[2], 0);
}

/* Exit code 0: it is the owner, 1: there is another. */
static void own_or_not(void)
{
	struct pin_error error = { "" };
	struct pin_root *root;

	root = pin_root_open(ROOT, PIN_OWN, 0011, GROUP, NULL, &error);
	if (!root && errno != EWOULDBLOCK)
		fprintf(stderr, "%s\n", error.text);
	if (!root)
		_exit(errno == EWOULDBLOCK ? 1 : 2);
	/* Of what lies at the path, not of what was removed from there. */
	if (!pin_stage_new(root, "m", GROUP, NULL) || !is_there("m~new") || !is_there("~lock"))
		_exit(3);
	_exit(0);
}

Test(crash, or_not_an_owner_that_removes_the_root_does_not_harm_the_next)
{
	int seen[2] = { 0 }, stops, status, code;
	struct pin_error error;
	struct pin_root *root;
	bool stopped = true;
	pid_t pid;

	for (stops = 1; stopped; stops++) {
		root = root_own();
		pid = stopped_at(stops, own_or_not, &status);
		stopped = WIFSTOPPED(status);
		cr_assert_eq(pin_root_remove(root, &error), 0, "%s", error.text);
		pin_root_free(root);
		code = run_on(pid, status);
		cr_assert_lt(code, 2, "at stop %d: %d", stops, code);
		seen[code]++;
		pin_root_free(root_own());
	}
	cr_assert_gt(seen[0], 10);
	cr_assert_gt(seen[1], 3);
}

TestSuite(race, .init = world_bare, .timeout = 300);

static int mounts(void)
{
	char line[512];
	int count = 0;
	FILE *file;

	file = fopen("/proc/self/mountinfo", "re");
	while (fgets(line, sizeof(line), file))
		count += !!strstr(line, " " MOUNT_POINT " ");
	fclose(file);
	return count;
}

Test(race, of_two_owners_that_mount_bpffs_ends_with_one_mount)
{
	int seen[4] = { 0 }, stops, status, code;
	struct pin_error error;
	struct pin_root *root;
	bool stopped = true;
	pid_t pid;

	for (stops = 1; stopped; stops++) {
		while (!umount2(MOUNT_POINT, MNT_DETACH))
			;
		pid = stopped_at(stops, own_or_not, &status);
		stopped = WIFSTOPPED(status);
		root = pin_root_open(ROOT, PIN_OWN, 0011, GROUP, NULL, &error);
		cr_assert(root || errno == EWOULDBLOCK || !stopped, "at stop %d: %s", stops,
			  error.text);
		code = run_on(pid, status);
		cr_assert_lt(code, 2, "at stop %d: %d", stops, code);
		cr_assert(!stopped || !root || code, "two owners at stop %d", stops);
		seen[2 * !root + code]++;
		cr_assert_leq(mounts(), 1);
		pin_root_free(root);
		pin_root_free(root_own());
		cr_assert_eq(mounts(), 1);
	}
	cr_assert_gt(seen[1], 10, "the second won");
	cr_assert_gt(seen[2], 10, "the first won");
}
