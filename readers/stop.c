// SPDX-License-Identifier: Apache-2.0
/* Signals that end the reader. */
#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NUDGE_SECONDS 1

static volatile sig_atomic_t stop_flag;
static int stop_event = -1;

static void stop_signal(int number)
{
	static const unsigned long long one = 1;
	int saved = errno;

	(void)number;
	stop_flag = 1;
	alarm(NUDGE_SECONDS);
	/* Fails only when it is readable already. */
	if (write(stop_event, &one, sizeof(one)) < 0)
		errno = saved;
}

/* SIGALRM comes again and again once the end was requested: whoever sleeps is interrupted. */
static void stop_nudge(int number)
{
	(void)number;
	alarm(NUDGE_SECONDS);
}

static int stop_handle(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	/* Without SA_RESTART, so that write(2) returns. */
	return sigaction(number, &action, NULL) ? -errno : 0;
}

int stop_init(void)
{
	int err;

	stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop_event < 0)
		return -errno;
	err = stop_handle(SIGALRM, stop_nudge);
	if (!err)
		err = stop_handle(SIGTERM, stop_signal);
	if (!err)
		err = stop_handle(SIGINT, stop_signal);
	if (!err)
		err = stop_handle(SIGPIPE, SIG_IGN);
	if (!err)
		err = stop_handle(SIGXFSZ, SIG_IGN);
	if (err)
		stop_release();
	return err;
}

bool stop_requested(void)
{
	return stop_flag;
}

int stop_fd(void)
{
	return stop_event;
}

void stop_release(void)
{
	stop_handle(SIGTERM, SIG_DFL);
	stop_handle(SIGINT, SIG_DFL);
	alarm(0);
	stop_handle(SIGALRM, SIG_DFL);
	stop_handle(SIGPIPE, SIG_DFL);
	stop_handle(SIGXFSZ, SIG_DFL);
	if (stop_event >= 0)
		close(stop_event);
	stop_event = -1;
	stop_flag = 0;
}
