/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a machine matters to Pulsar, judged without loaderd: a row for each thing
 * that was looked at, what was found, and what to do about it.
 */
#ifndef CTL_CHECK_H
#define CTL_CHECK_H

#include <stddef.h>

#include "ctl.h"

enum check_level {
	CHECK_OK,
	CHECK_NOTE,    /* works, but something is not available */
	CHECK_WARNING, /* works only for some */
	CHECK_FAILED,  /* Pulsar does not work */
	CHECK_UNKNOWN, /* could not be looked at */
};

struct check {
	const char *name;
	enum check_level level;
	char found[192];
	const char *advice; /* what to do; NULL: nothing */
};

#define CHECKS_MAX 24

struct checks {
	struct check check[CHECKS_MAX];
	size_t count;
};

/** checks_run() - looks at everything; @pin_root: where the modules are to be pinned. */
void checks_run(struct checks *checks, const char *pin_root);

/** check_level_name() - "ok", "note", "warning", "failed", "unknown". */
const char *check_level_name(enum check_level level);

/*
 * The judgements, pure: each takes what a file says, NULL: there is no such file, and
 * writes level, found and advice.
 */
void check_kernel(struct check *check, const char *release);
void check_btf(struct check *check, const char *text);
void check_lockdown(struct check *check, const char *text);
void check_lsm(struct check *check, const char *text);
void check_unprivileged_bpf(struct check *check, const char *text);
void check_perf_paranoid(struct check *check, const char *text);
void check_jit(struct check *check, const char *text);
void check_bpf_stats(struct check *check, const char *text);

/** check_mount() - finds a file system in the text of /proc/self/mounts: @type "bpf". */
void check_mount(struct check *check, const char *mounts, const char *type, const char *missing);

/** check_kind_advice() - what to do about a kind of programs that is not available; NULL: nothing. */
const char *check_kind_advice(const char *kind);

#endif
