// SPDX-License-Identifier: Apache-2.0
/* Sleeps. */
#include "waiter.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "drain.h"
#include "now.h"
#include "stop.h"
#include "subscription.h"

/* Pauses between two looks of a busy reader. */
#define TICK_MS	    2
#define TICK_MAX_MS 64
/* Should ever a wake-up get lost, an event is late by so much. */
#define SAFETY_NS   NSEC_PER_SEC
#define EVENTS	    16

int waiter_init(struct waiter *waiter)
{
	int err;

	*waiter = (struct waiter){ .epoll = epoll_create1(EPOLL_CLOEXEC), .tick_ms = TICK_MS };
	if (waiter->epoll < 0)
		return -errno;
	err = waiter_add(waiter, stop_fd(), WAITER_STOP);
	if (err)
		waiter_release(waiter);
	return err;
}

void waiter_release(struct waiter *waiter)
{
	if (waiter->epoll >= 0)
		close(waiter->epoll);
	waiter->epoll = -1;
}

static int waiter_control(struct waiter *waiter, int fd, enum waiter_kind kind, __u32 events)
{
	struct epoll_event event = {
		.events = events,
		.data.u64 = (__u64)kind << 32 | (unsigned int)fd,
	};

	return epoll_ctl(waiter->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int waiter_add(struct waiter *waiter, int fd, enum waiter_kind kind)
{
	return waiter_control(waiter, fd, kind, EPOLLIN);
}

int waiter_add_output(struct waiter *waiter, int fd)
{
	/* EPOLLERR and EPOLLHUP come without being asked for. */
	int err = waiter_control(waiter, fd, WAITER_OUTPUT, 0);

	return err == -EPERM ? 0 : err;
}

void waiter_remove(struct waiter *waiter, int fd)
{
	/* loaderd has the ring open, too, so closing it would not be enough: epoll(7). */
	epoll_ctl(waiter->epoll, EPOLL_CTL_DEL, fd, NULL);
}

enum waiter_state waiter_state_after(enum waiter_state state, bool found, bool cleared)
{
	if (found)
		return WAITER_BUSY;
	if (state == WAITER_BUSY || cleared)
		return WAITER_LISTENING;
	return WAITER_ASLEEP;
}

unsigned int waiter_tick_after(unsigned int tick_ms, unsigned int found, unsigned int fill)
{
	/* Fewer than one in a millisecond are no stream, and are not to wait for more of them. */
	if (found < tick_ms)
		return TICK_MS;
	if (fill > DRAIN_FULL / 4)
		return tick_ms > TICK_MS ? tick_ms / 2 : TICK_MS;
	if (fill < DRAIN_FULL / 8)
		return tick_ms < TICK_MAX_MS ? tick_ms * 2 : TICK_MAX_MS;
	return tick_ms;
}

/* Asks all CPUs, or none; true if one of them had forgotten it. */
static bool waiter_ask(const struct drain *drain, bool on)
{
	bool changed = false;

	for (unsigned int cpu = 0; cpu < drain->cpus; cpu++)
		if (drain->lane[cpu].position)
			changed |= position_wait(drain->lane[cpu].position, on);
	return changed;
}

void waiter_wake(const struct drain *drain)
{
	waiter_ask(drain, false);
}

static void waiter_note(struct waiter *waiter, const struct epoll_event *event)
{
	enum waiter_kind kind = (enum waiter_kind)(event->data.u64 >> 32);
	int fd = (int)(unsigned int)event->data.u64;

	if (kind == WAITER_LINK)
		waiter->link = true;
	if (kind == WAITER_OUTPUT)
		waiter->broken = true;
	/* Its CPU is gone: it would wake us for ever. What is in the ring is still read. */
	if (kind == WAITER_RING && (event->events & (EPOLLHUP | EPOLLERR)))
		waiter_remove(waiter, fd);
}

static int waiter_timeout_ms(const struct waiter *waiter, bool more, __u64 deadline_ns)
{
	__u64 now = now_ns(CLOCK_MONOTONIC);
	__u64 time_ns = waiter->tick_ms * NSEC_PER_MSEC;

	if (waiter->state == WAITER_ASLEEP)
		time_ns = SAFETY_NS;
	if (more || deadline_ns <= now)
		return 0;
	if (deadline_ns - now < time_ns)
		time_ns = deadline_ns - now;
	return (int)((time_ns + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC);
}

void waiter_wait(struct waiter *waiter, const struct drain *drain, __u64 deadline_ns)
{
	bool found = drain->found || drain->held;
	struct epoll_event event[EVENTS];
	int count;

	waiter->state = waiter_state_after(waiter->state, found, waiter_ask(drain, !found));
	waiter->tick_ms = waiter_tick_after(waiter->tick_ms, drain->found, drain->fill);
	count = epoll_wait(waiter->epoll, event, EVENTS,
			   waiter_timeout_ms(waiter, drain->more, deadline_ns));
	for (int i = 0; i < count; i++)
		waiter_note(waiter, &event[i]);
}
