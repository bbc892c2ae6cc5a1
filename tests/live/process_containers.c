/* SPDX-License-Identifier: Apache-2.0 */
/* In which container: a process is known by the name of its cgroup, in each way that it is given. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"
#include "pulsar-test.h"

#define MODULE "process-monitor"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *path; /* of directories below the hierarchy */
	bool container;
} containers[] = {
	{ "docker/" ID, true },
	{ "system.slice/docker-" ID ".scope", true },
	{ "kubepods/burstable/pod0b2d43a5-1f9e-4d8a-9a38-6f1b1b0d3c1e/" ID, true },
	{ "kubepods.slice/kubepods-burstable.slice/cri-containerd-" ID ".scope", true },
	{ "kubepods.slice/crio-" ID ".scope", true },
	{ "kubepods/crio-" ID, true },
	{ "machine.slice/libpod-" ID ".scope/container", true },
	{ "libpod_parent/libpod-" ID, true },
	{ "kubepods-besteffort.slice:cri-containerd:" ID, true },
	{ "docker/" ID "/init.scope/nested", true },
	{ "machine.slice/libpod-conmon-" ID ".scope", false },
	{ "kubepods.slice/crio-conmon-" ID ".scope", false },
	{ "system.slice/backup-" ID ".service", false },
	{ "docker/0123456789ABCDEF" ID, false },
	{ "docker/" ID "0", false },
	{ "user.slice/user-1000.slice/session-1.scope", false },
};

#define CONTAINERS (sizeof(containers) / sizeof(containers[0]))

/* All directories of a path below `top`, made or removed. */
static void make_path(const char *top, const char *path)
{
	char full[512];
	size_t len = (size_t)snprintf(full, sizeof(full), "%s/", top);

	for (const char *c = path;; c++) {
		if (*c && *c != '/') {
			full[len++] = *c;
			continue;
		}
		full[len] = '\0';
		cr_assert(!mkdir(full, 0755) || errno == EEXIST, "%s: %s", full, strerror(errno));
		if (!*c)
			break;
		full[len++] = '/';
	}
}

static void remove_path(const char *top, const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", top, path);
	/* A directory that others use stays. */
	while (strlen(full) > strlen(top) && (!rmdir(full) || errno == EBUSY))
		if (access(full, F_OK))
			*strrchr(full, '/') = '\0';
}

/* Moves a process there, which then runs a program; and one that is born there. */
static void run_in_cgroup(const char *top, const char *path)
{
	char procs[512];
	pid_t pid = fork();
	int status;
	FILE *f;

	if (!pid) {
		snprintf(procs, sizeof(procs), "%s/%s/cgroup.procs", top, path);
		f = fopen(procs, "we");
		if (!f || fprintf(f, "%d\n", getpid()) < 0 || fclose(f))
			_exit(1);
		run_program(ACT_PROGRAM);
		/* Its argument tells its event from those of other tests. */
		*strrchr(procs, '/') = '\0';
		execl(ACT_PROGRAM, ACT_PROGRAM, procs, NULL);
		_exit(99);
	}
	waitpid(pid, &status, 0);
	cr_assert_eq(status, 0, "%s/%s", top, path);
}

static void act_containers(void *arg)
{
	for (size_t i = 0; i < CONTAINERS; i++) {
		make_path(arg, containers[i].path);
		run_in_cgroup(arg, containers[i].path);
		remove_path(arg, containers[i].path);
	}
}

/* The event of the program that was run as the i-th. */
static void check_container(const struct run *run, const char *top, const char *path,
			    bool container)
{
	char full[512];
	json_t *event, *header, *argv;
	int found = 0;
	size_t i;

	snprintf(full, sizeof(full), "%s/%s", top, path);
	json_array_foreach(run_events(run), i, event) {
		header = json_object_get(event, "header");
		argv = json_object_get(json_object_get(event, "payload"), "argv");
		if (!json_array_size(argv) || json_array_size(argv) != 2 ||
		    strcmp(json_string_value(json_array_get(argv, 1)), full))
			continue;
		found++;
		if (container)
			cr_expect_str_eq(json_string_value(json_object_get(header, "container_id")),
					 ID, "%s", path);
		else
			cr_expect(!json_object_get(header, "container_id"), "%s", path);
	}
	cr_expect_eq(found, 1, "%s: %d events", path, found);
}

static void test_containers(const char *type, const char *option)
{
	struct run *run;
	char top[200];

	if (!mount_of(type, option, top, sizeof(top)))
		cr_skip_test("no hierarchy %s %s is mounted", type, option ? option : "");
	run = module_run(MODULE, act_containers, top);
	for (size_t i = 0; i < CONTAINERS; i++)
		check_container(run, top, containers[i].path, containers[i].container);
	run_free(run);
}

Test(process_identity, containers_are_known_by_their_cgroup)
{
	test_containers("cgroup2", NULL);
}

Test(process_identity, containers_are_known_by_a_cgroup_of_version_1)
{
	test_containers("cgroup", "pids");
}
