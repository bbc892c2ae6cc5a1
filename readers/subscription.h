/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The position map of a subscription: how far it has come on each CPU. It is
 * mapped, so noting a position costs no system call and survives the reader
 * whenever it is killed. Previous readers wrote it, and may have written anything.
 */
#ifndef READERS_SUBSCRIPTION_H
#define READERS_SUBSCRIPTION_H

#include <stdbool.h>

#include <pulsar/event.h>

#include "account.h"

struct subscription {
	struct pulsar_position *position; /* by CPU */
	unsigned int cpus;
	__u32 map_id;
};

/**
 * subscription_map() - map a position map
 * @subscription: storage of the caller, released with subscription_release()
 * @fd: of the map, readable and writable; stays the caller's
 * @cpus: possible CPUs; the map must have as many entries
 *
 * Return: 0; -EINVAL it is not a position map for so many CPUs; another negative
 * errno of bpf(2) or mmap(2).
 */
int subscription_map(struct subscription *subscription, int fd, unsigned int cpus);

/* Unmaps it; all zero is fine. */
void subscription_release(struct subscription *subscription);

/**
 * subscription_map_id() - which map it is
 * @fd: of a position map
 * @id: out: the kernel's id of it
 *
 * Return: 0 or negative errno.
 */
int subscription_map_id(int fd, __u32 *id);

/**
 * position_load() - read where the last reader stopped
 * @position: of one CPU
 * @account: out
 *
 * Return: true; false if the numbers contradict each other, and then @account stands
 * at the beginning of the subscription.
 */
bool position_load(const struct pulsar_position *position, struct account *account);

/**
 * position_commit() - note that all up to here was written out
 * @position: of one CPU
 * @progress: copied
 *
 * A reader killed in the middle of it leaves the former progress.
 */
void position_commit(struct pulsar_position *position, const struct pulsar_progress *progress);

/**
 * position_wait() - ask to be woken by the next event, or not
 * @position: of one CPU
 * @on: the reader is about to sleep
 *
 * Return: true if that was not so before.
 */
bool position_wait(struct pulsar_position *position, bool on);

#endif
