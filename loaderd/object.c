// SPDX-License-Identifier: Apache-2.0
/* Finds and reads the files of modules. */
#include "object.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "error.h"
#include "file.h"

#define OBJECT_SUFFIX ".bpf.o"
#define OBJECT_MAX    (16u << 20) /* bytes */

_Static_assert(sizeof(XXH128_canonical_t) == PULSAR_IDENTITY_LEN, "identity");

void object_free(struct object *object)
{
	if (!object)
		return;
	free(object->path);
	free(object->data);
	free(object);
}

static int object_fill(struct object *o, int dir, const char *dir_path, const char *name,
		       struct pin_error *error)
{
	char file[PULSAR_MODULE_LEN + sizeof(OBJECT_SUFFIX)];
	XXH128_canonical_t digest;
	int err;

	strcpy(o->name, name);
	snprintf(file, sizeof(file), "%s" OBJECT_SUFFIX, name);
	if (asprintf(&o->path, "%s/%s", dir_path, file) < 0) {
		o->path = NULL;
		return error_set(error, -ENOMEM, "no memory");
	}
	err = file_read_trusted(dir, file, o->path, OBJECT_MAX, &o->data, &o->size, error);
	if (err == -ENOENT)
		return error_set(error, err, "module '%s' is unknown: there is no %s", name,
				 o->path);
	if (err)
		return err;
	XXH128_canonicalFromHash(&digest, XXH3_128bits(o->data, o->size));
	memcpy(o->digest, digest.digest, sizeof(o->digest));
	return 0;
}

struct object *object_read(const char *dir, const char *name, struct pin_error *error)
{
	struct object *object = NULL;
	int err, fd;

	if (!pin_name_valid(name)) {
		error_set(error, -EINVAL, "'%s' is not the name of a module", name);
		return NULL;
	}
	fd = file_open_dir(dir, error);
	if (fd < 0)
		return NULL;
	object = calloc(1, sizeof(*object));
	if (object)
		err = object_fill(object, fd, dir, name, error);
	else
		err = error_set(error, -ENOMEM, "no memory");
	close(fd);
	if (!err)
		return object;
	object_free(object);
	errno = -err;
	return NULL;
}

/* ---- all in a directory ---- */

/* Is it NAME.bpf.o? Then the name is cut out in place. */
static bool object_name(char *file)
{
	size_t len = strlen(file);
	size_t suffix = strlen(OBJECT_SUFFIX);

	if (len <= suffix || strcmp(file + len - suffix, OBJECT_SUFFIX))
		return false;
	file[len - suffix] = '\0';
	return pin_name_valid(file);
}

static int object_compare(const void *a, const void *b)
{
	const char *const *left = a;
	const char *const *right = b;
	bool left_core = !strcmp(*left, "core");
	bool right_core = !strcmp(*right, "core");

	if (left_core != right_core)
		return left_core ? -1 : 1;
	return strcmp(*left, *right);
}

static int object_names(DIR *dir, char ***names, size_t *count)
{
	struct dirent *entry;
	char **more;

	while ((entry = readdir(dir))) {
		if (!object_name(entry->d_name))
			continue;
		more = reallocarray(*names, *count + 1, sizeof(**names));
		if (!more)
			return -ENOMEM;
		*names = more;
		more[*count] = strdup(entry->d_name);
		if (!more[*count])
			return -ENOMEM;
		(*count)++;
	}
	return 0;
}

int object_each(const char *dir, int (*visit)(const char *name, void *arg), void *arg,
		struct pin_error *error)
{
	char **names = NULL;
	size_t count = 0;
	DIR *stream;
	int err, fd;

	fd = file_open_dir(dir, error);
	if (fd < 0)
		return fd;
	stream = fdopendir(fd);
	if (!stream) {
		err = error_set(error, -errno, "%s: %m", dir);
		close(fd);
		return err;
	}
	err = object_names(stream, &names, &count);
	if (err)
		error_set(error, err, "%s: %m", dir);
	if (count)
		qsort(names, count, sizeof(*names), object_compare);
	for (size_t i = 0; i < count && !err; i++)
		err = visit(names[i], arg);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	closedir(stream);
	return err;
}
