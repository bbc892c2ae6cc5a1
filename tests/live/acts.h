/* SPDX-License-Identifier: Apache-2.0 */
/* What tests about processes share: a folder for programs, a child that does something, events. */
#ifndef LIVE_ACTS_H
#define LIVE_ACTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ACT_PROGRAM "/usr/bin/true"
#define ACT_SHELL   "/usr/bin/dash"
#define ACT_NOTHING PULSAR_TEST_BUILD "/tests/nothing" /* takes less time; may be below a link */

/* ---- a folder of the test's own ---- */

void folder_make(void);
/* With the files in it. */
void folder_remove(void);
const char *folder_path(void);
/* A path in it; valid until a few calls later. */
const char *in_folder(const char *name);
void write_file(const char *path, const char *text, mode_t mode);
/* So that a program has a path of its own, without links. */
void copy_program(const char *from, const char *name);

/* Where a filesystem of that type is mounted, with that option, if it is not NULL. */
bool mount_of(const char *type, const char *option, char *path, size_t size);

/* ---- one child that does something ---- */

struct act {
	void (*body)(void); /* in the child */
	pid_t pid;
	int status;
};

/* Runs it to its end; `arg` is a struct act. */
void act(void *arg);
void become(const char *path);
/* Runs a program without arguments to its end: its pid. */
pid_t run_program(const char *path);

/* ---- events ---- */

json_t *payload_of(json_t *event);
json_t *header_of(json_t *event);
bool event_is(json_t *event, const char *name);
long long number_of(json_t *object, const char *name);

#endif
