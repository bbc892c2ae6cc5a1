/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One module: what is pinned of it, its stream, and why it is as it is. Loaded
 * here; taken over in adopt.h, replaced in upgrade.h.
 */
#ifndef LOADERD_MODULE_H
#define LOADERD_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <pulsar/schema.h>

#include "hook.h"
#include "pin.h"

#define MODULE_NUMBERS 64 /* bits of pulsar_process.filters */

struct config;
struct image;
struct interest;
struct launch;
struct object;
struct stream;

/* What all modules are loaded into. */
struct module_site {
	struct pin_root *pins;
	const struct config *config;
	struct interest *interest; /* the filters of all modules */
	unsigned int cpus;	   /* possible CPUs, see cpus_end() */
};

enum module_state {
	MODULE_STOPPED,
	MODULE_RUNNING,
	MODULE_FAILED,
};

struct module {
	char name[PULSAR_MODULE_LEN];
	enum module_state state;
	bool made;		 /* pinned by this process, where nothing was before */
	bool adopted;		 /* taken over from another process, nothing attached */
	bool held;		 /* stopped by request, until it is started by one */
	unsigned int number;	 /* its bit in the filters of a process */
	gid_t gid;		 /* who may read it */
	__u32 adoptions;	 /* how often it was taken over since it was first pinned */
	size_t ring_bytes;	 /* of each ring, for a stream to be made */
	struct pulsar_meta meta; /* of what is pinned */
	size_t events;		 /* how many kinds of event it has */
	struct hooks hooks;	 /* with the reasons of the variants that were not taken */
	struct stream *stream;	 /* NULL: it has no events, or does not run */
	struct pin_error
		error; /* MODULE_FAILED: why; MODULE_RUNNING: why it was not upgraded; "": well */
};

/**
 * module_new() - a module that does not run yet.
 * @name: valid.
 *
 * Return: a module for module_free(), NULL with ENOMEM.
 */
struct module *module_new(const char *name);

/** module_free() - closes its rings; its pins stay. NULL is fine. */
void module_free(struct module *module);

/**
 * module_load() - loads, attaches and pins a module afresh.
 * @module: its gid and ring_bytes are set.
 * @launch: of it, perhaps prepared and loaded; the caller releases it. Its generation is 1, or one
 *	more than that of pins which cannot be taken over.
 *
 * Rings first, then programs: no event finds no ring. What is pinned of the module is
 * replaced in one step. On failure nothing of the new one is left.
 *
 * Return: 0; 1 with *error: done, but something of the old pins could not be removed;
 * -EOPNOTSUPP a hook works in no way on this kernel; another negative errno with *error.
 */
int module_load(struct module *module, struct launch *launch, struct pin_error *error);

/**
 * module_remove() - stops the programs and removes all pins; the stream ends.
 *
 * Return: 0, or negative errno with *error: then some of it is still there.
 */
int module_remove(struct module *module, const struct module_site *site, struct pin_error *error);

/**
 * module_check() - judges an object and the module's settings without the kernel's help.
 *
 * Return: 0 with the hooks in module->hooks and the number of event structs in
 * module->events; negative errno with *error.
 */
int module_check(struct module *module, const struct config *config, const struct object *object,
		 struct pin_error *error);

/**
 * module_identity() - the identity that an object would have if it were loaded now.
 * @image: of the object.
 * @number: the module's number to assume.
 *
 * Return: 0, or negative errno with *error.
 */
int module_identity(const struct module *module, const struct module_site *site,
		    const struct image *image, unsigned int number,
		    __u8 identity[PULSAR_IDENTITY_LEN], struct pin_error *error);

#endif
