/* SPDX-License-Identifier: Apache-2.0 */
/* process-monitor: every way to be made, to run a program and to end gives one event each. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulsar-test.h"

#define PROGRAM "/usr/bin/true"
#define SHELL	"/usr/bin/dash"
#define MODULE	"process-monitor"

static const char *const nothing[] = { NULL };

/* ---- a folder for programs and scripts ---- */

static char folder[64];

static const char *in_folder(const char *name)
{
	static char path[4][128];
	static unsigned int next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
	return p;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s: %s", path,
		  strerror(errno));
	close(fd);
}

/* What the script runs in is the test's own, so that its path has no links. */
static void copy_shell(const char *path)
{
	int in = open(SHELL, O_RDONLY | O_CLOEXEC);
	int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	char buffer[65536];
	ssize_t n;

	cr_assert(in >= 0 && out >= 0, "%s: %s", SHELL, strerror(errno));
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		cr_assert_eq(write(out, buffer, (size_t)n), n);
	close(in);
	close(out);
}

static void folder_make(void)
{
	char text[128];

	strcpy(folder, "/tmp/pulsar-pm-XXXXXX");
	cr_assert(mkdtemp(folder));
	chmod(folder, 0755);
	copy_shell(in_folder("shell"));
	snprintf(text, sizeof(text), "#!%s\nexit 7\n", in_folder("shell"));
	write_file(in_folder("script"), text, 0755);
}

static void folder_remove(void)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(folder);
}

TestSuite(process_monitor, .init = folder_make, .fini = folder_remove, .timeout = 300);

/* ---- one child that does something ---- */

struct act {
	void (*body)(void); /* in the child; does not return */
	pid_t pid;
	int status;
};

static void act(void *arg)
{
	struct act *a = arg;

	a->pid = fork();
	if (!a->pid) {
		a->body();
		_exit(99);
	}
	cr_assert_eq(waitpid(a->pid, &a->status, 0), a->pid);
}

static void become(const char *path)
{
	execl(path, path, NULL);
}

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
	if (!chdir(folder))
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
	if (!chdir(folder))
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

	syscall(SYS_execveat, open(folder, O_RDONLY | O_DIRECTORY), "script", argv, nothing, 0);
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

static json_t *payload_of(json_t *event)
{
	return json_object_get(event, "payload");
}

static json_t *header_of(json_t *event)
{
	return json_object_get(event, "header");
}

static bool event_is(json_t *event, const char *name)
{
	return !strcmp(json_string_value(json_object_get(header_of(event), "event")), name);
}

