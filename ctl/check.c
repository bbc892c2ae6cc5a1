// SPDX-License-Identifier: Apache-2.0
/* Judgements of single things. What each is for is said in docs/design.md and pulsarctl(1). */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static void say(struct check *check, enum check_level level, const char *advice, const char *format,
		...) __attribute__((format(printf, 4, 5)));

static void say(struct check *check, enum check_level level, const char *advice, const char *format,
		...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(check->found, sizeof(check->found), format, args);
	va_end(args);
	ascii(check->found);
	check->level = level;
	check->advice = advice;
}

const char *check_level_name(enum check_level level)
{
	static const char *const names[] = {
		[CHECK_OK] = "ok",	   [CHECK_NOTE] = "note",	[CHECK_WARNING] = "warning",
		[CHECK_FAILED] = "failed", [CHECK_UNKNOWN] = "unknown",
	};

	return names[level];
}

void check_kernel(struct check *check, const char *release)
{
	unsigned int major = 0, minor = 0;
	unsigned int version;

	if (sscanf(release, "%u.%u", &major, &minor) != 2) {
		say(check, CHECK_UNKNOWN, NULL, "%s", release);
		return;
	}
	version = major * 1000 + minor;
	if (version < 5016) /* RENAME_EXCHANGE on bpffs */
		say(check, CHECK_FAILED, "use Linux 6.1 or newer", "%s: Pulsar needs 5.16",
		    release);
	else if (version < 5019) /* BPF_OBJ_GET without CAP_BPF */
		say(check, CHECK_WARNING, "use Linux 6.1 or newer",
		    "%s: before 5.19, readers need CAP_BPF", release);
	else if (version < 6001)
		say(check, CHECK_WARNING, "use Linux 6.1 or newer", "%s: tested from 6.1 on",
		    release);
	else
		say(check, CHECK_OK, NULL, "%s", release);
}

void check_btf(struct check *check, const char *text)
{
	if (text)
		say(check, CHECK_OK, NULL, "the kernel describes its types");
	else
		say(check, CHECK_FAILED, "use a kernel with CONFIG_DEBUG_INFO_BTF=y",
		    "/sys/kernel/btf/vmlinux is not there");
}

/* "none [integrity] confidentiality", security/lockdown/lockdown.c */
void check_lockdown(struct check *check, const char *text)
{
	const char *open = text ? strchr(text, '[') : NULL;
	size_t len = open ? strcspn(open + 1, "]") : 0;

	if (!open)
		say(check, text ? CHECK_OK : CHECK_UNKNOWN, NULL, "%s",
		    text ? "not in use" : "/sys/kernel/security is not mounted, or hidden");
	else if (!strncmp(open + 1, "confidentiality", len))
		/* LOCKDOWN_BPF_READ_KERNEL */
		say(check, CHECK_FAILED, "boot with lockdown=integrity",
		    "confidentiality: programs may not read kernel memory");
	else
		say(check, CHECK_OK, NULL, "%.*s", (int)len, open + 1);
}

/* "lockdown,capability,landlock,bpf" */
void check_lsm(struct check *check, const char *text)
{
	const char *at = text;

	for (; at && *at; at += strspn(at, ",\n")) {
		size_t len = strcspn(at, ",\n");

		if (len == 3 && !strncmp(at, "bpf", len)) {
			say(check, CHECK_OK, NULL, "bpf is active");
			return;
		}
		at += len;
	}
	if (text)
		say(check, CHECK_NOTE,
		    "for lsm programs, add bpf to lsm= on the kernel's command line",
		    "bpf is not among the active ones; other programs are used");
	else
		say(check, CHECK_UNKNOWN, NULL, "/sys/kernel/security is not mounted, or hidden");
}

static long number(const char *text, long otherwise)
{
	char *end;
	long n;

	if (!text)
		return otherwise;
	n = strtol(text, &end, 10);
	return end == text ? otherwise : n;
}

void check_unprivileged_bpf(struct check *check, const char *text)
{
	long n = number(text, -1);

	if (n < 0)
		say(check, CHECK_UNKNOWN, NULL, "kernel.unprivileged_bpf_disabled cannot be read");
	else if (!n)
		say(check, CHECK_NOTE, "sysctl kernel.unprivileged_bpf_disabled=2",
		    "0: any user may load programs; Pulsar does not need that");
	else
		say(check, CHECK_OK, NULL, "%ld: readers do without", n);
}

void check_perf_paranoid(struct check *check, const char *text)
{
	long n = number(text, 99);

	if (n == 99)
		say(check, CHECK_UNKNOWN, NULL, "kernel.perf_event_paranoid cannot be read");
	else if (n > 2)
		say(check, CHECK_NOTE,
		    "to have loaderd drop it: sysctl kernel.perf_event_paranoid=2",
		    "%ld: loaderd has to keep CAP_SYS_ADMIN to open rings", n);
	else
		say(check, CHECK_OK, NULL, "%ld: loaderd opens rings with CAP_PERFMON", n);
}

void check_jit(struct check *check, const char *text)
{
	long n = number(text, -1);

	if (n < 0)
		say(check, CHECK_UNKNOWN, NULL, "net.core.bpf_jit_enable cannot be read");
	else if (!n)
		say(check, CHECK_WARNING, "sysctl net.core.bpf_jit_enable=1",
		    "0: programs are interpreted, and much slower");
	else
		say(check, CHECK_OK, NULL, "%ld: programs are compiled", n);
}

void check_bpf_stats(struct check *check, const char *text)
{
	if (number(text, -1) > 0)
		say(check, CHECK_OK, NULL, "the kernel counts the run time of programs");
	else
		say(check, CHECK_NOTE,
		    "to see it in pulsarctl metrics: sysctl kernel.bpf_stats_enabled=1",
		    "the kernel does not count the run time of programs");
}

void check_mount(struct check *check, const char *mounts, const char *type, const char *missing)
{
	char place[128], found[32];
	const char *line = mounts;

	for (; line && *line; line = strchrnul(line, '\n'), line += *line == '\n') {
		if (sscanf(line, "%*s %127s %31s", place, found) != 2 || strcmp(found, type))
			continue;
		say(check, CHECK_OK, NULL, "%s", place);
		return;
	}
	say(check, CHECK_NOTE, NULL, "%s", missing);
}

const char *check_kind_advice(const char *kind)
{
	static const struct {
		const char *kind, *advice;
	} advices[] = {
		{ "fentry",
		  "needs CONFIG_FUNCTION_TRACER and CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS, "
		  "and a kernel that does not refuse it" },
		{ "kprobe", "needs CONFIG_KPROBES and CONFIG_KPROBE_EVENTS" },
		{ "lsm", "needs CONFIG_BPF_LSM, and bpf in lsm= on the kernel's command line" },
		{ "tp", "needs CONFIG_FTRACE_SYSCALLS, and tracefs" },
		{ "tp_btf", "needs CONFIG_DEBUG_INFO_BTF" },
		{ "cgroup", "needs the unified cgroup hierarchy to be mounted" },
		{ "iter", "needs CONFIG_BPF_SYSCALL and CONFIG_DEBUG_INFO_BTF" },
	};

	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (!strcmp(kind, advices[i].kind))
			return advices[i].advice;
	return NULL;
}
