/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What loaderd may still do after its set-up.
 */
#ifndef LOADERD_CONFINE_H
#define LOADERD_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

struct pin_error;

enum confine_when {
	CONFINE_ALWAYS,
	CONFINE_PERF_PARANOID, /* if perf_event_paranoid is above 2 */
	CONFINE_CGROUPS,       /* if there are neither fentry programs nor kprobes */
};

/* Why a capability is kept; one row of confine_capabilities(). */
struct confine_capability {
	int number;	  /* CAP_BPF, ... */
	const char *name; /* "CAP_BPF" */
	enum confine_when when;
	const char *reason;
};

/* The table of capabilities that loaderd keeps; *count: its rows. */
const struct confine_capability *confine_capabilities(size_t *count);

/*
 * Raises RLIMIT_NOFILE to the hard limit: 0 or negative errno. Call it first of all,
 * rings need descriptors.
 */
int confine_raise_files(void);

/**
 * confine_self() - give up what loaderd does not need once it listens
 * @error: says which step failed
 *
 * Drops capabilities (all five sets) down to confine_capabilities(), sets no_new_privs and loads
 * a seccomp filter. Irreversible, also for modules that are loaded later. Capabilities that the
 * process does not have stay away.
 *
 * Return: 0 or negative errno: then the process is in between and must end.
 */
int confine_self(struct pin_error *error);

#endif
