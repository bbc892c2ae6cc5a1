/* SPDX-License-Identifier: Apache-2.0 */
/* process-monitor: what changes while a process lives: its parent, its credentials, its cgroup. */
#include <criterion/criterion.h>
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"
#include "pulsar-test.h"

#define MODULE "process-monitor"

TestSuite(process_changes, .timeout = 300);

/* ---- orphans ---- */

static pid_t orphan;

/* The grandchild outlives the child, and ends when the pipe that it was given closes. */
static void act_orphan(void *arg)
{
	pid_t *father = arg;
	int stay[2], born[2];
	char c;

	cr_assert(!pipe(stay) && !pipe(born));
	*father = fork();
	if (!*father) {
		orphan = fork();
		if (!orphan) {
			close(stay[1]);
			(void)!read(stay[0], &c, 1);
			_exit(0);
		}
		(void)!write(born[1], &orphan, sizeof(orphan));
		_exit(0);
	}
	cr_assert_eq(read(born[0], &orphan, sizeof(orphan)), sizeof(orphan));
	waitpid(*father, NULL, 0);
	close(stay[1]);
	waitpid(orphan, NULL, 0);
}

Test(process_changes, an_orphan_goes_to_the_nearest_subreaper)
{
	struct run *run;
	pid_t father;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	run = module_run(MODULE, act_orphan, &father);
	expect_event(run, "Fork", from_pid(orphan), num("ppid", father));
	expect_events(run, 1, "ChangeParent", from_pid(orphan), num("ppid", getpid()),
		      header_num("ppid", getpid()));
	expect_events(run, 1, "ChangeParent", from_pid(orphan));
	expect_event(run, "Exit", from_pid(orphan), header_num("ppid", getpid()));
	run_free(run);
}

/* ---- credentials ---- */

static void credentials_dropped(void)
{
	if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) || setresuid(1234, 1234, 1234))
		_exit(1);
	_exit(!setuid(0)); /* refused */
}

static void credentials_saved(void)
{
	_exit(seteuid(1234) || seteuid(0));
}

static void credentials_namespace(void)
{
	if (setresuid(1234, 1234, 1234))
		_exit(1);
	_exit(unshare(CLONE_NEWUSER) != 0);
}

static void credentials_same(void)
{
	_exit(setuid(getuid()) || setegid(getegid()));
}

Test(process_changes, changed_credentials_are_told)
{
	struct act a = { .body = credentials_dropped };
	struct run *run = module_run(MODULE, act, &a);

	expect_events(run, 1, "CredentialsChange", from_pid(a.pid), num("uid", 0),
		      num("gid", 65534), num("euid", 0), num("egid", 65534),
		      json("capabilities_gained", "[]"));
	expect_events(run, 1, "CredentialsChange", from_pid(a.pid), num("uid", 1234),
		      num("gid", 65534), num("euid", 1234), num("egid", 65534),
		      header_num("uid", 1234));
	expect_events(run, 2, "CredentialsChange", from_pid(a.pid));
	run_free(run);
}

Test(process_changes, credentials_that_stay_the_same_are_not_told)
{
	struct act a = { .body = credentials_same };
	struct run *run = module_run(MODULE, act, &a);

	cr_expect_eq(a.status, 0);
	expect_no_event(run, "CredentialsChange", from_pid(a.pid));
	run_free(run);
}

/* Does the list of names have this one? */
static bool gained(const struct run *run, pid_t pid, const char *capability)
{
	json_t *event, *name;
	size_t i, k;

	json_array_foreach(run_events(run), i, event) {
		if (!event_is(event, "CredentialsChange") ||
		    number_of(header_of(event), "pid") != pid)
			continue;
		json_array_foreach(json_object_get(payload_of(event), "capabilities_gained"), k,
				   name)
			if (!strcmp(json_string_value(name), capability))
				return true;
	}
	return false;
}

Test(process_changes, capabilities_that_are_gained_are_told)
{
	struct act a = { .body = credentials_saved };
	struct run *run = module_run(MODULE, act, &a);

	cr_expect_eq(a.status, 0);
	expect_events(run, 2, "CredentialsChange", from_pid(a.pid));
	cr_expect(gained(run, a.pid, "CAP_SYS_ADMIN"));
	run_free(run);
	a.body = credentials_namespace;
	run = module_run(MODULE, act, &a);
	if (a.status)
		cr_skip_test("user namespaces are not allowed");
	cr_expect(gained(run, a.pid, "CAP_SYS_ADMIN"));
	run_free(run);
}

/* ---- cgroups ---- */

static char cgroup[256];

static void act_cgroup(void *arg)
{
	struct act *a = arg;
	char procs[300];
	FILE *f;

	cr_assert(!mkdir(cgroup, 0755), "%s: %s", cgroup, strerror(errno));
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	f = fopen(procs, "we");
	cr_assert(f);
	a->pid = fork();
	if (!a->pid) {
		pause();
		_exit(0);
	}
	fprintf(f, "%d\n", a->pid);
	cr_assert(!fclose(f));
	kill(a->pid, SIGTERM);
	waitpid(a->pid, NULL, 0);
	while (rmdir(cgroup))
		cr_assert_eq(errno, EBUSY);
}

Test(process_changes, cgroups_are_made_joined_and_removed)
{
	struct act a = { 0 };
	struct run *run;
	char path[64], top[200];

	if (!mount_of("cgroup2", NULL, top, sizeof(top)))
		cr_skip_test("cgroup2 is not mounted");
	snprintf(cgroup, sizeof(cgroup), "%s/pulsar-%d", top, getpid());
	snprintf(path, sizeof(path), "/pulsar-%d", getpid());
	run = module_run(MODULE, act_cgroup, &a);
	expect_events(run, 1, "CgroupCreated", from_self(), str("path", path), num("hierarchy", 0));
	expect_events(run, 1, "CgroupAttach", from_self(), str("path", path), num("pid", a.pid));
	expect_events(run, 1, "CgroupDeleted", from_self(), str("path", path), num("hierarchy", 0));
	run_free(run);
}
