// SPDX-License-Identifier: Apache-2.0
/* Compares types by BTF, and maps by their definitions. */
#include "layout.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <string.h>

#include "schema_kind.h"
#include "types.h"

/* Deeper than values of maps are nested. What is deeper counts as different. */
#define LAYOUT_DEPTH_MAX 16

static bool layout_same(const struct btf *a, __u32 a_id, const struct btf *b, __u32 b_id,
			int depth);

static bool layout_same_name(const struct btf *a, __u32 a_off, const struct btf *b, __u32 b_off)
{
	const char *a_name = btf__name_by_offset(a, a_off);
	const char *b_name = btf__name_by_offset(b, b_off);

	return a_name && b_name && !strcmp(a_name, b_name);
}

static bool layout_same_members(const struct btf *a, const struct btf_type *at, const struct btf *b,
				const struct btf_type *bt, int depth)
{
	if (btf_vlen(at) != btf_vlen(bt))
		return false;
	for (__u32 i = 0; i < btf_vlen(at); i++) {
		const struct btf_member *am = btf_members(at) + i;
		const struct btf_member *bm = btf_members(bt) + i;

		if (!layout_same_name(a, am->name_off, b, bm->name_off) ||
		    btf_member_bit_offset(at, i) != btf_member_bit_offset(bt, i) ||
		    btf_member_bitfield_size(at, i) != btf_member_bitfield_size(bt, i) ||
		    !layout_same(a, am->type, b, bm->type, depth + 1))
			return false;
	}
	return true;
}

static bool layout_same_enumerators(const struct btf *a, const struct btf_type *at,
				    const struct btf *b, const struct btf_type *bt)
{
	if (btf_vlen(at) != btf_vlen(bt))
		return false;
	for (__u32 i = 0; i < btf_vlen(at); i++)
		if (btf_enum(at)[i].val != btf_enum(bt)[i].val ||
		    !layout_same_name(a, btf_enum(at)[i].name_off, b, btf_enum(bt)[i].name_off))
			return false;
	return true;
}

static bool layout_same(const struct btf *a, __u32 a_id, const struct btf *b, __u32 b_id, int depth)
{
	const struct btf_type *at = schema_strip(a, &a_id);
	const struct btf_type *bt = schema_strip(b, &b_id);

	if (!at || !bt || depth > LAYOUT_DEPTH_MAX || btf_kind(at) != btf_kind(bt))
		return false;
	switch (btf_kind(at)) {
	case BTF_KIND_PTR:
		return true;
	case BTF_KIND_INT:
		return at->size == bt->size && btf_int_encoding(at) == btf_int_encoding(bt);
	case BTF_KIND_ENUM:
		return at->size == bt->size && layout_same_enumerators(a, at, b, bt);
	case BTF_KIND_ARRAY:
		return btf_array(at)->nelems == btf_array(bt)->nelems &&
		       layout_same(a, btf_array(at)->type, b, btf_array(bt)->type, depth + 1);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return at->size == bt->size && layout_same_members(a, at, b, bt, depth);
	default:
		return false;
	}
}

bool layout_equal(const struct btf *a, __u32 a_id, const struct btf *b, __u32 b_id)
{
	return layout_same(a, a_id, b, b_id, 0);
}

/* One of key and value; 0 stands for "no type known", which perf arrays and maps of maps have. */
static bool layout_same_known(const struct btf *a, __u32 a_id, const struct btf *b, __u32 b_id)
{
	if (!a_id || !b_id)
		return a_id == b_id;
	return layout_equal(a, a_id, b, b_id);
}

bool layout_map_equal(const struct bpf_map *map, const struct btf *btf, int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	const struct btf *other = NULL;

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return false;
	if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
	    info.value_size != bpf_map__value_size(map) ||
	    info.max_entries != bpf_map__max_entries(map) ||
	    info.map_flags != bpf_map__map_flags(map))
		return false;
	/* libbpf gives the kernel no types for these, whatever the definition says. */
	if (info.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY || info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	    info.type == BPF_MAP_TYPE_HASH_OF_MAPS)
		return true;
	if (info.btf_id) {
		other = types_find(info.btf_id);
		if (!other)
			return false;
	}
	return layout_same_known(btf, bpf_map__btf_key_type_id(map), other, info.btf_key_type_id) &&
	       layout_same_known(btf, bpf_map__btf_value_type_id(map), other,
				 info.btf_value_type_id);
}
