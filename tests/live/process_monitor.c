/* SPDX-License-Identifier: Apache-2.0 */
/* process-monitor: every way to be made, to run a program and to end gives one event each. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"
#include "pulsar-test.h"

#define PROGRAM ACT_PROGRAM
#define SHELL	ACT_SHELL
#define MODULE	"process-monitor"

static const char *const nothing[] = { NULL };

static void make(void)
{
	char text[128];

	folder_make();
	copy_program(SHELL, "shell");
	snprintf(text, sizeof(text), "#!%s\nexit 7\n", in_folder("shell"));
	write_file(in_folder("script"), text, 0755);
}

TestSuite(process_monitor, .init = make, .fini = folder_remove, .timeout = 300);

/* ---- ways to run a program ---- */

static void run_plainly(void)
{
	become(PROGRAM);
}

static void run_after_vfork(void)
{
	pid_t pid = vfork();

	if (!pid) {
		become(PROGRAM);
		_exit(99);
	}
	waitpid(pid, NULL, 0);
	_exit(0);
}

static void run_after_clone3(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (!pid)
		become(PROGRAM);
	waitpid(pid, NULL, 0);
	_exit(0);
}

static void run_by_descriptor(void)
{
	char *const argv[] = { "by-descriptor", NULL };

	fexecve(open(PROGRAM, O_PATH | O_CLOEXEC), argv, (char *const *)nothing);
}

static void run_from_memory(void)
{
	char *const argv[] = { "from-memory", NULL };
	int in = open(PROGRAM, O_RDONLY | O_CLOEXEC);
	int out = memfd_create("pulsar", MFD_CLOEXEC);
	char buffer[4096];
	ssize_t n;

	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)n) != n)
			return;
	fexecve(out, argv, (char *const *)nothing);
}

static void *thread_becomes(void *arg)
{
	become(arg);
	return NULL;
}

static void run_from_a_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, thread_becomes, PROGRAM);
	pause();
}

static void run_by_a_relative_name(void)
{
	if (!chdir(folder_path()))
		become("../../usr/./bin/true");
}

static void run_by_a_link(void)
{
	if (!symlink(PROGRAM, in_folder("link")))
		become(in_folder("link"));
}

static void run_script(void)
{
	become(in_folder("script"));
}

static void run_script_by_a_relative_name(void)
{
	if (!chdir(folder_path()))
		become("./script");
}

static void run_script_by_descriptor(void)
{
	char *const argv[] = { "script", NULL };

	fexecve(open(in_folder("script"), O_RDONLY), argv, (char *const *)nothing);
}

static void run_script_in_a_directory(void)
{
	char *const argv[] = { "script", NULL };

	syscall(SYS_execveat, open(folder_path(), O_RDONLY | O_DIRECTORY), "script", argv, nothing,
		0);
}

/* Where an expectation begins with %s, the folder stands. */
static const char *with_folder(const char *text)
{
	return strncmp(text, "%s/", 3) ? text : in_folder(text + 3);
}

static const struct {
	void (*body)(void);
	const char *filename, *image, *interpreter;
	bool by_grandchild;
} ways[] = {
	{ run_plainly, PROGRAM, PROGRAM, "", false },
	{ run_after_vfork, PROGRAM, PROGRAM, "", true },
	{ run_after_clone3, PROGRAM, PROGRAM, "", true },
	{ run_by_descriptor, PROGRAM, PROGRAM, "", false },
	{ run_from_memory, "memfd:pulsar", "memfd:pulsar", "", false },
	{ run_from_a_thread, PROGRAM, PROGRAM, "", false },
	{ run_by_a_relative_name, PROGRAM, PROGRAM, "", false },
	{ run_by_a_link, PROGRAM, PROGRAM, "", false },
	{ run_script, "%s/script", "%s/shell", "%s/shell", false },
	{ run_script_by_a_relative_name, "%s/script", "%s/shell", "%s/shell", false },
	{ run_script_by_descriptor, "%s/script", "%s/shell", "%s/shell", false },
	{ run_script_in_a_directory, "%s/script", "%s/shell", "%s/shell", false },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void act_all_ways(void *arg)
{
	struct act *acts = arg;

	for (size_t i = 0; i < WAYS; i++)
		act(&acts[i]);
}

/* The first child that this process forked. */
static pid_t child_of(const struct run *run, pid_t parent)
{
	json_t *event;
	size_t i;

	json_array_foreach(run_events(run), i, event)
		if (event_is(event, "Fork") && number_of(payload_of(event), "ppid") == parent)
			return (pid_t)number_of(header_of(event), "pid");
	return -1;
}

Test(process_monitor, each_way_to_run_a_program_is_one_exec)
{
	struct act acts[WAYS] = { 0 };
	struct run *run;

	for (size_t i = 0; i < WAYS; i++)
		acts[i].body = ways[i].body;
	run = module_run(MODULE, act_all_ways, acts);
	for (size_t i = 0; i < WAYS; i++) {
		pid_t pid = ways[i].by_grandchild ? child_of(run, acts[i].pid) : acts[i].pid;
		pid_t parent = ways[i].by_grandchild ? acts[i].pid : getpid();
		const char *filename = with_folder(ways[i].filename);
		const char *image = with_folder(ways[i].image);
		const char *interpreter = with_folder(ways[i].interpreter);

		expect_events(run, 1, "Fork", from_pid(pid), num("ppid", parent));
		expect_events(run, 1, "Exec", from_pid(pid), header_num("tid", pid),
			      header_num("ppid", parent), header_str("image", image),
			      str("filename", filename), str("interpreter", interpreter));
		expect_events(run, 1, "Exec", from_pid(pid));
		expect_events(run, 1, "Exit", from_pid(pid), header_str("image", image),
			      num("exit_code", ways[i].interpreter[0] ? 7 : 0), null("signal"));
		expect_events(run, 1, "Exit", from_pid(pid));
	}
	run_free(run);
}

/* ---- ways to end ---- */

static void end_with_3(void)
{
	_exit(3);
}

static void end_killed(void)
{
	kill(getpid(), SIGKILL);
	pause();
}

static void end_aborted(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_CORE, &unlimited);
	if (!chdir(folder_path()))
		abort();
}

