// SPDX-License-Identifier: Apache-2.0
/*
 * Tells when CPUs may have come online, from two sources:
 *
 * The kernel's uevents (NETLINK_KOBJECT_UEVENT, group 1): device_online() and
 * device_offline() send one for each CPU (drivers/base/core.c), and so does a
 * change of SMT (cpuhp_online_cpu_device(), kernel/cpu.c). They need no capability, reach
 * every network namespace that the initial user namespace owns, and cost nothing
 * while nothing happens.
 *
 * Suspend takes all CPUs but one offline and back without a uevent
 * (freeze_secondary_cpus(), kernel/cpu.c), and their perf events do not survive
 * that. A timer on CLOCK_REALTIME that is cancelled when the clock is set is told
 * of each resume (timerfd_resume(), fs/timerfd.c, Linux 5.13), after all CPUs are back.
 *
 * Ruled out: to read `online` now and then would wake an idle machine for
 * nothing, would lose events until the next look, and cannot see a CPU that
 * went and came back in between. A watch by inotify does not work on sysfs.
 */
#include "hotplug.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "log.h"

/* Of one uevent: BUFFER_SIZE in lib/kobject_uevent.c is 2 KiB; the header is the path once more. */
#define UEVENT_MAX 4096

/* In the year 2200. KTIME_MAX would be cut to it, and lies in 2262. */
#define HOTPLUG_NEVER 7258118400ll

struct hotplug {
	int uevents;
	int timer;
	sd_event_source *uevents_source;
	sd_event_source *timer_source;
	void (*changed)(void *arg);
	void *arg;
};

/*
 * "online@/devices/system/cpu/cpu1" and more strings after it. Who else may send to this
 * group (CAP_NET_ADMIN) could make us look once more, no more than that.
 */
static bool uevent_is_cpu(const char *text)
{
	static const char path[] = "@/devices/system/cpu/cpu";
	const char *at = strchr(text, '@');

	return at && strncmp(at, path, sizeof(path) - 1) == 0;
}

static int hotplug_uevent(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct hotplug *hotplug = arg;
	char text[UEVENT_MAX + 1];
	bool changed = false;
	ssize_t n;

	(void)source;
	(void)revents;
	for (;;) {
		n = recv(fd, text, UEVENT_MAX, MSG_DONTWAIT);
		if (n < 0 && errno == ENOBUFS) {
			changed = true; /* some were dropped, perhaps ours */
			continue;
		}
		if (n < 0)
			break;
		text[n] = '\0';
		changed |= uevent_is_cpu(text);
	}
	if (changed)
		hotplug->changed(hotplug->arg);
	return 0;
}

/* The date does not matter, only that it lies ahead. */
static int hotplug_timer_arm(int fd)
{
	struct itimerspec never = { .it_value.tv_sec = HOTPLUG_NEVER };

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL)
		       ? -errno
		       : 0;
}

static int hotplug_clock(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct hotplug *hotplug = arg;
	uint64_t expired;
	int err;

	(void)revents;
	/* ECANCELED is the answer, and acknowledges it. */
	if (read(fd, &expired, sizeof(expired)) < 0 && errno == EAGAIN)
		return 0;
	err = hotplug_timer_arm(fd);
	if (err) {
		errno = -err;
		log_warn("CPUs that a suspend takes away will not be noticed: timerfd_settime: %m");
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	}
	hotplug->changed(hotplug->arg);
	return 0;
}

static int hotplug_watch_uevents(struct hotplug *hotplug, sd_event *event)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };

	hotplug->uevents =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	if (hotplug->uevents < 0)
		return -errno;
	if (bind(hotplug->uevents, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return sd_event_add_io(event, &hotplug->uevents_source, hotplug->uevents, EPOLLIN,
			       hotplug_uevent, hotplug);
}

static int hotplug_watch_clock(struct hotplug *hotplug, sd_event *event)
{
	int err;

	hotplug->timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (hotplug->timer < 0)
		return -errno;
	err = hotplug_timer_arm(hotplug->timer);
	if (err)
		return err;
	return sd_event_add_io(event, &hotplug->timer_source, hotplug->timer, EPOLLIN,
			       hotplug_clock, hotplug);
}

struct hotplug *hotplug_new(sd_event *event, void (*changed)(void *arg), void *arg)
{
	struct hotplug *hotplug = calloc(1, sizeof(*hotplug));
	int err;

	if (!hotplug)
		return NULL;
	hotplug->uevents = -1;
	hotplug->timer = -1;
	hotplug->changed = changed;
	hotplug->arg = arg;
	err = hotplug_watch_uevents(hotplug, event);
	if (err >= 0)
		err = hotplug_watch_clock(hotplug, event);
	if (err < 0) {
		hotplug_free(hotplug);
		errno = -err;
		return NULL;
	}
	return hotplug;
}

void hotplug_free(struct hotplug *hotplug)
{
	if (!hotplug)
		return;
	sd_event_source_disable_unref(hotplug->uevents_source);
	sd_event_source_disable_unref(hotplug->timer_source);
	if (hotplug->uevents >= 0)
		close(hotplug->uevents);
	if (hotplug->timer >= 0)
		close(hotplug->timer);
	free(hotplug);
}
