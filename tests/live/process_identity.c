/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who did it: the process table behind the header of every event, seen through
 * process-monitor, whose events are about many processes.
 */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pulsar/filter.h>

#include "acts.h"
#include "pulsar-test.h"

#define MODULE	"process-monitor"
#define SLEEPER "/usr/bin/cat" /* runs until its input closes */
#define PROGRAM "/usr/bin/true"

TestSuite(process_identity, .timeout = 120);

/* ---- a process that lives until it is told to end ---- */

struct sleeper {
	pid_t pid;
	int end; /* closing it ends the process */
};

static struct sleeper sleeper_start(void)
{
	struct sleeper s;
	int ends[2];

	cr_assert(!pipe2(ends, O_CLOEXEC));
	s.pid = fork();
	if (!s.pid) {
		dup2(ends[0], 0);
		execl(SLEEPER, SLEEPER, NULL);
		_exit(99);
	}
	close(ends[0]);
	s.end = ends[1];
	return s;
}

static void sleeper_stop(struct sleeper *s)
{
	close(s->end);
	waitpid(s->pid, NULL, 0);
}

/* Waits until it runs its program: then it is as old as it can be. */
static bool sleeper_runs(void *arg)
{
	const struct sleeper *s = arg;
	char path[64], image[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/exe", s->pid);
	return readlink(path, image, sizeof(image) - 1) > 0 && !strcmp(image, SLEEPER);
}

static pid_t run_program(const char *path)
{
	pid_t pid = fork();

	if (!pid) {
		execl(path, path, NULL);
		_exit(99);
	}
	waitpid(pid, NULL, 0);
	return pid;
}

/* ---- a Pulsar and what its reader printed ---- */

static json_t *read_to_now(struct kit *kit, struct kit_reader *reader)
{
	kit_caught_up(kit, MODULE, "default");
	return kit_reader_events(reader);
}

static void expect(json_t *events, int count, const char *event, const struct condition *conditions)
{
	char *report = NULL;
	int found = events_match(events, event, conditions, 0, 0, &report);

	cr_expect(count < 0 ? found > 0 : found == count, "%d %s, expected %d\n%s", found, event,
		  count, report ? report : "");
	free(report);
}

#define EXPECT(events, count, event, ...) \
	expect(events, count, event, (struct condition[]){ __VA_ARGS__, { 0 } })

static struct pulsar_core_state state_of(const struct kit *kit)
{
	struct pulsar_core_state state;
	__u32 zero = 0;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/core/maps/core_state", kit_pin_root(kit));
	fd = bpf_obj_get(path);
	cr_assert(fd >= 0 && !bpf_map_lookup_elem(fd, &zero, &state), "%s: %s", path,
		  strerror(errno));
	close(fd);
	return state;
}

/* The entry of a process; false: it has none. */
static bool entry_of(const struct kit *kit, pid_t pid, struct pulsar_process *process)
{
	__u32 key = (__u32)pid;
	char path[256];
	int fd, err;

	snprintf(path, sizeof(path), "%s/core/maps/core_processes", kit_pin_root(kit));
	fd = bpf_obj_get(path);
	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	err = bpf_map_lookup_elem(fd, &key, process);
	close(fd);
	return !err;
}

struct entered {
	const struct kit *kit;
	pid_t pid;
};

/* Does the table know what it runs? */
static bool sleeper_entered(void *arg)
{
	const struct entered *e = arg;
	struct pulsar_process process;

	return entry_of(e->kit, e->pid, &process) && !strcmp(process.image, SLEEPER);
}

static bool entry_gone(void *arg)
{
	const struct entered *e = arg;
	struct pulsar_process process;

	return !entry_of(e->kit, e->pid, &process);
}

/* ---- older than Pulsar ---- */

Test(process_identity, a_process_that_is_older_than_loaderd_is_known)
{
	struct sleeper old = sleeper_start();
	struct kit_reader *reader;
	struct kit *kit;
	json_t *events;

	wait_until(sleeper_runs, &old, "the sleeper does not run");
	kit = kit_started(MODULE, NULL);
	reader = kit_read(kit, MODULE, NULL);
	sleeper_stop(&old);
	events = read_to_now(kit, reader);
	EXPECT(events, 1, "Exit", from_pid(old.pid), header_str("image", SLEEPER),
	       header_num("ppid", getpid()), header_str("comm", "cat"), header_num("uid", 0));
	json_decref(events);
	kit_reader_free(reader);
	kit_free(kit);
}

/* ---- the table across restarts and upgrades ---- */

Test(process_identity, the_table_is_kept_while_loaderd_is_away)
{
	struct kit *kit = kit_started(MODULE, NULL);
	struct kit_reader *reader;
	struct pulsar_process before, after;
	struct sleeper s;
	json_t *events;

	kit_stop(kit, SIGKILL);
	s = sleeper_start();
	wait_until(sleeper_entered, &(struct entered){ kit, s.pid }, "it is not entered");
	cr_assert(entry_of(kit, s.pid, &before));
	cr_assert(kit_start(kit));
	cr_assert(entry_of(kit, s.pid, &after));
	cr_expect_eq(after.start_time_ns, before.start_time_ns);
	reader = kit_read(kit, MODULE, NULL);
	sleeper_stop(&s);
	events = read_to_now(kit, reader);
	/* Its fork and its exec had no ring; the table knows what came of them. */
	EXPECT(events, 1, "Exit", from_pid(s.pid), header_str("image", SLEEPER));
	json_decref(events);
	kit_reader_free(reader);
	kit_free(kit);
}

/*
 * An upgrade of core attaches its programs behind those of the module, which then see a
 * process first. A parent that forks and programs that run must look the same.
 */
Test(process_identity, an_upgrade_of_core_turns_the_order_of_programs_round_and_nothing_changes)
{
	struct kit *kit = kit_new(MODULE, NULL);
	struct kit_reader *reader;
	struct sleeper s = sleeper_start();
	pid_t pids[2];
	json_t *events;

	kit_own_modules(kit);
	cr_assert(kit_start(kit), "%s", kit_log(kit));
	reader = kit_read(kit, MODULE, NULL);
	pids[0] = run_program(PROGRAM);
	kit_change_module(kit, "core");
	kit_reload(kit);
	cr_assert(strstr(kit_log(kit), "core: upgraded"), "%s", kit_log(kit));
	pids[1] = run_program(PROGRAM);
	sleeper_stop(&s);
	events = read_to_now(kit, reader);
	for (int i = 0; i < 2; i++) {
		EXPECT(events, -1, "Fork", from_pid(pids[i]), header_num("ppid", getpid()),
		       num("ppid", getpid()));
		EXPECT(events, 1, "Exec", from_pid(pids[i]), header_str("image", PROGRAM));
		EXPECT(events, 1, "Exec", from_pid(pids[i]));
		EXPECT(events, 1, "Exit", from_pid(pids[i]), header_str("image", PROGRAM));
		EXPECT(events, 1, "Exit", from_pid(pids[i]));
	}
	EXPECT(events, 1, "Exit", from_pid(s.pid), header_str("image", SLEEPER));
	json_decref(events);
	kit_reader_free(reader);
	kit_free(kit);
}

Test(process_identity, an_entry_goes_when_its_process_is_gone)
{
	struct kit *kit = kit_started(MODULE, NULL);
	struct sleeper s = sleeper_start();
	struct entered e = { kit, s.pid };

	wait_until(sleeper_entered, &e, "it is not entered");
	sleeper_stop(&s);
	wait_until(entry_gone, &e, "the entry stays");
	kit_free(kit);
}

/* ---- a full table ---- */

Test(process_identity, a_full_table_is_counted_and_nothing_fails)
{
	struct kit *kit = kit_started(MODULE, "[core]\nprocesses_max = 16\n");
	struct kit_reader *reader = kit_read(kit, MODULE, NULL);
	pid_t pid = run_program(PROGRAM);
	struct pulsar_core_state state = state_of(kit);
	json_t *events = read_to_now(kit, reader);

	cr_expect_gt(state.refused, 0);
	cr_expect_gt(state.refused_ns, 0);
	EXPECT(events, 1, "Fork", from_pid(pid), num("ppid", getpid()));
	EXPECT(events, 1, "Exec", from_pid(pid), str("filename", PROGRAM),
	       header_num("ppid", getpid()));
	EXPECT(events, 1, "Exit", from_pid(pid), num("exit_code", 0));
	json_decref(events);
	kit_reader_free(reader);
	kit_free(kit);
}

/* ---- threads ---- */

static void *thread_forks(void *arg)
{
	*(pid_t *)arg = run_program(PROGRAM);
	return NULL;
}

static void trigger_thread(void *arg)
{
	pthread_t thread;

	cr_assert(!pthread_create(&thread, NULL, thread_forks, arg));
	pthread_join(thread, NULL);
}

Test(process_identity, what_a_thread_forks_is_its_process_s_child)
{
	char image[256] = "";
	struct run *run;
	pid_t pid;

	cr_assert(readlink("/proc/self/exe", image, sizeof(image) - 1) > 0);
	run = module_run(MODULE, trigger_thread, &pid);
	expect_event(run, "Fork", from_pid(pid), num("ppid", getpid()), header_str("image", image));
	run_free(run);
}

/* ---- containers ---- */

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
		run_program(PROGRAM);
		/* Its argument tells its event from those of other tests. */
		*strrchr(procs, '/') = '\0';
		execl(PROGRAM, PROGRAM, procs, NULL);
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
