// SPDX-License-Identifier: Apache-2.0
/*
 * What needs no privilege: a reader opens the pins of its module, and learns
 * which group it lacks if it may not.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "internal.h"

/* The pins that each module has; of another only the caller knows what it is. */
static const struct pin_map_expect *reader_expect(const char *name)
{
	static const struct {
		const char *name;
		struct pin_map_expect expect;
	} known[] = {
		{ "events",
		  { .type = BPF_MAP_TYPE_PERF_EVENT_ARRAY, .key_size = 4, .value_size = 4 } },
		{ "schema", { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4 } },
		{ "counters", { .type = BPF_MAP_TYPE_PERCPU_ARRAY, .key_size = 4 } },
		{ "meta", { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4 } },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (!strcmp(known[i].name, name))
			return &known[i].expect;
	}
	return NULL;
}

int pin_reader_open(const char *path, const char *module, const char *name,
		    const struct pin_map_expect *expect, struct pin_error *error)
{
	struct pin_root *root;
	int fd;

	root = pin_root_open(path, PIN_READ, 0, 0, NULL, error);
	if (!root)
		return -errno;
	fd = pin_map_open(root, module, name, expect ?: reader_expect(name), error);
	pin_root_free(root);
	return fd;
}

/* Where the caller does not get on, and whom it lets in. */
struct denial {
	char at[PIN_PATH_MAX];
	mode_t mode;
	bool by_group;
	gid_t gid;
};

/* 1 with *denial, 0 the caller can read `path`, or negative errno. */
static int denial_find(const char *path, struct denial *denial)
{
	char part[PIN_PATH_MAX] = "/";
	mode_t needed = S_IXGRP;
	const char *end = path;
	struct stat st, next;

	if (*path != '/' || strlen(path) >= sizeof(part))
		return -EINVAL;
	if (stat("/", &st))
		return -errno;
	while (*end) {
		end = strchrnul(end + 1, '/');
		snprintf(denial->at, sizeof(denial->at), "%s", part);
		snprintf(part, sizeof(part), "%.*s", (int)(end - path), path);
		if (lstat(part, &next)) {
			if (errno != EACCES)
				return -errno;
			goto denied;
		}
		st = next;
	}
	if (!faccessat(AT_FDCWD, path, R_OK, AT_EACCESS))
		return 0;
	if (errno != EACCES)
		return -errno;
	snprintf(denial->at, sizeof(denial->at), "%s", path);
	needed = S_IRGRP;
denied:
	denial->mode = st.st_mode & 07777;
	denial->by_group = st.st_mode & needed;
	denial->gid = st.st_gid;
	return 1;
}

static void group_text(gid_t gid, char *text, size_t size)
{
	struct group entry, *found = NULL;
	char storage[16384];

	getgrgid_r(gid, &entry, storage, sizeof(storage), &found);
	if (found)
		snprintf(text, size, "%s", found->gr_name);
	else
		snprintf(text, size, "%u", gid);
}

int pin_group_needed(const char *path, char *group, size_t size)
{
	struct denial denial = { 0 };
	char text[256];
	int err;

	err = denial_find(path, &denial);
	if (err <= 0)
		return err;
	if (!denial.by_group)
		return -EPERM;
	group_text(denial.gid, text, sizeof(text));
	if (strlen(text) >= size)
		return -ERANGE;
	strcpy(group, text);
	return 1;
}

int pin_denied(struct pin_error *error, const char *path)
{
	struct denial denial = { 0 };
	char text[256];
	int found;

	found = denial_find(path, &denial);
	if (!found)
		return pin_fail(error, EACCES, "%s: permission denied, can be read but not written",
				path);
	if (found < 0)
		return pin_fail(error, EACCES, "%s: permission denied", path);
	if (!denial.by_group)
		return pin_fail(error, EACCES,
				"%s: permission denied, %s has mode %04o, which lets in root only",
				path, denial.at, denial.mode);
	group_text(denial.gid, text, sizeof(text));
	return pin_fail(error, EACCES, "%s: permission denied, needs group %s", path, text);
}
