// SPDX-License-Identifier: Apache-2.0
/* pulsarctl watch: readers of several modules, their lines merged by time. */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "feed.h"
#include "program.h"

/* How long a line waits for an older one of another module. Readers wait as long for their CPUs. */
#define WATCH_WINDOW_MS 150

struct watch {
	const struct ctl *ctl;
	struct feed_reader reader;
	struct watch_modules modules;
	struct feed *feeds; /* one for each module */
	struct pollfd *fds; /* of signals, and of each feed */
	int signals;
	bool ending;
};

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

/* ---- lines ---- */

/* Prints what is due: how long until the next is, -1: nothing is waiting, or -2: stdout is gone. */
static int watch_print(struct watch *w, long long now)
{
	struct feed *feed;
	int wait_ms;

	while ((feed = feeds_next(w->feeds, w->modules.count, now, WATCH_WINDOW_MS, &wait_ms))) {
		const struct feed_line *line = feed_head(feed);

		fwrite(line->text, 1, line->len, stdout);
		feed_pop(feed);
	}
	return fflush(stdout) ? -2 : wait_ms;
}

static bool watch_alive(const struct watch *w)
{
	for (size_t i = 0; i < w->modules.count; i++)
		if (w->feeds[i].fd >= 0)
			return true;
	return false;
}

/* Readers end when they have written what they have read; their last lines still come. */
static void watch_end(struct watch *w)
{
	w->ending = true;
	for (size_t i = 0; i < w->modules.count; i++)
		if (w->feeds[i].pid)
			kill(w->feeds[i].pid, SIGTERM);
}

static int watch_poll(struct watch *w, int wait_ms)
{
	struct signalfd_siginfo info;
	int err = 0;

	w->fds[0] = (struct pollfd){ .fd = w->signals, .events = POLLIN };
	for (size_t i = 0; i < w->modules.count; i++)
		w->fds[i + 1] = (struct pollfd){
			.fd = feed_full(&w->feeds[i]) ? -1 : w->feeds[i].fd,
			.events = POLLIN,
		};
	if (poll(w->fds, w->modules.count + 1, wait_ms) < 0 && errno != EINTR)
		return -errno;
	for (size_t i = 0; i < w->modules.count && !err; i++)
		if (w->fds[i + 1].fd >= 0 && w->fds[i + 1].revents)
			err = feed_read(&w->feeds[i], now_ms());
	if (w->fds[0].revents && read(w->signals, &info, sizeof(info)) == sizeof(info))
		watch_end(w);
	return err;
}

/* A reader that failed has said why; one that we ended has not failed. */
static int watch_status(const struct watch *w)
{
	for (size_t i = 0; i < w->modules.count; i++)
		if (!WIFEXITED(w->feeds[i].status) || WEXITSTATUS(w->feeds[i].status))
			return CTL_FAILED;
	return CTL_OK;
}

static int watch_loop(struct watch *w)
{
	int wait_ms = -1, err = 0;

	while (!err && watch_alive(w)) {
		err = watch_poll(w, wait_ms);
		wait_ms = watch_print(w, now_ms());
		if (wait_ms == -2 && !w->ending)
			watch_end(w);
	}
	if (err)
		return ctl_fail("%s", strerror(-err));
	watch_print(w, now_ms());
	return watch_status(w);
}

/* ---- beginning and end ---- */

static int watch_signals(struct watch *w)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signals < 0 ? ctl_fail("signalfd: %m") : 0;
}

static int watch_open_reader(struct watch *w)
{
	char path[PATH_MAX];

	if (program_find("pulsar-reader", path))
		return ctl_fail("pulsar-reader is not installed");
	w->reader.exe = open(path, O_RDONLY | O_CLOEXEC);
	if (w->reader.exe < 0)
		return ctl_fail("%s: %m", path);
	client_pin_root(w->ctl, w->reader.pin_root);
	return 0;
}

static int watch_start(struct watch *w)
{
	int status = 0;

	w->feeds = calloc(w->modules.count, sizeof(*w->feeds));
	w->fds = calloc(w->modules.count + 1, sizeof(*w->fds));
	if (!w->feeds || !w->fds)
		return ctl_fail("%m");
	for (size_t i = 0; i < w->modules.count; i++)
		w->feeds[i].fd = -1;
	for (size_t i = 0; i < w->modules.count && !status; i++) {
		strcpy(w->feeds[i].module, w->modules.names[i]);
		status = feed_start(&w->feeds[i], w->ctl, &w->reader);
	}
	return status;
}

static void watch_release(struct watch *w)
{
	for (size_t i = 0; w->feeds && i < w->modules.count; i++)
		feed_release(&w->feeds[i]);
	free(w->feeds);
	free(w->fds);
	free(w->modules.names);
	if (w->reader.exe >= 0)
		close(w->reader.exe);
	if (w->signals >= 0)
		close(w->signals);
}

int watch_command(const struct ctl *ctl, int argc, char **argv)
{
	struct watch w = { .ctl = ctl, .reader.exe = -1, .signals = -1 };
	char subscription[PULSAR_SUBSCRIPTION_LEN];
	bool own = false;
	int status;

	status = watch_modules_find(&w.modules, ctl, argc, argv);
	if (!status)
		status = watch_open_reader(&w);
	if (!status)
		status = watch_signals(&w);
	if (!status) {
		own = watch_subscription(ctl, subscription);
		w.reader.subscription = subscription;
		if (own)
			watch_sweep(ctl);
		status = watch_start(&w);
	}
	if (!status)
		status = watch_loop(&w);
	for (size_t i = 0; w.feeds && i < w.modules.count; i++)
		feed_release(&w.feeds[i]);
	if (own)
		watch_remove(ctl, &w.modules, subscription);
	watch_release(&w);
	return status;
}
