/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of programs, and which of them this kernel allows: found by loading and
 * attaching a trivial program of the kind, once.
 */
#ifndef LOADERD_KIND_H
#define LOADERD_KIND_H

#include <stdbool.h>

struct bpf_program;

enum kind {
	KIND_FENTRY, /* fentry, fexit, fmod_ret */
	KIND_KPROBE, /* kprobe, kretprobe */
	KIND_LSM,
	KIND_TP, /* tracepoints through perf events */
	KIND_TP_BTF,
	KIND_RAW_TP,
	KIND_CGROUP, /* in the root of the unified cgroup hierarchy: for all processes */
	KIND_ITER, /* runs once after the others were attached, and again by whoever opens its link */
	KIND_OTHER, /* no module may have it */
	KINDS = KIND_OTHER,
};

/** kind_of() - the kind of an opened program. */
enum kind kind_of(const struct bpf_program *program);

/** kind_name() - "fentry". */
const char *kind_name(enum kind kind);

/**
 * kind_available() - whether this kernel lets programs of this kind be used.
 * @reason: if not NULL, why not: words that live as long as the process; "" if it does.
 *
 * The first call for a kind tries it, further ones remember. tracefs must be
 * mounted then, if it ever is.
 */
bool kind_available(enum kind kind, const char **reason);

/** kind_is_reason() - whether a text is what kind_available() gave as a reason. */
bool kind_is_reason(const char *text);

/** kind_function_exists() - whether the kernel's BTF has a function of this name; false without BTF. */
bool kind_function_exists(const char *name);

/** kind_trim() - frees the memory that trying takes; what was found stays. */
void kind_trim(void);

#endif
