/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a reader sleeps. Under load it looks each few milliseconds, the less often if there is a
 * stream, as long as that is little for its rings; and nobody wakes
 * it, but for a ring that is half full. When a look found nothing, it asks to be woken
 * by the next event (pulsar_position.waiting), looks once more, for a program may just
 * have found that nobody asked, and then sleeps.
 */
#ifndef READERS_WAITER_H
#define READERS_WAITER_H

#include <stdbool.h>

#include <linux/types.h>

struct drain;

enum waiter_state {
	WAITER_BUSY,	  /* looks again in a moment */
	WAITER_LISTENING, /* has asked to be woken, and looks once more */
	WAITER_ASLEEP,
};

/* What a descriptor is. */
enum waiter_kind {
	WAITER_RING,
	WAITER_LINK,
	WAITER_STOP,
	WAITER_OUTPUT,
};

struct waiter {
	int epoll;
	enum waiter_state state;
	unsigned int tick_ms; /* pause of a busy reader */
	bool link;	      /* loaderd has sent something, or is gone */
	bool broken;	      /* nobody reads the output any more */
};

/**
 * waiter_init() - wait for the request to end, and nothing else yet
 * @waiter: storage of the caller, released with waiter_release()
 *
 * Return: 0 or negative errno.
 */
int waiter_init(struct waiter *waiter);

/* All zero but for the descriptor is fine. */
void waiter_release(struct waiter *waiter);

/**
 * waiter_add() - wait for a descriptor, too
 * @waiter: the waiter
 * @fd: to be removed before it is closed, if somebody else has it open
 * @kind: what it is
 *
 * Return: 0 or negative errno.
 */
int waiter_add(struct waiter *waiter, int fd, enum waiter_kind kind);

/**
 * waiter_add_output() - notice when nobody reads the output any more
 * @waiter: the waiter
 * @fd: where it goes to; a file, where that cannot happen, is fine
 *
 * Return: 0 or negative errno.
 */
int waiter_add_output(struct waiter *waiter, int fd);

/* Does not wait for it any more. */
void waiter_remove(struct waiter *waiter, int fd);

/**
 * waiter_wait() - sleep as the last round suggests
 * @waiter: its state and `link` change
 * @drain: after a round
 * @deadline_ns: CLOCK_MONOTONIC: not longer than that
 */
void waiter_wait(struct waiter *waiter, const struct drain *drain, __u64 deadline_ns);

/**
 * waiter_state_after() - what to do after a round
 * @state: what was done before it
 * @found: the round found records, or holds some back
 * @cleared: an event has tried to wake us since we asked
 *
 * Return: the next state.
 */
enum waiter_state waiter_state_after(enum waiter_state state, bool found, bool cleared);

/**
 * waiter_tick_after() - how long a busy reader pauses
 * @tick_ms: the pause before the round
 * @found: records that the round found
 * @fill: how full the fullest ring was, of DRAIN_FULL
 *
 * A look costs as much as some hundred records. In a stream, a longer pause makes it rare; where
 * events are few, each is printed soon.
 *
 * Return: the next pause in ms.
 */
unsigned int waiter_tick_after(unsigned int tick_ms, unsigned int found, unsigned int fill);

/* Takes the wish to be woken back. */
void waiter_wake(const struct drain *drain);

#endif
