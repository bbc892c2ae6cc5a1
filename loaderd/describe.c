// SPDX-License-Identifier: Apache-2.0
/* Fills `schema` and `meta`. */
#include "describe.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "image.h"

void describe_meta(const char *module, __u32 generation, unsigned int cpus,
		   const struct hooks *hooks, struct pulsar_meta *meta)
{
	struct timespec now;

	memset(meta, 0, sizeof(*meta));
	strncpy(meta->module, module, sizeof(meta->module) - 1);
	meta->abi = PULSAR_ABI;
	meta->generation = generation;
	meta->cpus = cpus;
	clock_gettime(CLOCK_BOOTTIME, &now);
	meta->loaded_ns = (__u64)now.tv_sec * 1000000000u + (__u64)now.tv_nsec;
	meta->hooks = hooks->count;
	for (unsigned int i = 0; i < hooks->count; i++) {
		const struct hook *hook = &hooks->hook[i];

		strcpy(meta->hook[i].name, hook->name);
		strcpy(meta->hook[i].variant, hook->variants[hook->chosen].name);
	}
}

static int describe_freeze(int fd, const char *map, struct pin_error *error)
{
	if (bpf_map_freeze(fd) < 0)
		return error_set(error, -errno, "freezing map '%s': %m", map);
	return 0;
}

static int describe_schema(int fd, const struct schema *schema, struct pin_error *error)
{
	for (__u32 i = 0; i < schema->count; i++)
		if (bpf_map_update_elem(fd, &i, &schema->fields[i], BPF_ANY) < 0)
			return error_set(error, -errno, "filling map 'schema': %m");
	return describe_freeze(fd, "schema", error);
}

int describe_image(const struct image *image, const struct schema *schema,
		   const struct pulsar_meta *meta, struct pin_error *error)
{
	int schema_fd = image_map_fd(image, "schema");
	int meta_fd = image_map_fd(image, "meta");
	__u32 zero = 0;
	int err = 0;

	if (schema_fd >= 0)
		err = describe_schema(schema_fd, schema, error);
	if (err)
		return err;
	if (bpf_map_update_elem(meta_fd, &zero, meta, BPF_ANY) < 0)
		return error_set(error, -errno, "filling map 'meta': %m");
	return describe_freeze(meta_fd, "meta", error);
}
