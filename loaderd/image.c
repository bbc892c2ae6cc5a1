// SPDX-License-Identifier: Apache-2.0
/* Opens an object by libbpf, and loads and attaches what is chosen of it. */
#include "image.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "config.h"
#include "error.h"
#include "loadlog.h"
#include "object.h"
#include "settings.h"

/*
 * libbpf lists programs by section, and sections may be shared by hooks. The
 * compiler gives functions their BTF ids in source order.
 */
static int image_compare(const void *a, const void *b, void *btf)
{
	const struct image_program *left = a;
	const struct image_program *right = b;

	return btf__find_by_name_kind(btf, left->name, BTF_KIND_FUNC) -
	       btf__find_by_name_kind(btf, right->name, BTF_KIND_FUNC);
}

static int image_collect(struct image *image)
{
	struct bpf_program *program;
	size_t n = 0;

	bpf_object__for_each_program(program, image->bpf)
		n++;
	image->programs = calloc(n + 1, sizeof(*image->programs));
	if (!image->programs)
		return -ENOMEM;
	bpf_object__for_each_program(program, image->bpf) {
		struct image_program *p = &image->programs[image->count++];

		p->program = program;
		p->name = bpf_program__name(program);
		p->kind = kind_of(program);
		/* libbpf takes the '?' to mean: not by itself. */
		p->optional = !bpf_program__autoload(program);
		p->link = -1;
	}
	qsort_r(image->programs, image->count, sizeof(*image->programs), image_compare,
		(void *)image->btf);
	return 0;
}

struct image *image_open(const struct object *object, struct pin_error *error)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = object->name);
	struct image *image = calloc(1, sizeof(*image));
	struct loadlog log;
	int err;

	if (!image) {
		error_set(error, -ENOMEM, "no memory");
		return NULL;
	}
	image->object = object;
	image->inner = -1;
	loadlog_begin(&log);
	image->bpf = bpf_object__open_mem(object->data, object->size, &opts);
	err = image->bpf ? 0 : -errno;
	loadlog_end();
	if (err) {
		err = error_set(error, -EINVAL, "%s: not a BPF object: %s", object->path,
				log.reason[0] ? log.reason : strerror(-err));
		goto out;
	}
	image->btf = bpf_object__btf(image->bpf);
	if (!image->btf) {
		err = error_set(error, -EINVAL, "%s: has no BTF", object->path);
		goto out;
	}
	err = image_collect(image);
	if (err)
		error_set(error, err, "%s: %m", object->path);
out:
	if (!err)
		return image;
	image_free(image);
	errno = -err;
	return NULL;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	for (size_t i = 0; i < image->count; i++)
		if (image->programs[i].link >= 0)
			close(image->programs[i].link);
	if (image->inner >= 0)
		close(image->inner);
	free(image->programs);
	bpf_object__close(image->bpf);
	free(image);
}

struct bpf_map *image_map(const struct image *image, const char *name)
{
	return bpf_object__find_map_by_name(image->bpf, name);
}

int image_map_fd(const struct image *image, const char *name)
{
	struct bpf_map *map = image_map(image, name);
	int fd = map ? bpf_map__fd(map) : -1;

	return fd < 0 ? -1 : fd;
}

/* ---- hooks ---- */

int image_hooks(const struct image *image, struct hooks *hooks, struct pin_error *error)
{
	int err = 0;

	for (size_t i = 0; i < image->count && !err; i++)
		err = hooks_add(hooks, image->programs[i].name, error);
	if (!err && !hooks->count)
		err = error_set(error, -EINVAL, "it has no programs");
	return err ? error_prefix(error, err, "%s", image->object->path) : 0;
}

void image_rule_out(const struct image *image, struct hooks *hooks)
{
	const char *reason;

	for (size_t i = 0; i < image->count; i++)
		if (!kind_available(image->programs[i].kind, &reason))
			hooks_fail(hooks, image->programs[i].name, reason);
}

bool image_absent(const struct image_program *program)
{
	return attach_absent(program->program, program->kind, program->optional);
}

