/* SPDX-License-Identifier: Apache-2.0 */
/* The unified hierarchy of cgroups, as its mount shows it. */
#ifndef LOADERD_CGROUPS_H
#define LOADERD_CGROUPS_H

#include <stddef.h>

#include <linux/types.h>

#include "pin.h"

/**
 * cgroups_mount() - where the unified hierarchy is mounted.
 * @path: @size bytes.
 *
 * Return: 0; -ENOENT it is not mounted; another negative errno.
 */
int cgroups_mount(char *path, size_t size);

/**
 * cgroups_walk() - all cgroups below and with a directory, parents first.
 * @mount: the directory.
 * @visit: is given the id, the path from @mount ("/", "/a/b") and what was returned for
 *	the parent in *mask; may change it for the children. It is called before the
 *	children are listed. Negative ends the walk.
 *
 * What is removed meanwhile is passed over.
 *
 * Return: 0, or negative errno with *error.
 */
int cgroups_walk(const char *mount,
		 int (*visit)(__u64 id, const char *path, __u64 *mask, void *arg), void *arg,
		 struct pin_error *error);

#endif
