/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object on its way into the kernel: opened, its programs in source order,
 * only the chosen variants loaded and attached. What was loaded lives on by pins
 * or dies with image_free().
 */
#ifndef LOADERD_IMAGE_H
#define LOADERD_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "hook.h"
#include "kind.h"
#include "pin.h"

struct bpf_map;
struct bpf_object;
struct bpf_program;
struct btf;
struct config;
struct object;

struct image_program {
	struct bpf_program *program;
	const char *name;
	enum kind kind;
	bool optional; /* its section's name begins with '?' */
	bool absent;   /* what it would be attached to does not exist, and cannot happen */
	int link;      /* descriptor, -1: none */
};

struct image {
	const struct object *object;
	struct bpf_object *bpf;
	const struct btf *btf;
	struct image_program *programs; /* in source order */
	size_t count;
	int inner; /* what maps in `subscriptions` look like, for libbpf's use; -1: none */
};

/**
 * image_open() - parses an object; nothing is in the kernel yet.
 * @object: outlives the image.
 *
 * Return: an image for image_free(), or NULL with errno and *error.
 */
struct image *image_open(const struct object *object, struct pin_error *error);

/** image_free() - detaches what is attached and not pinned. NULL is fine. */
void image_free(struct image *image);

/**
 * image_hooks() - reads the hooks from the names of the programs.
 * @hooks: empty.
 *
 * Return: 0, or -EINVAL, -E2BIG with *error.
 */
int image_hooks(const struct image *image, struct hooks *hooks, struct pin_error *error);

/**
 * image_rule_out() - marks variants with a kind of program that this kernel refuses.
 *
 * Each such kind costs one attempt in the life of the process, not one for each hook.
 */
void image_rule_out(const struct image *image, struct hooks *hooks);

/**
 * image_choose() - picks the variants to load.
 *
 * Return: 0, or -EOPNOTSUPP with *error: a hook has none left.
 */
int image_choose(struct image *image, struct hooks *hooks, struct pin_error *error);

/**
 * image_settings() - enters the module's settings of the configuration.
 *
 * Return: 0, or negative errno with *error: "FILE:LINE: ...".
 */
int image_settings(struct image *image, const struct config *config, struct pin_error *error);

/**
 * image_load() - loads the chosen programs and creates the maps that are not reused.
 *
 * Return: 0; -EAGAIN a variant failed and is marked: free this image, open it anew and
 * choose again; another negative errno with *error.
 */
int image_load(struct image *image, struct hooks *hooks, struct pin_error *error);

/**
 * image_attach() - attaches what was loaded.
 *
 * Return: as image_load().
 */
int image_attach(struct image *image, struct hooks *hooks, struct pin_error *error);

/**
 * image_run_iterators() - runs the chosen programs of kind iter, once each.
 *
 * Return: 0, or negative errno with *error.
 */
int image_run_iterators(const struct image *image, struct pin_error *error);

/** image_uses() - whether a program is one of those to be loaded, attached and pinned. */
bool image_uses(const struct image_program *program, const struct hooks *hooks);

/**
 * image_absent() - whether a program is for something that this kernel does not have, and cannot miss.
 *
 * image_choose() notes it; this asks anew. tracefs must be mounted.
 */
bool image_absent(const struct image_program *program);

/** image_map() - a map by name, NULL. */
struct bpf_map *image_map(const struct image *image, const char *name);

/** image_map_fd() - a map's descriptor by name, borrowed; -1: there is no such map, or it is not created. */
int image_map_fd(const struct image *image, const char *name);

#endif