bool image_uses(const struct image_program *program, const struct hooks *hooks)
{
	return !program->absent && hooks_uses(hooks, program->name);
}

/* A variant all of whose programs are for system calls that do not exist is none. */
static bool image_variant_left(const struct image *image, const struct hook *hook)
{
	const char *variant = hook->variants[hook->chosen].name;
	struct hook_name name;

	for (size_t i = 0; i < image->count; i++)
		if (!image->programs[i].absent &&
		    !hook_parse(image->programs[i].name, &name, NULL) &&
		    !strcmp(name.hook, hook->name) && !strcmp(name.variant, variant))
			return true;
	return false;
}

int image_choose(struct image *image, struct hooks *hooks, struct pin_error *error)
{
	int err;

	for (size_t i = 0; i < image->count; i++)
		image->programs[i].absent = image_absent(&image->programs[i]);
again:
	err = hooks_choose(hooks, error);
	if (err)
		return err;
	for (unsigned int i = 0; i < hooks->count; i++) {
		struct hook *hook = &hooks->hook[i];
		struct hook_variant *variant = &hook->variants[hook->chosen];

		if (image_variant_left(image, hook))
			continue;
		variant->failed = true;
		strcpy(variant->reason, "this kernel has none of its system calls");
		goto again;
	}
	for (size_t i = 0; i < image->count; i++)
		bpf_program__set_autoload(image->programs[i].program,
					  image_uses(&image->programs[i], hooks));
	return 0;
}

int image_settings(struct image *image, const struct config *config, struct pin_error *error)
{
	const struct config_module *section = config_section(config, image->object->name);
	int err = 0;

	for (size_t i = 0; section && i < section->variables_count && !err; i++) {
		const struct config_variable *v = &section->variables[i];

		err = settings_set(image->bpf, v->name, v->value, error);
		/* Whatever it was, it is the configuration that is wrong, not the kernel. */
		if (err)
			err = error_prefix(error, -EINVAL, "%s:%u: [%s]", config->path, v->line,
					   section->name);
	}
	return err;
}

/* ---- into the kernel ---- */

int image_load(struct image *image, struct hooks *hooks, struct pin_error *error)
{
	char reason[HOOK_REASON_LEN + 64];
	struct loadlog log;
	int err;

	loadlog_begin(&log);
	err = bpf_object__load(image->bpf);
	loadlog_end();
	if (!err)
		return 0;
	if (!log.reason[0])
		snprintf(log.reason, sizeof(log.reason), "%s", strerror(-err));
	snprintf(reason, sizeof(reason), "%s%s", log.verifier ? "verifier: " : "", log.reason);
	if (log.program[0] && hooks_fail(hooks, log.program, reason) > 0)
		return -EAGAIN;
	/* -EAGAIN has a meaning to the caller, which the kernel's own does not have. */
	return error_set(error, err == -EAGAIN ? -EBUSY : err, "%s: loading: %s",
			 image->object->path, log.reason);
}

int image_attach(struct image *image, struct hooks *hooks, struct pin_error *error)
{
	for (size_t i = 0; i < image->count; i++) {
		struct image_program *p = &image->programs[i];

		if (p->kind == KIND_ITER || !image_uses(p, hooks))
			continue;
		p->link = attach_program(p->program, p->kind, error);
		if (p->link >= 0)
			continue;
		if (hooks_fail(hooks, p->name, error->text) > 0)
			return -EAGAIN;
		return error_prefix(error, p->link == -EAGAIN ? -EBUSY : p->link, "%s",
				    image->object->path);
	}
	return 0;
}

int image_run_iterators(const struct image *image, struct pin_error *error)
{
	for (size_t i = 0; i < image->count; i++) {
		struct image_program *p = &image->programs[i];

		if (p->kind != KIND_ITER || !bpf_program__autoload(p->program))
			continue;
		p->link = attach_run_iterator(p->program, error);
		if (p->link < 0)
			return p->link;
	}
	return 0;
}
