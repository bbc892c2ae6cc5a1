// SPDX-License-Identifier: Apache-2.0
/* Programs by their pinned links, maps by their pins. */
#include "objects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "pin.h"

/* What the visitors of pin_names_each() share. */
struct objects_visit {
	struct objects *objects;
	const struct pin_root *root;
	const char *module;
	const char *directory; /* "maps/" */
};

/* The line "memlock:" of a descriptor's fdinfo: bytes that the object takes. */
static __u64 memory_of(int fd)
{
	unsigned long long bytes = 0;
	char path[48], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(file);
	return bytes;
}

/* A descriptor of the program behind a link, or negative errno. */
static int program_open(int link)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	int fd;

	if (bpf_obj_get_info_by_fd(link, &info, &len))
		return -errno;
	fd = bpf_prog_get_fd_by_id(info.prog_id);
	return fd < 0 ? -errno : fd;
}

static int program_read(struct object_program *program, int fd)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	program->run_time_ns = info.run_time_ns;
	program->run_count = info.run_cnt;
	program->missed = info.recursion_misses;
	program->memory_bytes = memory_of(fd);
	return 0;
}

static int program_add(struct objects *objects, const struct object_program *program)
{
	struct object_program *more;

	more = reallocarray(objects->programs, objects->programs_count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	objects->programs = more;
	more[objects->programs_count++] = *program;
	return 0;
}

static int visit_link(const char *name, void *arg)
{
	const struct objects_visit *v = arg;
	struct object_program program;
	int link, fd, err;

	link = pin_link_open(v->root, v->module, name, NULL);
	if (link < 0)
		return 0;
	fd = program_open(link);
	close(link);
	if (fd < 0)
		return 0;
	snprintf(program.name, sizeof(program.name), "%s", name);
	err = program_read(&program, fd);
	close(fd);
	return err ? 0 : program_add(v->objects, &program);
}

static int visit_map(const char *name, void *arg)
{
	const struct objects_visit *v = arg;
	struct objects *objects = v->objects;
	struct object_map *more;
	char pin[64];
	int fd;

	snprintf(pin, sizeof(pin), "%s%s", v->directory, name);
	fd = pin_map_open(v->root, v->module, pin, NULL, NULL);
	if (fd < 0)
		return 0;
	more = reallocarray(objects->maps, objects->maps_count + 1, sizeof(*more));
	if (more) {
		objects->maps = more;
		more += objects->maps_count++;
		strcpy(more->name, pin);
		more->memory_bytes = memory_of(fd);
	}
	close(fd);
	return more ? 0 : -ENOMEM;
}

int objects_read(struct objects *objects, const struct pin_root *root, const char *module)
{
	static const char *const fixed[] = { "events", "schema", "counters", "meta" };
	struct objects_visit v = {
		.objects = objects, .root = root, .module = module, .directory = ""
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]) && !err; i++)
		err = visit_map(fixed[i], &v);
	if (!err) {
		v.directory = "maps/";
		err = pin_names_each(root, module, "maps", visit_map, &v, NULL);
	}
	if (err != -ENOMEM) {
		v.directory = "subscriptions/";
		err = pin_names_each(root, module, "subscriptions", visit_map, &v, NULL);
	}
	if (err != -ENOMEM)
		err = pin_names_each(root, module, "links", visit_link, &v, NULL);
	return err == -ENOMEM ? err : 0;
}

void objects_release(struct objects *objects)
{
	free(objects->programs);
	free(objects->maps);
	memset(objects, 0, sizeof(*objects));
}
