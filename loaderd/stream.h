/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One module's stream: all its subscriptions, each with its slot, its position
 * map and one ring per CPU. The daemon makes a stream from the module's maps,
 * starts or adopts subscriptions before the programs are attached, and settles
 * it before clients are answered. The server leases subscriptions to readers.
 *
 * Not thread safe: all calls come from the daemon's one loop.
 */
#ifndef LOADERD_STREAM_H
#define LOADERD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/types.h>

struct pin_error;
struct pin_root;
struct stream;
struct subscription;

/* Descriptors of the module's maps; stream_new() duplicates them. */
struct stream_maps {
	int events;
	int counters;
	int control;
	int subscriptions;
};

struct stream_options {
	const char *module;		/* copied */
	unsigned int cpus;		/* possible CPUs: the stride of `events`, see cpus_end() */
	size_t ring_bytes;		/* of each ring: a power of two, a page or more */
	unsigned int subscriptions_max; /* 1 .. PULSAR_SUBSCRIPTIONS_MAX, `default` included */
	struct pin_root *pins;		/* borrowed, outlives the stream; NULL: nothing is pinned */
	bool idle; /* no program of the module is attached before stream_settle(): none to wait for */
};

/* Who has a subscription, and how to tell him that it is gone. */
struct stream_holder {
	pid_t pid;
	uid_t uid;
	/* The subscription ends, and the lease with it. May not call stream_*(). */
	void (*gone)(void *arg);
	void *arg; /* tells two holders apart */
};

/* What stream_each() shows of one ring. */
struct subscription_ring {
	unsigned int cpu;
	__u64 ring_id;
	__u64 settled_seq;
	size_t fill_bytes; /* not yet read, by what the reader claims; at most ring_bytes */
};

/* What stream_each() shows of one subscription. */
struct subscription_info {
	const char *name;
	unsigned int slot;
	pid_t holder_pid; /* 0: no reader */
	uid_t holder_uid;
	size_t ring_bytes;
	unsigned int rings; /* entries of ring[]: CPUs that have one */
	const struct subscription_ring *ring;
};

/**
 * stream_new() - make a stream; opens no ring and starts no subscription
 * @maps: of the module, with the sizes that @options->cpus asks for; duplicated
 * @options: copied, but for @options->pins
 * @error: says what was wrong
 *
 * Return: a stream, or NULL with errno: EINVAL a map or an option is not what it must be.
 */
struct stream *stream_new(const struct stream_maps *maps, const struct stream_options *options,
			  struct pin_error *error);

/**
 * stream_start() - start a new subscription or take over one that exists
 * @name: of the subscription
 * @position_fd: -1: a new one; else its pinned position map, duplicated
 * @error: says what was wrong
 *
 * Opens and maps the rings of all online CPUs, puts them into `events` and turns
 * the subscription's bit in `control` on. For `default` of a new module, call this
 * before a program is attached. After an adoption stream_settle() must follow.
 *
 * Return: 0; -EEXIST started already; -ENOSPC no slot is free; -EINVAL not a name,
 * or not a position map; another negative errno. On failure nothing of it stays.
 */
int stream_start(struct stream *stream, const char *name, int position_fd, struct pin_error *error);

/**
 * stream_settle() - after all subscriptions were started, before clients are answered
 *
 * Notes for each new ring up to which seq every event found its way (settled_seq),
 * waits until the programs that ran meanwhile have ended, and clears slots that no
 * subscription uses: left by a loaderd that was killed while it made or removed one.
 *
 * Return: 0 or negative errno.
 */
int stream_settle(struct stream *stream);

/* The position map of a subscription, borrowed, for the caller to pin; -ENOENT. */
int stream_position_fd(const struct stream *stream, const char *name);

/*
 * Calls @visit for each subscription, in the order of slots. Stops at the first return
 * that is not 0, and returns it.
 */
int stream_each(const struct stream *stream,
		int (*visit)(const struct subscription_info *info, void *arg), void *arg);

/**
 * stream_stop() - end a subscription for good: its pin, slot, rings and position
 *
 * A reader that has it loses its lease (stream_holder.gone). Whether `default` may
 * end is the caller's to ask.
 *
 * Return: 0; -ENOENT; or the negative errno of the unpinning, and then all is as before.
 */
int stream_stop(struct stream *stream, const char *name, struct pin_error *error);

/**
 * stream_cpus_changed() - give rings to CPUs that came online, or went off and on
 *
 * Settles the new rings. Tell the readers afterwards: server_push_rings().
 *
 * Return: how many rings were opened, or negative errno if one of them failed.
 */
int stream_cpus_changed(struct stream *stream);

/* The kernel's id of map `events`: by which a client's descriptor is recognised. */
__u32 stream_events_id(const struct stream *stream);

/* The module's name, as long as the stream lives. */
const char *stream_module(const struct stream *stream);

/*
 * Ends all leases and closes all rings; slots, bits and pins stay for the next loaderd.
 * NULL is fine.
 */
void stream_free(struct stream *stream);

/* ---- for the server ---- */

/**
 * stream_lease() - give a subscription to a reader; makes and pins it on first ask
 * @name: of the subscription, hostile
 * @holder: copied
 * @busy: who has it, if -EBUSY
 * @error: says what was wrong
 *
 * Return: 0 with *@out, valid until stream_release() or holder.gone(); -EBUSY another
 * holder has it; -ENOSPC no more subscriptions; -EINVAL not a name; another negative errno.
 */
int stream_lease(struct stream *stream, const char *name, const struct stream_holder *holder,
		 struct subscription **out, struct stream_holder *busy, struct pin_error *error);

/* Ends the lease that @arg (stream_holder.arg) has, if it has one. */
void stream_release(struct stream *stream, const void *arg);

#endif
