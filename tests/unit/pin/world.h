/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bpffs of its own for each test: mounted at /sys/fs/bpf in a private mount
 * namespace, so nothing outside sees it and it goes with the process.
 */
#ifndef PULSAR_TEST_PIN_WORLD_H
#define PULSAR_TEST_PIN_WORLD_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <linux/bpf.h>

#include "pin.h"

#define MOUNT_POINT "/sys/fs/bpf"
#define ROOT	    MOUNT_POINT "/pulsar-test"

#define NOBODY	    65534
/* Not the number of a group on any machine that builds this; a group that is. */
#define GROUP	    54321
#define GROUP_NAMED 1
/* Another uid than root's. */
#define STRANGER    1234

/* Fixtures. Skip, with the reason, without root. */
void world_bare(void);	  /* nothing is mounted at MOUNT_POINT */
void world_mounted(void); /* bpffs is, 0711 */

/* All of these fail the test themselves. */
struct pin_root *root_own(void);
struct pin_root *root_look(void);
int map_new(enum bpf_map_type type);
int program_new(void);
int link_new(void);
/* Pins a module with all that one can have: two links (leave, enter), maps/own, maps/open (public),
 * subscriptions default and siem. */
void module_new(struct pin_root *root, const char *module, gid_t gid);
struct pin_stage *stage_full(struct pin_root *root, const char *module, gid_t gid);

/*
 * Runs `body` in a process of that user and group, which has no other and no capability; what
 * it returned.
 */
int run_as(uid_t uid, gid_t gid, int (*body)(void *arg), void *arg);

/* A visitor that notes the names, each with a space after it, and returns 42 at `stop_at`. */
struct seen {
	char text[256];
	const char *stop_at;
};
int see(const char *name, void *seen);

/* Names are below ROOT. */
struct stat look_at(const char *name);
bool is_there(const char *name);
unsigned int map_id(int fd);

/* Fails unless the error's text is exactly this (a printf format). */
void assert_text(const struct pin_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
