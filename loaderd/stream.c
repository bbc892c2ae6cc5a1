// SPDX-License-Identifier: Apache-2.0
/* One module's stream. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "counters.h"
#include "error.h"
#include "log.h"
#include "slots.h"
#include "subscription.h"

struct stream {
	struct stream_base base;
	char module[PULSAR_MODULE_LEN];
	unsigned int subscriptions_max;
	struct pin_root *pins;
	__u32 events_id;
	struct subscription *subscription[PULSAR_SUBSCRIPTIONS_MAX]; /* by slot */
};

/* ---- making one ---- */

/* What one of the module's maps must be. */
struct map_expect {
	const char *name;
	unsigned int type;
	unsigned int value_size;
	unsigned int entries; /* at least */
	unsigned int flags;
};

static int stream_check_map(int fd, const struct map_expect *expect, __u32 *id,
			    struct pin_error *error)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int err;

	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (err)
		return error_set(error, err, "map %s: %m", expect->name);
	if (info.type != expect->type || info.key_size != sizeof(__u32) ||
	    info.value_size != expect->value_size || info.max_entries < expect->entries ||
	    (info.map_flags & expect->flags) != expect->flags)
		return error_set(error, -EINVAL,
				 "map %s: type %u, value of %u bytes, %u entries, flags 0x%x; not "
				 "%u, %u, %u, 0x%x",
				 expect->name, info.type, info.value_size, info.max_entries,
				 info.map_flags, expect->type, expect->value_size, expect->entries,
				 expect->flags);
	*id = info.id;
	return 0;
}

static int stream_check_maps(struct stream *stream, const struct stream_maps *maps,
			     struct pin_error *error)
{
	const struct {
		int fd;
		struct map_expect expect;
	} rows[] = {
		{ maps->events,
		  { "events", BPF_MAP_TYPE_PERF_EVENT_ARRAY, sizeof(__u32),
		    PULSAR_EVENTS_ENTRIES(stream->base.cpus), BPF_F_PRESERVE_ELEMS } },
		{ maps->counters,
		  { "counters", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(struct pulsar_counters), 1, 0 } },
		{ maps->control,
		  { "control", BPF_MAP_TYPE_ARRAY, sizeof(struct pulsar_control), 1, 0 } },
		{ maps->subscriptions,
		  { "subscriptions", BPF_MAP_TYPE_ARRAY_OF_MAPS, sizeof(__u32),
		    PULSAR_SUBSCRIPTIONS_MAX, 0 } },
	};
	__u32 id = 0;
	int err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err = stream_check_map(rows[i].fd, &rows[i].expect, &id, error);
		if (err)
			return err;
		if (i == 0)
			stream->events_id = id;
	}
	return 0;
}

static int stream_check_options(const struct stream_options *options, struct pin_error *error)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!pin_name_valid(options->module))
		return error_set(error, -EINVAL, "not the name of a module");
	if (options->ring_bytes < page || options->ring_bytes > UINT32_MAX ||
	    (options->ring_bytes & (options->ring_bytes - 1)))
		return error_set(error, -EINVAL,
				 "a ring of %zu bytes: must be a power of two of pages",
				 options->ring_bytes);
	if (options->subscriptions_max < 1 || options->subscriptions_max > PULSAR_SUBSCRIPTIONS_MAX)
		return error_set(error, -EINVAL, "%u subscriptions: must be 1 to %u",
				 options->subscriptions_max, PULSAR_SUBSCRIPTIONS_MAX);
	return 0;
}

static int stream_read_cpus(struct stream *stream, unsigned int cpus, struct pin_error *error)
{
	int err;

	err = cpus_read("possible", &stream->base.possible);
	if (err)
		return error_set(error, err, "list of possible CPUs: %m");
	stream->base.cpus = cpus_end(&stream->base.possible);
	if (stream->base.cpus != cpus)
		return error_set(error, -EINVAL, "%u possible CPUs, not %u", stream->base.cpus,
				 cpus);
	stream->base.counters = calloc(cpus, sizeof(*stream->base.counters));
	return stream->base.counters ? 0 : error_set(error, -ENOMEM, "counters: %m");
}

static int stream_keep_maps(struct stream_maps *kept, const struct stream_maps *maps,
			    struct pin_error *error)
{
	kept->events = fcntl(maps->events, F_DUPFD_CLOEXEC, 0);
	kept->counters = fcntl(maps->counters, F_DUPFD_CLOEXEC, 0);
	kept->control = fcntl(maps->control, F_DUPFD_CLOEXEC, 0);
	kept->subscriptions = fcntl(maps->subscriptions, F_DUPFD_CLOEXEC, 0);
	if (kept->events < 0 || kept->counters < 0 || kept->control < 0 || kept->subscriptions < 0)
		return error_set(error, -errno, "descriptors of its maps: %m");
	return 0;
}

