// SPDX-License-Identifier: Apache-2.0
/* Slots as the kernel sees them. */
#include "slots.h"

#include <errno.h>

#include <bpf/bpf.h>

#include <pulsar/event.h>

#include "stream.h"

/* The id of the position map in a slot; 0: there is none. */
static int slot_position(const struct stream_maps *maps, unsigned int slot, __u32 *id)
{
	int err;

	err = bpf_map_lookup_elem(maps->subscriptions, &slot, id);
	if (err == -ENOENT) {
		*id = 0;
		return 0;
	}
	return err;
}

static int control_read(const struct stream_maps *maps, struct pulsar_control *control)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(maps->control, &zero, control);
}

/* loaderd alone writes it, so reading before writing loses nothing. */
static int control_write(const struct stream_maps *maps, unsigned int slot, int on)
{
	struct pulsar_control control;
	__u32 zero = 0;
	int err;

	err = control_read(maps, &control);
	if (err)
		return err;
	if (on)
		control.subscriptions |= 1u << slot;
	else
		control.subscriptions &= ~(1u << slot);
	return bpf_map_update_elem(maps->control, &zero, &control, BPF_ANY);
}

int slots_adopted(const struct stream_maps *maps, __u32 *adoptions)
{
	struct pulsar_control control;
	__u32 zero = 0;
	int err;

	err = control_read(maps, &control);
	if (err)
		return err;
	control.adoptions++;
	err = bpf_map_update_elem(maps->control, &zero, &control, BPF_ANY);
	if (!err)
		*adoptions = control.adoptions;
	return err;
}

/* Bit mask of the slots that have a position map, a set bit, or both. */
static int slots_used(const struct stream_maps *maps, __u32 *used)
{
	struct pulsar_control control;
	__u32 id;
	int err;

	err = control_read(maps, &control);
	if (err)
		return err;
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++) {
		err = slot_position(maps, slot, &id);
		if (err)
			return err;
		if (id)
			control.subscriptions |= 1u << slot;
	}
	*used = control.subscriptions;
	return 0;
}

int slot_find(const struct stream_maps *maps, __u32 position_id)
{
	__u32 id;
	int err;

	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++) {
		err = slot_position(maps, slot, &id);
		if (err)
			return err;
		if (id && id == position_id)
			return (int)slot;
	}
	return -ENOENT;
}

int slot_free(const struct stream_maps *maps)
{
	__u32 used;
	int err;

	err = slots_used(maps, &used);
	if (err)
		return err;
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		if (!(used & (1u << slot)))
			return (int)slot;
	return -ENOSPC;
}

int slot_put(const struct stream_maps *maps, unsigned int slot, int position)
{
	return bpf_map_update_elem(maps->subscriptions, &slot, &position, BPF_ANY);
}

int slot_enable(const struct stream_maps *maps, unsigned int slot)
{
	return control_write(maps, slot, 1);
}

static int slot_remove_ring(const struct stream_maps *maps, unsigned int index)
{
	int err;

	err = bpf_map_delete_elem(maps->events, &index);
	return err == -ENOENT ? 0 : err;
}

int slot_clear(const struct stream_maps *maps, unsigned int slot, unsigned int cpus)
{
	int err;

	err = control_write(maps, slot, 0);
	if (err)
		return err;
	/*
	 * The wait that comes with it is for programs that still saw the bit: their output
	 * needs the rings.
	 */
	err = bpf_map_delete_elem(maps->subscriptions, &slot);
	if (err && err != -ENOENT)
		return err;
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		err = slot_remove_ring(maps, PULSAR_EVENTS_QUIET(slot, cpus, cpu));
		if (!err)
			err = slot_remove_ring(maps, PULSAR_EVENTS_LOUD(slot, cpus, cpu));
		if (err)
			return err;
	}
	return 0;
}

int slot_clear_others(const struct stream_maps *maps, __u32 keep, unsigned int cpus)
{
	int cleared = 0, err;
	__u32 used;

	err = slots_used(maps, &used);
	if (err)
		return err;
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++) {
		if (!(used & ~keep & (1u << slot)))
			continue;
		err = slot_clear(maps, slot, cpus);
		if (err)
			return err;
		cleared++;
	}
	return cleared;
}
