/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps clients from filling the log with what they did wrong.
 */
#ifndef LOADERD_COMPLAINTS_H
#define LOADERD_COMPLAINTS_H

#include <sys/types.h>
#include <time.h>

/* All zero: nobody has complained. */
struct complaints {
	time_t since; /* begin of the period, CLOCK_MONOTONIC */
	unsigned int logged;
	unsigned int held_back;
};

/* Logs at warning level what a client did, but only so many of these in a period. */
void complaints_add(struct complaints *complaints, pid_t pid, uid_t uid, const char *what);

#endif
