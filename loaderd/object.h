/* SPDX-License-Identifier: Apache-2.0 */
/* The files of modules: <dir>/<name>.bpf.o, owned by root, read once. */
#ifndef LOADERD_OBJECT_H
#define LOADERD_OBJECT_H

#include <stddef.h>

#include <linux/types.h>

#include <pulsar/event.h>
#include <pulsar/schema.h>

#include "pin.h"

/* One file in memory; nothing of it is read again, so it cannot change under us. */
struct object {
	char name[PULSAR_MODULE_LEN];
	char *path; /* for messages */
	char *data;
	size_t size;
	__u8 digest[PULSAR_IDENTITY_LEN]; /* XXH3, 128 bits, of the bytes */
};

/**
 * object_read() - reads the object of a module.
 * @dir: a directory that only root can write.
 * @name: of the module.
 *
 * Return: an object for object_free(), or NULL with errno and *error: ENOENT there
 * is no such module, EPERM the file or the directory could have been written by
 * others, EINVAL not a module's name or not a regular file, EFBIG.
 */
struct object *object_read(const char *dir, const char *name, struct pin_error *error);

/** object_free() - NULL is fine. */
void object_free(struct object *object);

/**
 * object_each() - calls @visit with the name of each module in @dir, in order.
 *
 * Core comes first, then the alphabet. Stops at the first non-zero return, and returns it.
 *
 * Return: 0, what @visit returned, or negative errno with *error.
 */
int object_each(const char *dir, int (*visit)(const char *name, void *arg), void *arg,
		struct pin_error *error);

#endif
