// SPDX-License-Identifier: Apache-2.0
/*
 * What a confined loaderd can still do, and what it cannot. Each in a process of its
 * own, since there is no way back.
 */
#include "confine.h"

#include <cap-ng.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "closer.h"
#include "lab.h"
#include "ring.h"

static struct lab lab;
static struct stream *stream;
static struct pin_root *pins;
static struct pin_error error;
static char root[64];

static void setup(void)
{
	struct pin_prepared prepared;

	lab_init(&lab);
	stream = lab_stream(&lab);
	cr_assert_eq(stream_start(stream, "default", -1, &error), 0, "%s", error.text);
	snprintf(root, sizeof(root), "/sys/fs/bpf/pulsar-test-%d", getpid());
	pins = pin_root_open(root, PIN_OWN, 0, 0, &prepared, &error);
	cr_assert(pins, "%s", error.text);
}

static void teardown(void)
{
	if (geteuid())
		return;
	pin_module_remove(pins, "emit", &error);
	pin_root_remove(pins, &error);
	pin_root_free(pins);
	stream_free(stream);
	lab_release(&lab);
}

TestSuite(confine, .init = setup, .fini = teardown);

/* ---- what loaderd does after its set-up ---- */

/* A module that SIGHUP adds: program, maps. */
static int load_a_module(void)
{
	struct bpf_object *object = bpf_object__open_file(PULSAR_TEST_BPF_DIR "/emit.bpf.o", NULL);
	int err;

	if (!object)
		return -errno;
	err = bpf_object__load(object);
	bpf_object__close(object);
	return err;
}

/* Pins for a group of which root is no member, and takes over a pin that is 0440. */
static int pin_and_take_over(void)
{
	struct pin_stage *stage = pin_stage_new(pins, "emit", 65534, &error);
	int fd, err;

	if (!stage)
		return -errno;
	err = pin_stage_map(stage, "events", lab.maps.events, true, &error);
	if (!err)
		err = pin_stage_map(stage, "subscriptions/default",
				    stream_position_fd(stream, "default"), false, &error);
	if (err) {
		pin_stage_free(stage);
		return err;
	}
	err = pin_stage_commit(stage, &error);
	if (err)
		return err;
	fd = pin_map_open(pins, "emit", "events", NULL, &error);
	if (fd < 0)
		return fd;
	close(fd);
	return pin_module_remove(pins, "emit", &error);
}

static int start_a_subscription(void)
{
	return stream_start(stream, "siem", -1, &error);
}

/* Rings as large as they are by default, without any memory that may be locked. */
static int open_a_large_ring(void)
{
	struct ring ring = RING_NONE;
	int err;

	err = ring_open(&ring, 0, 4 << 20, &error);
	ring_close(&ring);
	return err;
}

static int notify_and_close(void)
{
	struct closer *closer = closer_new(2);
	struct closer_job *job = closer_job_new(0);
	unsigned int total;

	job->fd[0] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (job->fd[0] < 0)
		return -errno;
	job->count = 1;
	closer_close(closer, job);
	do
		closer_pending(closer, 0, &total);
	while (total);
	closer_free(closer);
	return 0;
}

/* As for a reader's pid that is no longer in use. */
static int see_whether_one_lives(void)
{
	return kill(getppid(), 0) ? -errno : 0;
}

static int read_files(void)
{
	static const char *const paths[] = { PULSAR_TEST_BPF_DIR "/emit.bpf.o",
					     "/sys/kernel/btf/vmlinux",
					     "/sys/devices/system/cpu/online" };
	char byte;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0 || read(fd, &byte, 1) != 1)
			return -errno;
		close(fd);
	}
	return 0;
}

static const struct {
	const char *name;
	int (*part)(void);
} needs[] = {
	{ "load a module", load_a_module },
	{ "pin and take over", pin_and_take_over },
	{ "start a subscription", start_a_subscription },
	{ "open a large ring", open_a_large_ring },
	{ "notify and close", notify_and_close },
	{ "see whether one lives", see_whether_one_lives },
	{ "read files", read_files },
};

#define NEEDS (int)(sizeof(needs) / sizeof(needs[0]))