static void end_terminated(void)
{
	raise(SIGTERM);
}

/* Waits until the leader is a zombie, so that this thread is the last. */
static void *thread_outlives_the_leader(void *arg)
{
	char path[64], text[128] = "";
	const char *state;
	FILE *stat;

	(void)arg;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	do {
		sched_yield();
		stat = fopen(path, "re");
		if (!stat || !fgets(text, sizeof(text), stat))
			_exit(98);
		fclose(stat);
		state = strrchr(text, ')');
	} while (!state || state[2] != 'Z');
	_exit(5);
}

static void end_leader_first(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, thread_outlives_the_leader, NULL);
	syscall(SYS_exit, 0);
}

static pthread_barrier_t barrier;

static void *thread_ends(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&barrier);
	syscall(SYS_exit, 0);
	return NULL;
}

/* All threads at once, each by itself: the code is that of the last (synchronize_group_exit(), kernel/exit.c). */
static void end_all_threads(void)
{
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 8);
	for (int i = 0; i < 7; i++)
		pthread_create(&thread, NULL, thread_ends, NULL);
	pthread_barrier_wait(&barrier);
	syscall(SYS_exit, 4);
}

static void (*const ends[])(void) = {
	end_with_3, end_killed, end_aborted, end_terminated, end_leader_first, end_all_threads,
};

#define ENDS (sizeof(ends) / sizeof(ends[0]))

static void act_all_ends(void *arg)
{
	struct act *acts = arg;

	for (size_t i = 0; i < ENDS; i++)
		act(&acts[i]);
}

static void expect_exit_as_waited(const struct run *run, const struct act *a)
{
	if (WIFSIGNALED(a->status))
		expect_events(run, 1, "Exit", from_pid(a->pid), null("exit_code"),
			      str("signal", WTERMSIG(a->status) == SIGKILL   ? "SIGKILL"
					    : WTERMSIG(a->status) == SIGTERM ? "SIGTERM"
									     : "SIGABRT"),
			      boolean("core_dumped", WCOREDUMP(a->status)));
	else
		expect_events(run, 1, "Exit", from_pid(a->pid),
			      num("exit_code", WEXITSTATUS(a->status)), null("signal"),
			      boolean("core_dumped", false));
	expect_events(run, 1, "Exit", from_pid(a->pid));
}

Test(process_monitor, each_end_is_one_exit_as_the_parent_is_told)
{
	struct act acts[ENDS] = { 0 };
	struct run *run;

	for (size_t i = 0; i < ENDS; i++)
		acts[i].body = ends[i];
	run = module_run(MODULE, act_all_ends, acts);
	cr_expect_eq(WEXITSTATUS(acts[4].status), 5);
	for (size_t i = 0; i < ENDS; i++)
		expect_exit_as_waited(run, &acts[i]);
	run_free(run);
}

#define TOGETHER 500

static void act_together(void *arg)
{
	struct act *acts = arg;

	for (unsigned int i = 0; i < scaled(TOGETHER); i++)
		act(&acts[i]);
}

Test(process_monitor, threads_that_end_together_are_one_exit)
{
	static struct act acts[TOGETHER];
	struct run *run;

	for (unsigned int i = 0; i < scaled(TOGETHER); i++)
		acts[i].body = end_all_threads;
	run = module_run(MODULE, act_together, acts);
	for (unsigned int i = 0; i < scaled(TOGETHER); i++)
		expect_exit_as_waited(run, &acts[i]);
	run_free(run);
}

/* ---- what an exec tells ---- */

static void exec_with_arguments(void)
{
	if (!chdir("/usr/bin"))
		execl(PROGRAM, "zero", "", "two words", "\xff", NULL);
}

Test(process_monitor, arguments_and_working_directory_are_told)
{
	struct act a = { .body = exec_with_arguments };
	struct run *run = module_run(MODULE, act, &a);

	expect_event(run, "Exec", from_pid(a.pid), str("cwd", "/usr/bin"), num("argc", 4),
		     num("uid", 0), num("gid", 0), num("euid", 0), num("egid", 0),
		     json("argv", "[\"zero\",\"\",\"two words\",\"\\ufffd\"]"));
	run_free(run);
}
