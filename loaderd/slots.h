/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots as the kernel sees them: the bit in `control`, the position map in
 * `subscriptions` and the rings in `events`. They outlive loaderd.
 */
#ifndef LOADERD_SLOTS_H
#define LOADERD_SLOTS_H

#include <linux/types.h>

struct stream_maps;

/*
 * Counts in `control` that the module was taken over; how often it has been in
 * *@adoptions. 0 or negative errno.
 */
int slots_adopted(const struct stream_maps *maps, __u32 *adoptions);

/* The slot that the position map with this id is in, or -ENOENT, or another negative errno. */
int slot_find(const struct stream_maps *maps, __u32 position_id);

/*
 * The lowest slot that has neither a position map nor its bit set, or -ENOSPC, or
 * another negative errno.
 */
int slot_free(const struct stream_maps *maps);

/**
 * slot_put() - put a position map into its slot, and wait
 *
 * When it returns, every program that ran when it was called has ended, as after
 * grace_wait(): it is an array of maps, too.
 *
 * Return: 0 or negative errno.
 */
int slot_put(const struct stream_maps *maps, unsigned int slot, int position);

/* Turns the slot's bit on: programs write to it from now on. 0 or negative errno. */
int slot_enable(const struct stream_maps *maps, unsigned int slot);

/* Frees a slot: bit, position map (and waits, as slot_put()), then rings. 0 or negative errno. */
int slot_clear(const struct stream_maps *maps, unsigned int slot, unsigned int cpus);

/* Clears each slot that is in use, but not in the mask @keep: how many, or negative errno. */
int slot_clear_others(const struct stream_maps *maps, __u32 keep, unsigned int cpus);

#endif
