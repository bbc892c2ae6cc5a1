// SPDX-License-Identifier: Apache-2.0
/* Tries each kind of program with one that does nothing. */
#include "kind.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "perf.h"

#define KIND_LSM_LIST	"/sys/kernel/security/lsm"
#define KIND_REASON_LEN 160
#define KIND_NO_LINK	INT_MAX /* it would attach; there is no link to close */

/* How a kind is tried. */
struct kind_trial {
	const char *name;
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	/* What the program is for, as vmlinux's BTF names it; NULL: loading needs none. */
	const char *target;
	__u32 target_kind; /* BTF_KIND_* */
	/* Attaches the loaded program: a link's descriptor, KIND_NO_LINK, or negative errno. */
	int (*attach_to)(const struct kind_trial *trial, int program_fd);
};

static int kind_attach_by_target(const struct kind_trial *trial, int program_fd)
{
	int fd;

	if (trial->attach == BPF_TRACE_ITER)
		fd = bpf_link_create(program_fd, 0, BPF_TRACE_ITER, NULL);
	else
		fd = bpf_raw_tracepoint_open(NULL, program_fd);
	return fd < 0 ? -errno : fd;
}

static int kind_attach_raw_tp(const struct kind_trial *trial, int program_fd)
{
	int fd = bpf_raw_tracepoint_open("sched_process_exit", program_fd);

	(void)trial;
	return fd < 0 ? -errno : fd;
}

/*
 * Only whether there are such events at all: closing one that was opened waits
 * for grace periods, some 50 ms, in which the modules could have been started.
 */
static int kind_attach_perf(const struct kind_trial *trial, int program_fd)
{
	(void)program_fd;
	if (trial->type == BPF_PROG_TYPE_KPROBE)
		return perf_kprobes_exist() ? KIND_NO_LINK : -ENODEV;
	return perf_tracepoint_exists("sched/sched_process_exit") ? KIND_NO_LINK : -ENOENT;
}

/* bpf_fentry_test1() exists to be traced (net/bpf/test_run.c); nothing calls it by itself. */
static const struct kind_trial kind_trials[KINDS] = {
	[KIND_FENTRY] = { "fentry", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "bpf_fentry_test1",
			  BTF_KIND_FUNC, kind_attach_by_target },
	[KIND_KPROBE] = { "kprobe", BPF_PROG_TYPE_KPROBE, 0, NULL, 0, kind_attach_perf },
	[KIND_LSM] = { "lsm", BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_syslog", BTF_KIND_FUNC,
		       kind_attach_by_target },
	[KIND_TP] = { "tp", BPF_PROG_TYPE_TRACEPOINT, 0, NULL, 0, kind_attach_perf },
	[KIND_TP_BTF] = { "tp_btf", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP,
			  "btf_trace_sched_process_exit", BTF_KIND_TYPEDEF, kind_attach_by_target },
	[KIND_RAW_TP] = { "raw_tp", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, NULL, 0, kind_attach_raw_tp },
	[KIND_ITER] = { "iter", BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, "bpf_iter_task",
			BTF_KIND_FUNC, kind_attach_by_target },
};

/* What was found; the process asks one kernel only. */
static struct {
	bool known;
	bool available;
	char reason[KIND_REASON_LEN];
} kind_found[KINDS];
static struct btf *kind_vmlinux;

enum kind kind_of(const struct bpf_program *program)
{
	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_KPROBE:
		/* Uprobes have the same type. */
		return strchr(bpf_program__section_name(program), 'k') ==
				       bpf_program__section_name(program)
			       ? KIND_KPROBE
			       : KIND_OTHER;
	case BPF_PROG_TYPE_LSM:
		return KIND_LSM;
	case BPF_PROG_TYPE_TRACEPOINT:
		return KIND_TP;
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
		return KIND_RAW_TP;
	case BPF_PROG_TYPE_TRACING:
		break;
	default:
		return KIND_OTHER;
	}
	switch (bpf_program__expected_attach_type(program)) {
	case BPF_TRACE_RAW_TP:
		return KIND_TP_BTF;
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
	case BPF_MODIFY_RETURN:
		return KIND_FENTRY;
	case BPF_TRACE_ITER:
		return KIND_ITER;
	default:
		return KIND_OTHER;
	}
}