struct stream *stream_new(const struct stream_maps *maps, const struct stream_options *options,
			  struct pin_error *error)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	int err;

	if (!stream)
		return NULL;
	stream->base.maps = (struct stream_maps){ -1, -1, -1, -1 };
	err = stream_check_options(options, error);
	if (err)
		goto out;
	strncpy(stream->module, options->module, sizeof(stream->module) - 1);
	stream->base.ring_bytes = options->ring_bytes;
	stream->subscriptions_max = options->subscriptions_max;
	stream->pins = options->pins;
	err = stream_read_cpus(stream, options->cpus, error);
	if (!err)
		err = stream_check_maps(stream, maps, error);
	if (!err)
		err = stream_keep_maps(&stream->base.maps, maps, error);
out:
	if (err) {
		stream_free(stream);
		errno = -err;
		return NULL;
	}
	return stream;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		subscription_free(stream->subscription[slot]);
	close_fd(stream->base.maps.events);
	close_fd(stream->base.maps.counters);
	close_fd(stream->base.maps.control);
	close_fd(stream->base.maps.subscriptions);
	free(stream->base.counters);
	free(stream);
}

/* ---- its subscriptions ---- */

static struct subscription *stream_find(const struct stream *stream, const char *name)
{
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		if (stream->subscription[slot] &&
		    strcmp(stream->subscription[slot]->name, name) == 0)
			return stream->subscription[slot];
	return NULL;
}

static unsigned int stream_count(const struct stream *stream)
{
	unsigned int count = 0;

	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		count += stream->subscription[slot] != NULL;
	return count;
}

int stream_start(struct stream *stream, const char *name, int position_fd, struct pin_error *error)
{
	struct subscription *subscription;

	if (!pin_name_valid(name))
		return error_set(error, -EINVAL, "not the name of a subscription");
	if (stream_find(stream, name))
		return error_set(error, -EEXIST, "subscription %s is there already", name);
	/* One that exists goes on, even if the limit was lowered since. */
	if (position_fd < 0 && stream_count(stream) >= stream->subscriptions_max)
		return error_set(error, -ENOSPC, "the limit of %u subscriptions is reached",
				 stream->subscriptions_max);
	subscription = subscription_start(&stream->base, name, position_fd, error);
	if (!subscription)
		return -errno;
	if (stream->subscription[subscription->slot]) {
		/* Two names for one position map: a pin that is not ours. */
		int err = error_set(error, -EINVAL, "subscription %s has the position map of %s",
				    name, stream->subscription[subscription->slot]->name);

		subscription_free(subscription);
		return err;
	}
	stream->subscription[subscription->slot] = subscription;
	return 0;
}

/* Some subscription's slot is as good as any for the wait that comes with slot_put(). */
static int stream_wait(const struct stream *stream)
{
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		if (stream->subscription[slot])
			return slot_put(&stream->base.maps, slot,
					stream->subscription[slot]->position);
	return 0;
}

static bool stream_unsettled(const struct stream *stream)
{
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		if (stream->subscription[slot] &&
		    subscription_unsettled(stream->subscription[slot]))
			return true;
	return false;
}

/* First the counters, then the wait: what was claimed before they were read is then in a ring or counted lost. */
static int stream_settle_rings(struct stream *stream)
{
	struct stream_base *base = &stream->base;
	int err;

	if (!stream_unsettled(stream))
		return 0;
	err = counters_read(base->maps.counters, &base->possible, base->counters);
	if (err)
		return err;
	err = stream_wait(stream);
	if (err)
		return err;
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		if (stream->subscription[slot])
			subscription_settle(stream->subscription[slot], base->counters);
	return 0;
}

int stream_settle(struct stream *stream)
{
	__u32 keep = 0;
	int err;

	err = stream_settle_rings(stream);
	if (err)
		return err;
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		if (stream->subscription[slot])
			keep |= 1u << slot;
	err = slot_clear_others(&stream->base.maps, keep, stream->base.cpus);
	if (err > 0)
		log_info("%s: slots that no subscription uses: %d, cleared", stream->module, err);
	return err < 0 ? err : 0;
}

int stream_position_fd(const struct stream *stream, const char *name)
{
	const struct subscription *subscription = stream_find(stream, name);

	return subscription ? subscription->position : -ENOENT;
}

