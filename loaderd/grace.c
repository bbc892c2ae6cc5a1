// SPDX-License-Identifier: Apache-2.0
/* An array of maps, for the wait that comes with its update. */
#include "grace.h"

#include <bpf/bpf.h>

static int grace_inner = -1, grace_outer = -1;

static int grace_make(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);

	if (grace_inner < 0)
		grace_inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "grace_inner", 4, 4, 1, NULL);
	if (grace_inner < 0)
		return grace_inner;
	options.inner_map_fd = (unsigned int)grace_inner;
	if (grace_outer < 0)
		grace_outer =
			bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "grace", 4, 4, 1, &options);
	return grace_outer < 0 ? grace_outer : 0;
}

int grace_wait(void)
{
	unsigned int zero = 0;
	int err;

	err = grace_make();
	return err ? err : bpf_map_update_elem(grace_outer, &zero, &grace_inner, BPF_ANY);
}
