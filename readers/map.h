/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of a BPF map that is open. */
#ifndef READERS_MAP_H
#define READERS_MAP_H

#include <linux/bpf.h>

/**
 * map_info() - ask for a map's type, sizes and id
 * @fd: of a map
 * @info: out
 *
 * Return: 0 or negative errno.
 */
int map_info(int fd, struct bpf_map_info *info);

#endif
