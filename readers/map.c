// SPDX-License-Identifier: Apache-2.0
/* Asks the kernel about maps. */
#include "map.h"

#include <string.h>

#include <bpf/bpf.h>

int map_info(int fd, struct bpf_map_info *info)
{
	__u32 len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(fd, info, &len);
}