static long long number_of(json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
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
	if (!chdir(folder))
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

#define LONG_ARGUMENTS 500
#define LONG_BYTES     (100 * 1024)

static void exec_with_long_arguments(void)
{
	static char argument[LONG_BYTES];

	memset(argument, 'x', sizeof(argument) - 1);
	execl(PROGRAM, "true", argument, NULL);
}

/* KiB of memory that is the process's own; rings are not. */
static long memory_of(pid_t pid)
{
	char path[64], line[128];
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && kib < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "RssAnon: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

static size_t check_long(json_t *event)
{
	json_t *argv = json_object_get(payload_of(event), "argv");

	if (!event_is(event, "Exec") ||
	    !json_is_true(json_object_get(payload_of(event), "argv_truncated")))
		return 0;
	cr_assert_eq(json_array_size(argv), 2);
	cr_assert_str_eq(json_string_value(json_array_get(argv, 0)), "true");
	cr_assert_geq(json_string_length(json_array_get(argv, 1)), 16384);
	return 1;
}

Test(process_monitor, long_arguments_are_cut_visibly_and_the_reader_does_not_grow)
{
	struct kit *kit = kit_new(MODULE, "[process-monitor]\nring_size = 32M\n");
	struct kit_reader *reader;
	size_t i, found = 0;
	json_t *events, *event;
	long before, after;

	cr_assert(kit_start(kit), "%s", kit_log(kit));
	reader = kit_read(kit, MODULE, NULL);
	kit_attached(kit, MODULE, "default");
	for (i = 0; i < scaled(LONG_ARGUMENTS); i++) {
		struct act a = { .body = exec_with_long_arguments };

		act(&a);
		if (i == 20) {
			kit_caught_up(kit, MODULE, "default");
			before = memory_of(kit_reader_pid(reader));
		}
	}
	kit_caught_up(kit, MODULE, "default");
	after = memory_of(kit_reader_pid(reader));
	cr_expect(before > 0 && after < before + 4096, "%ld KiB became %ld KiB", before, after);
	events = kit_reader_events(reader);
	json_array_foreach(events, i, event)
		found += check_long(event);
	cr_expect_eq(found, scaled(LONG_ARGUMENTS));
	json_decref(events);
	kit_reader_free(reader);
	kit_free(kit);
}

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

Test(process_monitor, an_orphan_goes_to_the_nearest_subreaper)
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

Test(process_monitor, changed_credentials_are_told)
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

Test(process_monitor, credentials_that_stay_the_same_are_not_told)
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

Test(process_monitor, capabilities_that_are_gained_are_told)
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

/* Where cgroup2 is mounted. */
static bool cgroup_name(char *path, size_t size)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char line[512], where[200], type[64];
	bool found = false;

	while (mounts && !found && fgets(line, sizeof(line), mounts))
		found = sscanf(line, "%*s %199s %63s", where, type) == 2 &&
			!strcmp(type, "cgroup2");
	if (mounts)
		fclose(mounts);
	if (found)
		snprintf(path, size, "%s/pulsar-%d", where, getpid());
	return found;
}

Test(process_monitor, cgroups_are_made_joined_and_removed)
{
	struct act a = { 0 };
	struct run *run;
	char path[64];

	if (!cgroup_name(cgroup, sizeof(cgroup)))
		cr_skip_test("cgroup2 is not mounted");
	snprintf(path, sizeof(path), "/pulsar-%d", getpid());
	run = module_run(MODULE, act_cgroup, &a);
	expect_events(run, 1, "CgroupCreated", from_self(), str("path", path), num("hierarchy", 0));
	expect_events(run, 1, "CgroupAttach", from_self(), str("path", path), num("pid", a.pid));
	expect_events(run, 1, "CgroupDeleted", from_self(), str("path", path), num("hierarchy", 0));
	run_free(run);
}

/* ---- many ---- */

#define WORKERS 2

#define EACH 10000

static pid_t workers[WORKERS];

static void worker(void)
{
	unsigned int each = scaled(EACH);

	for (unsigned int i = 0; i < each; i++) {
		pid_t pid = fork();

		if (!pid) {
			become(PROGRAM);
			_exit(99);
		}
		if (waitpid(pid, NULL, 0) != pid)
			_exit(1);
	}
	_exit(0);
}

static void act_many(void *arg)
{
	int status;

	(void)arg;
	for (int w = 0; w < WORKERS; w++) {
		workers[w] = fork();
		if (!workers[w])
			worker();
	}
	for (int w = 0; w < WORKERS; w++) {
		waitpid(workers[w], &status, 0);
		cr_assert_eq(status, 0);
	}
}

static bool by_worker(json_t *event)
{
	long long ppid = number_of(header_of(event), "ppid");

	return ppid == workers[0] || ppid == workers[1];
}

/* Numbers come again; the start tells processes apart. */
static const char *identity_of(json_t *event)
{
	static char key[96];

	snprintf(key, sizeof(key), "%lld %s", number_of(header_of(event), "pid"),
		 json_string_value(json_object_get(header_of(event), "start_time")));
	return key;
}

static const char *image_of(json_t *event)
{
	const char *image = json_string_value(json_object_get(header_of(event), "image"));

	return image ? image : "unknown";
}

Test(process_monitor, twenty_thousand_processes_are_complete)
{
	json_t *stages = json_object(), *event;
	size_t i, forks = 0, execs = 0, exits = 0;
	struct run *run;

	run = module_run_config(MODULE, "[process-monitor]\nring_size = 16M\n", act_many, NULL);
	json_array_foreach(run_events(run), i, event) {
		long long stage = json_integer_value(json_object_get(stages, identity_of(event)));

		cr_assert(!event_is(event, "Lost"));
		if (!by_worker(event))
			continue;
		if (event_is(event, "Fork")) {
			cr_assert_eq(stage, 0);
			cr_assert_neq(strcmp(image_of(event), "unknown"), 0);
			forks++;
		} else if (event_is(event, "Exec")) {
			cr_assert_eq(stage, 1, "%s", identity_of(event));
			cr_assert_str_eq(image_of(event), PROGRAM);
			execs++;
		} else if (event_is(event, "Exit")) {
			cr_assert_eq(stage, 2, "%s", identity_of(event));
			cr_assert_str_eq(image_of(event), PROGRAM);
			exits++;
		}
		json_object_set_new(stages, identity_of(event), json_integer(stage + 1));
	}
	cr_expect_eq(forks, WORKERS * scaled(EACH));
	cr_expect_eq(execs, WORKERS * scaled(EACH));
	cr_expect_eq(exits, WORKERS * scaled(EACH));
	json_decref(stages);
	run_free(run);
}
