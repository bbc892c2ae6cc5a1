// SPDX-License-Identifier: Apache-2.0
/*
 * Paths below the root, and what a directory there holds.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

void pin_path_root(struct pin_path *path, const struct pin_root *root)
{
	path->len = strlen(root->path);
	path->root = path->len;
	memcpy(path->text, root->path, path->len + 1);
}

const char *pin_path_relative(const struct pin_path *path)
{
	return path->len == path->root ? "." : path->text + path->root + 1;
}

int pin_path_add(struct pin_path *path, const char *name, size_t len, struct pin_error *error)
{
	if (path->len + 1 + len >= sizeof(path->text))
		return pin_fail(error, ENAMETOOLONG,
				"%s/%.64s: path of %zu bytes, expected at most %zu", path->text,
				name, path->len + 1 + len, sizeof(path->text) - 1);
	path->text[path->len] = '/';
	memcpy(path->text + path->len + 1, name, len);
	path->len += 1 + len;
	path->text[path->len] = '\0';
	return 0;
}

int pin_path_make(struct pin_path *path, const struct pin_root *root, const char *name,
		  struct pin_error *error)
{
	pin_path_root(path, root);
	return pin_path_add(path, name, strlen(name), error);
}

int pin_path_below(char name[PIN_PATH_MAX], const char *directory, const char *entry,
		   struct pin_error *error)
{
	int len;

	len = snprintf(name, PIN_PATH_MAX, "%s/%s", directory, entry);
	if (len < 0 || len >= PIN_PATH_MAX)
		return pin_fail(error, ENAMETOOLONG,
				"%s/%.64s...: name of %zu bytes, too long for a pin", directory,
				entry, strlen(entry));
	return 0;
}

int pin_path_step(struct pin_path *path, const struct pin_rule **rule, const char **name,
		  struct pin_error *error)
{
	size_t len = strcspn(*name, "/");
	const char *part;
	int err;

	err = pin_path_add(path, *name, len, error);
	if (err)
		return err;
	part = path->text + path->len - len;
	*rule = pin_rule_inside(*rule, part);
	if (!*rule)
		return pin_fail(error, EINVAL, "%s: no pin can have that name", path->text);
	*name += len;
	if (!**name)
		return 0;
	if (!*++*name)
		return pin_fail(error, EINVAL, "%s/: no pin can have that name", path->text);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_add(struct pin_names *names, const char *name)
{
	char **grown;

	grown = reallocarray(names->name, names->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	names->name = grown;
	grown[names->count] = strdup(name);
	if (!grown[names->count])
		return -ENOMEM;
	names->count++;
	return 0;
}

static int names_collect(struct pin_names *names, DIR *dir)
{
	struct dirent *entry;
	int err;

	while (errno = 0, entry = readdir(dir)) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		err = names_add(names, entry->d_name);
		if (err)
			return err;
	}
	return -errno;
}

int pin_names_read(struct pin_names *names, const struct pin_root *root,
		   const struct pin_path *path, struct pin_error *error)
{
	DIR *dir = NULL;
	int fd, err;

	*names = (struct pin_names){ 0 };
	fd = openat(root->fd, pin_path_relative(path),
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES)
		return pin_denied(error, path->text);
	if (fd >= 0)
		dir = fdopendir(fd);
	if (!dir) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return pin_fail(error, -err, "%s: cannot list: %s", path->text, strerror(-err));
	}
	err = names_collect(names, dir);
	closedir(dir);
	if (err)
		return pin_fail(error, -err, "%s: cannot list: %s", path->text, strerror(-err));
	if (names->count)
		qsort(names->name, names->count, sizeof(*names->name), by_name);
	return 0;
}

void pin_names_release(struct pin_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
	*names = (struct pin_names){ 0 };
}