static int stream_show(const struct subscription *subscription,
		       int (*visit)(const struct subscription_info *info, void *arg), void *arg,
		       struct subscription_ring *rings)
{
	struct subscription_info info = {
		.name = subscription->name,
		.slot = subscription->slot,
		.holder_pid = subscription->held ? subscription->holder.pid : 0,
		.holder_uid = subscription->held ? subscription->holder.uid : 0,
		.ring_bytes = subscription->base->ring_bytes,
		.ring = rings,
	};

	for (unsigned int cpu = 0; cpu < subscription->base->cpus; cpu++) {
		const struct ring *ring = &subscription->rings[cpu];

		if (ring->fd < 0)
			continue;
		rings[info.rings++] = (struct subscription_ring){
			.cpu = cpu,
			.ring_id = ring->id,
			.settled_seq = ring->settled_seq,
			.fill_bytes = ring_fill(ring),
		};
	}
	return visit(&info, arg);
}

int stream_each(const struct stream *stream,
		int (*visit)(const struct subscription_info *info, void *arg), void *arg)
{
	struct subscription_ring *rings = calloc(stream->base.cpus, sizeof(*rings));
	int err = 0;

	if (!rings)
		return -ENOMEM;
	for (unsigned int slot = 0; !err && slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		if (stream->subscription[slot])
			err = stream_show(stream->subscription[slot], visit, arg, rings);
	free(rings);
	return err;
}

/* Out of the kernel and out of the stream. */
static int stream_end(struct stream *stream, struct subscription *subscription,
		      struct pin_error *error)
{
	int err;

	stream->subscription[subscription->slot] = NULL;
	err = subscription_remove(subscription);
	if (err)
		error_set(error, err, "subscription %s: slot %u: %m", subscription->name,
			  subscription->slot);
	subscription_free(subscription);
	return err;
}

int stream_stop(struct stream *stream, const char *name, struct pin_error *error)
{
	struct subscription *subscription = stream_find(stream, name);
	int err;

	if (!subscription)
		return error_set(error, -ENOENT, "no subscription %s", name);
	/* The pin first: if loaderd is killed after this, the next one clears the slot (stream_settle()). */
	if (stream->pins) {
		err = pin_subscription_remove(stream->pins, stream->module, name, error);
		if (err && err != -ENOENT)
			return err;
	}
	return stream_end(stream, subscription, error);
}

int stream_cpus_changed(struct stream *stream)
{
	int opened = 0, failed = 0, err;
	struct pin_error error;
	struct cpus online;

	err = cpus_read("online", &online);
	if (err)
		return err;
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++) {
		if (!stream->subscription[slot])
			continue;
		err = subscription_cpus_changed(stream->subscription[slot], &online, &error);
		if (err < 0) {
			log_error("%s: %s", stream->module, error.text);
			failed = failed ? failed : err;
		} else {
			opened += err;
		}
	}
	err = stream_settle_rings(stream);
	return err ? err : failed ? failed : opened;
}

__u32 stream_events_id(const struct stream *stream)
{
	return stream->events_id;
}

const char *stream_module(const struct stream *stream)
{
	return stream->module;
}

/* ---- leases ---- */

/* The pin comes last: what is pinned has begun, and nobody was answered who would miss what is not. */
static int stream_add(struct stream *stream, const char *name, struct pin_error *error)
{
	int err;

	err = stream_start(stream, name, -1, error);
	if (err || !stream->pins)
		return err;
	err = pin_subscription_add(stream->pins, stream->module, name,
				   stream_position_fd(stream, name), error);
	if (err)
		stream_end(stream, stream_find(stream, name), NULL);
	return err;
}

int stream_lease(struct stream *stream, const char *name, const struct stream_holder *holder,
		 struct subscription **out, struct stream_holder *busy, struct pin_error *error)
{
	struct subscription *subscription;
	int err;

	if (!stream_find(stream, name)) {
		err = stream_add(stream, name, error);
		if (err)
			return err;
	}
	subscription = stream_find(stream, name);
	if (subscription->held) {
		*busy = subscription->holder;
		return error_set(error, -EBUSY, "subscription %s has a reader: pid %d, uid %u",
				 name, (int)busy->pid, (unsigned int)busy->uid);
	}
	subscription->held = true;
	subscription->holder = *holder;
	subscription_hand_over(subscription);
	*out = subscription;
	return 0;
}

void stream_release(struct stream *stream, const void *arg)
{
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++) {
		struct subscription *subscription = stream->subscription[slot];

		if (subscription && subscription->held && subscription->holder.arg == arg)
			subscription->held = false;
	}
}
