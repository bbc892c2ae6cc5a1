/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BTF of maps in the kernel, remembered. Fetching it by its id takes
 * CAP_SYS_ADMIN (btf_get_fd_by_id(), kernel/bpf/btf.c), which a confined daemon does not have;
 * so it is fetched when maps are taken over, at start, and kept when an object is loaded.
 */
#ifndef LOADERD_TYPES_H
#define LOADERD_TYPES_H

#include <linux/types.h>

struct bpf_object;
struct btf;

/** types_learn_map() - remembers the BTF of a map, if it can be had. */
void types_learn_map(int fd);

/** types_learn_object() - remembers the BTF of an object that was loaded. */
void types_learn_object(const struct bpf_object *object);

/**
 * types_find() - a BTF by the id that the kernel gave it.
 *
 * Return: borrowed, valid until the next call of a function here; NULL: it cannot be had.
 */
const struct btf *types_find(__u32 id);

/** types_forget() - frees all. */
void types_forget(void);

#endif
