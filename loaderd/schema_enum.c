// SPDX-License-Identifier: Apache-2.0
/* Enumerators, their values and masks. */
#include "schema_enum.h"

#include <bpf/btf.h>
#include <string.h>

#define SCHEMA_MASK_SUFFIX "_MASK"

/* The enumerator at `index`, its name in *name. */
static __u64 schema_enum_value(const struct btf *btf, const struct btf_type *t, int index,
			       const char **name)
{
	__u64 bits = t->size >= 8 ? ~0ull : (1ull << (8 * t->size)) - 1;
	const char *n;
	__u64 value;

	if (btf_is_enum64(t)) {
		/* Three 32-bit words: name, low and high half (struct btf_enum64, uapi/linux/btf.h, 6.0). */
		const __u32 *e = (const __u32 *)(t + 1) + 3 * index;

		n = btf__name_by_offset(btf, e[0]);
		value = (__u64)e[2] << 32 | e[1];
	} else {
		n = btf__name_by_offset(btf, btf_enum(t)[index].name_off);
		value = (__u64)(__s64)btf_enum(t)[index].val;
	}
	*name = n ? n : "";
	return value & bits;
}

static bool schema_enum_is_mask(const char *name)
{
	size_t len = strlen(name);
	size_t suffix = strlen(SCHEMA_MASK_SUFFIX);

	return len > suffix && !strcmp(name + len - suffix, SCHEMA_MASK_SUFFIX);
}

int schema_enum_each(const struct btf *btf, __u32 enum_id, bool flags, schema_enum_visit *visit,
		     void *arg)
{
	const struct btf_type *t = btf__type_by_id(btf, enum_id);
	__u64 within = 0; /* the mask that holds for what follows; 0: none yet */
	int err = 0;

	for (int i = 0; i < btf_vlen(t) && !err; i++) {
		const char *name;
		__u64 value = schema_enum_value(btf, t, i, &name);
		__u64 mask = ~0ull;

		if (flags && schema_enum_is_mask(name)) {
			within = value;
			continue;
		}
		if (flags && within && !(value & ~within))
			mask = within;
		else if (flags && value)
			mask = value;
		err = visit(name, (__s64)value, mask, arg);
	}
	return err;
}
