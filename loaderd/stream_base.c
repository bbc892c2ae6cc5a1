// SPDX-License-Identifier: Apache-2.0
/* What all subscriptions of a stream share. */
#include "stream_base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include <pulsar/event.h>

#include "error.h"

/* What one of the module's maps must be. */
struct map_expect {
	const char *name;
	unsigned int type;
	unsigned int value_size;
	unsigned int entries; /* at least */
	unsigned int flags;
};

static int check_map(int fd, const struct map_expect *expect, __u32 *id, struct pin_error *error)
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

static int base_check_maps(struct stream_base *base, const struct stream_maps *maps,
			   struct pin_error *error)
{
	const struct {
		int fd;
		struct map_expect expect;
	} rows[] = {
		{ maps->events,
		  { "events", BPF_MAP_TYPE_PERF_EVENT_ARRAY, sizeof(__u32),
		    PULSAR_EVENTS_ENTRIES(base->cpus), BPF_F_PRESERVE_ELEMS } },
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
		err = check_map(rows[i].fd, &rows[i].expect, &id, error);
		if (err)
			return err;
		if (i == 0)
			base->events_id = id;
	}
	return 0;
}

static int check_options(const struct stream_options *options, struct pin_error *error)
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

static int base_read_cpus(struct stream_base *base, unsigned int cpus, struct pin_error *error)
{
	int err;

	err = cpus_read("possible", &base->possible);
	if (err)
		return error_set(error, err, "list of possible CPUs: %m");
	base->cpus = cpus_end(&base->possible);
	if (base->cpus != cpus)
		return error_set(error, -EINVAL, "%u possible CPUs, not %u", base->cpus, cpus);
	base->counters = calloc(cpus, sizeof(*base->counters));
	return base->counters ? 0 : error_set(error, -ENOMEM, "counters: %m");
}

static int keep_maps(struct stream_maps *kept, const struct stream_maps *maps,
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

int stream_base_init(struct stream_base *base, const struct stream_maps *maps,
		     const struct stream_options *options, struct pin_error *error)
{
	int err;

	err = check_options(options, error);
	if (err)
		return err;
	base->ring_bytes = options->ring_bytes;
	base->idle = options->idle;
	err = base_read_cpus(base, options->cpus, error);
	if (!err)
		err = base_check_maps(base, maps, error);
	if (!err)
		err = keep_maps(&base->maps, maps, error);
	return err;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void stream_base_release(struct stream_base *base)
{
	close_fd(base->maps.events);
	close_fd(base->maps.counters);
	close_fd(base->maps.control);
	close_fd(base->maps.subscriptions);
	free(base->counters);
	*base = (struct stream_base)STREAM_BASE_NONE;
}
