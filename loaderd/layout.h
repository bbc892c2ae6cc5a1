/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a map that exists is what an object's map would become: then its content can be kept. */
#ifndef LOADERD_LAYOUT_H
#define LOADERD_LAYOUT_H

#include <stdbool.h>

#include <linux/types.h>

struct bpf_map;
struct btf;

/**
 * layout_equal() - compares two types down to the names, places and sizes of their members.
 *
 * Qualifiers and typedefs do not count; what a pointer points to does not either.
 */
bool layout_equal(const struct btf *a, __u32 a_id, const struct btf *b, __u32 b_id);

/**
 * layout_map_equal() - compares a map of an opened object with one in the kernel.
 * @map: not created yet, with its final size.
 * @btf: of the object.
 * @fd: of the map in the kernel.
 *
 * Type, sizes, number of entries, flags, and the layout of key and value.
 */
bool layout_map_equal(const struct bpf_map *map, const struct btf *btf, int fd);

#endif
