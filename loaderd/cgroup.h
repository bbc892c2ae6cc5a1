/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that cgroups call, attached to the root: so they are called for all processes. */
#ifndef LOADERD_CGROUP_H
#define LOADERD_CGROUP_H

#include <linux/bpf.h>

/**
 * cgroup_attach() - attaches a loaded program to the root of the unified hierarchy.
 *
 * Return: the descriptor of a link, which the caller closes, or negative errno: -ENOENT
 * no cgroup2 is mounted, -EPERM a program in the root tolerates no other ones.
 */
int cgroup_attach(int program_fd, enum bpf_attach_type type);

#endif