/* 0, or one more than the row that failed. */
static int do_all(void)
{
	for (int i = 0; i < NEEDS; i++) {
		int err = needs[i].part();

		if (err) {
			fprintf(stderr, "%s: %s: %s\n", needs[i].name, strerror(-err), error.text);
			return i + 1;
		}
	}
	return 0;
}

/* Runs part() in a child and returns what it returns; 100 and more: it ended otherwise. */
static int in_child(int (*part)(int arg), int arg)
{
	const struct rlimit none = {};
	int status;
	pid_t pid = fork();

	if (!pid) {
		setrlimit(RLIMIT_MEMLOCK, &none);
		_exit(part(arg));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

/* ---- confined ---- */

static int confined(int arg)
{
	(void)arg;
	if (confine_self(&error)) {
		fprintf(stderr, "%s\n", error.text);
		return 90;
	}
	return do_all();
}

Test(confine, what_loaderd_does_after_its_setup_still_works)
{
	int failed = in_child(confined, 0);

	cr_expect_eq(failed, 0, "%s", failed && failed <= NEEDS ? needs[failed - 1].name : "?");
}

/* Keeps the table's capabilities but row `without`. */
static int with_one_less(int without)
{
	size_t count;
	const struct confine_capability *table = confine_capabilities(&count);

	capng_get_caps_process();
	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; i < count; i++)
		if ((int)i != without && table[i].when == CONFINE_ALWAYS)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				     (unsigned int)table[i].number);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return 90;
	return do_all();
}

static int perf_paranoid(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level = 0;

	cr_assert(file);
	cr_assert_eq(fscanf(file, "%d", &level), 1);
	fclose(file);
	return level;
}

Test(confine, every_capability_that_is_kept_is_needed)
{
	size_t count;
	const struct confine_capability *table = confine_capabilities(&count);

	if (perf_paranoid() > 2)
		cr_skip_test("perf_event_paranoid above 2: CAP_SYS_ADMIN stands in for the others");
	cr_expect_eq(in_child(with_one_less, -1), 0);
	for (size_t i = 0; i < count; i++) {
		int failed;

		if (table[i].when != CONFINE_ALWAYS)
			continue;
		failed = in_child(with_one_less, (int)i);
		cr_expect(failed > 0 && failed <= NEEDS, "without %s: %d", table[i].name, failed);
	}
}

static int capability_sets(int arg)
{
	size_t count;
	const struct confine_capability *table = confine_capabilities(&count);

	(void)arg;
	if (confine_self(&error))
		return 90;
	capng_get_caps_process();
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		bool may = false;

		for (size_t i = 0; i < count; i++)
			may |= table[i].number == cap;
		if (!may && (capng_have_capability(CAPNG_PERMITTED, (unsigned int)cap) ||
			     capng_have_capability(CAPNG_EFFECTIVE, (unsigned int)cap) ||
			     capng_have_capability(CAPNG_BOUNDING_SET, (unsigned int)cap)))
			return 1;
		if (capng_have_capability(CAPNG_INHERITABLE, (unsigned int)cap) ||
		    capng_have_capability(CAPNG_AMBIENT, (unsigned int)cap))
			return 2;
	}
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_SECCOMP) == 2 ? 0 : 3;
}

Test(confine, no_set_has_a_capability_that_is_not_in_the_table)
{
	cr_expect_eq(in_child(capability_sets, 0), 0);
}

/* ---- around it ---- */

static void *idle_thread(void *arg)
{
	pause();
	return arg;
}

static int confine_with_a_thread(int arg)
{
	pthread_t thread;

	(void)arg;
	if (pthread_create(&thread, NULL, idle_thread, NULL))
		return 91;
	return confine_self(&error) == -EBUSY ? 0 : 1;
}

Test(confine, a_thread_that_runs_already_is_an_error)
{
	cr_expect_eq(in_child(confine_with_a_thread, 0), 0);
}

static int raise_files(int arg)
{
	struct rlimit limit = { .rlim_cur = 100, .rlim_max = 1000 };

	(void)arg;
	if (setrlimit(RLIMIT_NOFILE, &limit) || confine_raise_files() ||
	    getrlimit(RLIMIT_NOFILE, &limit))
		return 90;
	return limit.rlim_cur == 1000 ? 0 : 1;
}

Test(confine, the_limit_of_descriptors_is_raised_as_far_as_it_goes)
{
	cr_expect_eq(in_child(raise_files, 0), 0);
}
