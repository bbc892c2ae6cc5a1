/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that make system calls, and what the lines of syscall-monitor say of them. */
#ifndef TESTS_LIVE_CALLS_H
#define TESTS_LIVE_CALLS_H

#include <stdbool.h>
#include <sys/types.h>

#include "pulsar-test.h"

#define CALLS_MODULE "syscall-monitor"

/* Options of a reader that looks at the table all the time. */
extern const char *const calls_often[];

/* ---- processes ---- */

/* Makes getppid() so often. */
void calls_make(int times);
/* A child that does it with this number, and ends. */
pid_t calls_run(void (*body)(int number), int number);
/* Waits for its end. */
void calls_ended(pid_t pid);

/* ---- lines ---- */

/* Whether a line is of that process, while it ran a program whose path holds `image`; NULL: any. */
bool calls_are_of(json_t *event, pid_t pid, const char *image);
/* How often a process made a call, and in how many lines that was told, if `lines` is not NULL. */
long long calls_told(json_t *events, pid_t pid, const char *image, const char *name, int *lines);
/* Lets the reader deliver what ended, look at the table once more, and end. */
json_t *calls_finish(struct kit *kit, struct kit_reader *reader);

#endif
