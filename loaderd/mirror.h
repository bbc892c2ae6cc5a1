/* SPDX-License-Identifier: Apache-2.0 */
/* What a hash map in the kernel is to hold, and how it gets there: only what differs is written. */
#ifndef LOADERD_MIRROR_H
#define LOADERD_MIRROR_H

#include <stdbool.h>
#include <stddef.h>

struct mirror_entry {
	void *key;
	void *value;
};

/* Initialise the two sizes, leave the rest zero. */
struct mirror {
	size_t key_size; /* bytes, as the map's */
	size_t value_size;
	struct mirror_entry *entries;
	size_t count;
};

/**
 * mirror_at() - the value of a key, zeroed if it is new.
 *
 * Return: @value_size bytes to be written, valid until mirror_release(); NULL: no memory.
 */
void *mirror_at(struct mirror *mirror, const void *key);

/** mirror_find() - the value of a key, NULL. */
const void *mirror_find(const struct mirror *mirror, const void *key);

/**
 * mirror_write() - enters what the map does not hold as it is here.
 *
 * Return: how many entries were written, or negative errno: -E2BIG the map is full.
 */
int mirror_write(const struct mirror *mirror, int map_fd);

/**
 * mirror_trim() - removes what is not here.
 *
 * Return: how many entries were removed, or negative errno.
 */
int mirror_trim(const struct mirror *mirror, int map_fd);

/** mirror_release() - NULL is fine. */
void mirror_release(struct mirror *mirror);

#endif
