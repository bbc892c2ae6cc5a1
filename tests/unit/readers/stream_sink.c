// SPDX-License-Identifier: Apache-2.0
/* The output, and what can happen to it. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sink.h"
#include "stop.h"

#define MANY (1024 * 1024) /* more than a pipe takes */

static int out[2];
static struct sink sink;
static char *bytes;

static void setup(void)
{
	cr_redirect_stderr();
	cr_assert_eq(stop_init(), 0);
	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	sink_init(&sink, out[1]);
	bytes = malloc(MANY);
	cr_assert(bytes);
	for (size_t i = 0; i < MANY; i++)
		bytes[i] = (char)(i * 7);
}

static void teardown(void)
{
	close(out[0]);
	close(out[1]);
	free(bytes);
	stop_release();
}

TestSuite(sink, .init = setup, .fini = teardown, .timeout = 60);

/* Reads everything, slowly enough that the writer has to wait. */
static void *reader(void *arg)
{
	size_t *got = arg;
	char block[5000];
	ssize_t len;

	while (*got < MANY && (len = read(out[0], block, sizeof(block))) > 0) {
		if (memcmp(block, bytes + *got, (size_t)len))
			break;
		*got += (size_t)len;
	}
	return NULL;
}

static void written_through_a_pipe(void)
{
	size_t got = 0;
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, reader, &got), 0);
	cr_expect_eq(sink_write(&sink, bytes, MANY), 0);
	pthread_join(thread, NULL);
	cr_expect_eq(got, MANY);
}

Test(sink, all_of_a_batch_is_written)
{
	written_through_a_pipe();
}

Test(sink, all_of_a_batch_is_written_where_writes_do_not_wait)
{
	cr_assert_eq(fcntl(out[1], F_SETFL, O_NONBLOCK), 0);
	written_through_a_pipe();
}

Test(sink, nobody_who_reads_is_the_end_and_no_signal)
{
	close(out[0]);
	out[0] = -1;
	cr_expect_eq(sink_write(&sink, bytes, 10), -EPIPE);
}

Test(sink, no_output_is_an_error)
{
	sink_init(&sink, -1);
	cr_expect_eq(sink_write(&sink, bytes, 10), -EBADF);
	sink_init(&sink, out[0]);
	cr_expect_eq(sink_write(&sink, bytes, 10), -EBADF, "not open for writing");
}

/* Asks this process to end as soon as the writer is stuck. */
static void *killer(void *arg)
{
	struct pollfd full = { .fd = out[1], .events = POLLOUT };

	while (poll(&full, 1, 0) > 0)
		;
	kill(getpid(), SIGTERM);
	return arg;
}

static void gives_up(void)
{
	pthread_t thread;
	sigset_t block, before;

	/* The signal has to find the writer. */
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &block, &before);
	cr_assert_eq(pthread_create(&thread, NULL, killer, NULL), 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	cr_expect_eq(sink_write(&sink, bytes, MANY), -ECANCELED);
	pthread_join(thread, NULL);
	cr_expect(stop_requested());
}

Test(sink, blocked_output_does_not_keep_the_reader_from_ending)
{
	gives_up();
}

Test(sink, blocked_output_that_does_not_wait_does_not_either)
{
	cr_assert_eq(fcntl(out[1], F_SETFL, O_NONBLOCK), 0);
	gives_up();
}

Test(sink, output_that_still_takes_something_gets_all_after_the_request)
{
	raise(SIGTERM);
	cr_expect(stop_requested());
	written_through_a_pipe();
}

Test(sink, disk_that_stays_full_does_not_keep_the_reader_from_ending)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	cr_assert_geq(full, 0);
	sink_init(&sink, full);
	raise(SIGTERM);
	cr_expect_eq(sink_write(&sink, bytes, 10), -ECANCELED);
	cr_expect(sink.failing);
	close(full);
}

static void file_limit(rlim_t bytes_at_most)
{
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes_at_most;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Makes room as soon as the writer has found that there is none. */
static void *sweeper(void *arg)
{
	while (!*(volatile bool *)&sink.failing)
		sched_yield();
	file_limit(MANY);
	return arg;
}

Test(sink, full_disk_is_waited_for)
{
	int file = memfd_create("full", MFD_CLOEXEC);
	pthread_t thread;
	char *written;

	cr_assert_geq(file, 0);
	sink_init(&sink, file);
	file_limit(5000);
	cr_assert_eq(pthread_create(&thread, NULL, sweeper, NULL), 0);
	cr_expect_eq(sink_write(&sink, bytes, 12000), 0);
	pthread_join(thread, NULL);
	cr_expect_not(sink.failing, "and it is good again");
	written = mmap(NULL, 12000, PROT_READ, MAP_SHARED, file, 0);
	cr_assert(written != MAP_FAILED);
	cr_expect_eq(lseek(file, 0, SEEK_END), 12000);
	cr_expect_eq(memcmp(written, bytes, 12000), 0);
	munmap(written, 12000);
	close(file);
}
