// SPDX-License-Identifier: Apache-2.0
/* Position maps: made, recognised, begun. */
#include "position.h"

#include <errno.h>

#include <bpf/bpf.h>

#include <pulsar/event.h>

int position_new(unsigned int cpus)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "position", sizeof(__u32),
			      sizeof(struct pulsar_position), cpus, &opts);
}

int position_check(int fd, unsigned int cpus, __u32 *id)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int err;

	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (err)
		return err;
	if (info.type != BPF_MAP_TYPE_ARRAY || info.key_size != sizeof(__u32) ||
	    info.value_size != sizeof(struct pulsar_position) || info.max_entries != cpus ||
	    !(info.map_flags & BPF_F_MMAPABLE))
		return -EINVAL;
	*id = info.id;
	return 0;
}

int position_begin(int fd, unsigned int cpu, const struct pulsar_counters *counters,
		   unsigned int slot, __u64 ring_id)
{
	struct pulsar_position position = {
		.base_seq = counters->produced,
		.base_lost = counters->lost[slot],
		.copy[0] = { .ring_id = ring_id, .next_seq = counters->produced + 1 },
	};

	return bpf_map_update_elem(fd, &cpu, &position, BPF_ANY);
}

int position_begun(int fd, unsigned int cpu)
{
	struct pulsar_position position;
	int err;

	err = bpf_map_lookup_elem(fd, &cpu, &position);
	if (err)
		return err;
	/* seqs begin at 1, so that a position that was begun never says 0. */
	return position.copy[position.current & 1].next_seq != 0;
}
