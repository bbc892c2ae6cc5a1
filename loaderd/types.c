// SPDX-License-Identifier: Apache-2.0
/* Remembers BTF by its id. */
#include "types.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stddef.h>

/* Two generations of more modules than there can be. Then those go that were not used for longest. */
#define TYPES_MAX 128

static struct {
	__u32 id; /* 0: free */
	unsigned long used;
	struct btf *btf;
} types_known[TYPES_MAX];
static unsigned long types_uses;

static const struct btf *types_get(__u32 id)
{
	for (size_t i = 0; i < TYPES_MAX; i++) {
		if (!id || types_known[i].id != id)
			continue;
		types_known[i].used = ++types_uses;
		return types_known[i].btf;
	}
	return NULL;
}

/* Takes over `btf`. */
static const struct btf *types_add(__u32 id, struct btf *btf)
{
	size_t at = 0;

	for (size_t i = 1; i < TYPES_MAX; i++)
		if (types_known[i].used < types_known[at].used)
			at = i;
	btf__free(types_known[at].btf);
	types_known[at].id = id;
	types_known[at].used = ++types_uses;
	types_known[at].btf = btf;
	return btf;
}

const struct btf *types_find(__u32 id)
{
	const struct btf *known = types_get(id);
	struct btf *btf;

	if (known)
		return known;
	btf = id ? btf__load_from_kernel_by_id(id) : NULL;
	return btf ? types_add(id, btf) : NULL;
}

void types_learn_map(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
		types_find(info.btf_id);
}

void types_learn_object(const struct bpf_object *object)
{
	struct bpf_btf_info info = { 0 };
	__u32 size = sizeof(info), bytes;
	const void *data;
	struct btf *btf;

	if (bpf_obj_get_info_by_fd(bpf_object__btf_fd(object), &info, &size) < 0 ||
	    types_get(info.id))
		return;
	/* What libbpf changes for an older kernel leaves the ids as they are. */
	data = btf__raw_data(bpf_object__btf(object), &bytes);
	btf = data ? btf__new(data, bytes) : NULL;
	if (btf)
		types_add(info.id, btf);
}

void types_forget(void)
{
	for (size_t i = 0; i < TYPES_MAX; i++) {
		btf__free(types_known[i].btf);
		types_known[i].btf = NULL;
		types_known[i].id = 0;
		types_known[i].used = 0;
	}
}
