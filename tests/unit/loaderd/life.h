/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon without its loop, for tests of what becomes of modules on the real kernel. In a
 * mount namespace with a bpffs of its own, so that nothing outlives the test.
 */
#ifndef TESTS_LOADERD_LIFE_H
#define TESTS_LOADERD_LIFE_H

#include <stdbool.h>

#include <linux/types.h>

#include "modules.h"

#define LIFE_ROOT   "/sys/fs/bpf/pulsar-test"
#define LIFE_OBJECT PULSAR_TEST_BPF_DIR "/life.bpf.o"

/* What a start makes and a death leaves. */
struct life {
	char folder[32]; /* modules */
	struct config *config;
	struct pin_root *pins;
	struct modules *modules;
};

/* Its folder has module life; skips the test if not root. */
void life_init(struct life *life);
void life_release(struct life *life);
/* Puts an object into the folder, in one step. */
void life_copy_object(const struct life *life, const char *from, const char *name);

/* Starts it with this configuration: what modules_apply() returned. */
int life_start(struct life *life, const char *text, struct pin_error *error);
/* The same, which must succeed: module life. */
struct module *life_started(struct life *life, const char *text);
/* As after SIGKILL: descriptors and mappings are gone, pins are not. */
void life_die(struct life *life);
/* How many modules could not be changed. */
int life_reload(struct life *life, const char *text);

/* Names of pins are below LIFE_ROOT. */
bool life_pinned(const char *name);
int life_open_pin(const char *name);

/*
 * Over all CPUs: what was produced, and what of it was lost to slot 0, but for what found its ring full:
 * nobody reads it, and others on the machine make directories, too.
 */
void life_count(__u64 *produced, __u64 *lost);
/* An event for each; by another process, as this one is excluded, as loaderd is. */
void life_make_directories(int n);

#endif
