// SPDX-License-Identifier: Apache-2.0
/* Position maps: made, recognised, begun. */
#include "position.h"

#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <pulsar/event.h>

void position_types_open(struct position_types *types, int map)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	struct btf *btf;
	int value;

	*types = (struct position_types){ .btf = -1 };
	if (bpf_obj_get_info_by_fd(map, &info, &len) || !info.btf_id || !info.btf_key_type_id)
		return;
	btf = btf__load_from_kernel_by_id(info.btf_id);
	if (!btf)
		return;
	value = btf__find_by_name_kind(btf, "pulsar_position", BTF_KIND_STRUCT);
	btf__free(btf);
	if (value <= 0)
		return;
	types->btf = bpf_btf_get_fd_by_id(info.btf_id);
	if (types->btf < 0) {
		types->btf = -1;
		return;
	}
	types->key = info.btf_key_type_id;
	types->value = (__u32)value;
}

void position_types_close(struct position_types *types)
{
	if (types->btf >= 0)
		close(types->btf);
	types->btf = -1;
}

int position_new(unsigned int cpus, const struct position_types *types)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);

	if (types->btf >= 0) {
		opts.btf_fd = (__u32)types->btf;
		opts.btf_key_type_id = types->key;
		opts.btf_value_type_id = types->value;
	}
	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "position", sizeof(__u32), sizeof(struct pulsar_position), cpus,
			      &opts);
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

int position_begin(int fd, unsigned int cpu, const struct pulsar_counters *counters, unsigned int slot, __u64 ring_id)
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
