/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who did it: the process table behind the header of every event, seen through
 * process-monitor, whose events are about many processes. In which container: process_containers.c.
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
#include <sys/wait.h>
#include <unistd.h>

#include <pulsar/filter.h>

#include "acts.h"
#include "pulsar-test.h"

#define MODULE	"process-monitor"
#define SLEEPER "/usr/bin/cat" /* runs until its input closes */

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
	pids[0] = run_program(ACT_PROGRAM);
	kit_change_module(kit, "core");
	kit_reload(kit);
	cr_assert(strstr(kit_log(kit), "core: upgraded"), "%s", kit_log(kit));
	pids[1] = run_program(ACT_PROGRAM);
	sleeper_stop(&s);
	events = read_to_now(kit, reader);
	for (int i = 0; i < 2; i++) {
		EXPECT(events, -1, "Fork", from_pid(pids[i]), header_num("ppid", getpid()),
		       num("ppid", getpid()));
		EXPECT(events, 1, "Exec", from_pid(pids[i]), header_str("image", ACT_PROGRAM));
		EXPECT(events, 1, "Exec", from_pid(pids[i]));
		EXPECT(events, 1, "Exit", from_pid(pids[i]), header_str("image", ACT_PROGRAM));
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
	pid_t pid = run_program(ACT_PROGRAM);
	struct pulsar_core_state state = state_of(kit);
	json_t *events = read_to_now(kit, reader);

	cr_expect_gt(state.refused, 0);
	cr_expect_gt(state.refused_ns, 0);
	EXPECT(events, 1, "Fork", from_pid(pid), num("ppid", getpid()));
	EXPECT(events, 1, "Exec", from_pid(pid), str("filename", ACT_PROGRAM),
	       header_num("ppid", getpid()));
	EXPECT(events, 1, "Exit", from_pid(pid), num("exit_code", 0));
	json_decref(events);
	kit_reader_free(reader);
	kit_free(kit);
}

/* ---- threads ---- */

static void *thread_forks(void *arg)
{
	*(pid_t *)arg = run_program(ACT_PROGRAM);
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