const char *kind_name(enum kind kind)
{
	return kind < KINDS ? kind_trials[kind].name : "other";
}

/*
 * Without "bpf" in the list of active LSMs such programs load and attach, and
 * are never called (security/bpf/hooks.c registers its hooks only then).
 */
static int kind_try_lsm(char *reason)
{
	char list[256] = ",", *names = list + 1;
	ssize_t n = -1;
	int fd;

	fd = open(KIND_LSM_LIST, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, names, sizeof(list) - 3);
		close(fd);
	}
	if (n <= 0) {
		snprintf(reason, KIND_REASON_LEN,
			 "lsm: cannot tell whether LSM bpf is active: %s: %s", KIND_LSM_LIST,
			 strerror(errno));
		return -ENOENT;
	}
	names[n] = '\0';
	names[strcspn(names, "\n")] = '\0';
	strcat(names, ",");
	if (strstr(list, ",bpf,"))
		return 0;
	names[strlen(names) - 1] = '\0';
	snprintf(reason, KIND_REASON_LEN, "lsm: bpf is not among the active LSMs (%.100s)", names);
	return -EOPNOTSUPP;
}

static int kind_find_target(const struct kind_trial *trial, __u32 *id)
{
	int found;

	if (!kind_vmlinux)
		kind_vmlinux = btf__load_vmlinux_btf();
	if (!kind_vmlinux)
		return -errno;
	found = btf__find_by_name_kind(kind_vmlinux, trial->target, trial->target_kind);
	if (found < 0)
		return found;
	*id = (__u32)found;
	return 0;
}

static int kind_load(const struct kind_trial *trial, const char **step)
{
	/* r0 = 0; exit */
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = trial->attach);
	int err;
	int fd;

	if (trial->target) {
		*step = "finding a target in the kernel's BTF";
		err = kind_find_target(trial, &opts.attach_btf_id);
		if (err)
			return err;
	}
	*step = "loading a trivial program";
	fd = bpf_prog_load(trial->type, "pulsar_try", "GPL", insns,
			   sizeof(insns) / sizeof(insns[0]), &opts);
	return fd < 0 ? -errno : fd;
}

static int kind_try(const struct kind_trial *trial, char *reason)
{
	const char *step;
	int program, link;

	program = kind_load(trial, &step);
	if (program < 0) {
		snprintf(reason, KIND_REASON_LEN, "%s: %s: %s", trial->name, step,
			 strerror(-program));
		return program;
	}
	link = trial->attach_to(trial, program);
	close(program);
	if (link == KIND_NO_LINK)
		return 0;
	if (link >= 0) {
		close(link);
		return 0;
	}
	if (trial->attach_to == kind_attach_perf)
		snprintf(reason, KIND_REASON_LEN, "%s: this kernel has no %s", trial->name,
			 trial->type == BPF_PROG_TYPE_KPROBE ? "kprobes"
							     : "tracepoints in tracefs");
	else
		snprintf(reason, KIND_REASON_LEN, "%s: attaching a trivial program: %s",
			 trial->name, strerror(-link));
	return link;
}

bool kind_available(enum kind kind, const char **reason)
{
	int err;

	if (kind >= KINDS) {
		if (reason)
			*reason = "no module may have programs of this kind";
		return false;
	}
	if (!kind_found[kind].known) {
		kind_found[kind].reason[0] = '\0';
		err = kind == KIND_LSM ? kind_try_lsm(kind_found[kind].reason) : 0;
		if (!err)
			err = kind_try(&kind_trials[kind], kind_found[kind].reason);
		kind_found[kind].available = !err;
		kind_found[kind].known = true;
	}
	if (reason)
		*reason = kind_found[kind].reason;
	return kind_found[kind].available;
}

void kind_forget(void)
{
	memset(kind_found, 0, sizeof(kind_found));
	btf__free(kind_vmlinux);
	kind_vmlinux = NULL;
}
