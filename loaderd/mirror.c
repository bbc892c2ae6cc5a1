// SPDX-License-Identifier: Apache-2.0
/* Compares entries with a map, and writes the difference. */
#include "mirror.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Ends a walk that others' changes to the map send back to the start. */
#define MIRROR_WALK_MAX 1048576

const void *mirror_find(const struct mirror *mirror, const void *key)
{
	for (size_t i = 0; i < mirror->count; i++)
		if (!memcmp(mirror->entries[i].key, key, mirror->key_size))
			return mirror->entries[i].value;
	return NULL;
}

void *mirror_at(struct mirror *mirror, const void *key)
{
	void *value = (void *)mirror_find(mirror, key);
	struct mirror_entry *entries, *entry;

	if (value)
		return value;
	entries = reallocarray(mirror->entries, mirror->count + 1, sizeof(*entries));
	if (!entries)
		return NULL;
	mirror->entries = entries;
	entry = &entries[mirror->count];
	entry->key = malloc(mirror->key_size);
	entry->value = calloc(1, mirror->value_size);
	if (!entry->key || !entry->value) {
		free(entry->key);
		free(entry->value);
		return NULL;
	}
	memcpy(entry->key, key, mirror->key_size);
	mirror->count++;
	return entry->value;
}

void mirror_release(struct mirror *mirror)
{
	if (!mirror)
		return;
	for (size_t i = 0; i < mirror->count; i++) {
		free(mirror->entries[i].key);
		free(mirror->entries[i].value);
	}
	free(mirror->entries);
	mirror->entries = NULL;
	mirror->count = 0;
}

int mirror_write(const struct mirror *mirror, int map_fd)
{
	void *there = malloc(mirror->value_size);
	int written = 0;

	if (!there)
		return -ENOMEM;
	for (size_t i = 0; i < mirror->count; i++) {
		const struct mirror_entry *entry = &mirror->entries[i];

		if (!bpf_map_lookup_elem(map_fd, entry->key, there) &&
		    !memcmp(there, entry->value, mirror->value_size))
			continue;
		if (bpf_map_update_elem(map_fd, entry->key, entry->value, BPF_ANY) < 0) {
			written = -errno;
			break;
		}
		written++;
	}
	free(there);
	return written;
}

int mirror_trim(const struct mirror *mirror, int map_fd)
{
	char *key = malloc(2 * mirror->key_size);
	char *next = key ? key + mirror->key_size : NULL;
	const void *previous = NULL;
	int removed = 0;

	if (!key)
		return -ENOMEM;
	for (int i = 0; i < MIRROR_WALK_MAX && !bpf_map_get_next_key(map_fd, previous, next); i++) {
		/* What was removed is no key to go on from; the one before it still is. */
		if (!mirror_find(mirror, next) && !bpf_map_delete_elem(map_fd, next)) {
			removed++;
			continue;
		}
		memcpy(key, next, mirror->key_size);
		previous = key;
	}
	free(key);
	return removed;
}
