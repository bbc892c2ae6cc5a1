// SPDX-License-Identifier: Apache-2.0
/* Tries each kind of program with one that does nothing. */
#include "kind.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "log.h"
#include "perf.h"

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
	const char *missing; /* what it means if that fails */
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

static int kind_attach_cgroup(const struct kind_trial *trial, int program_fd)
{
	return cgroup_attach(program_fd, trial->attach);
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

#define KIND_ATTACHING "attaching a trivial program"

/* bpf_fentry_test1() exists to be traced (net/bpf/test_run.c); nothing calls it by itself. */
static const struct kind_trial kind_trials[KINDS] = {
	[KIND_FENTRY] = { "fentry", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "bpf_fentry_test1",
			  BTF_KIND_FUNC, kind_attach_by_target, KIND_ATTACHING },
	[KIND_KPROBE] = { "kprobe", BPF_PROG_TYPE_KPROBE, 0, NULL, 0, kind_attach_perf,
			  "this kernel has no kprobes" },
	[KIND_LSM] = { "lsm", BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_bpf", BTF_KIND_FUNC,
		       kind_attach_by_target, KIND_ATTACHING },
	[KIND_TP] = { "tp", BPF_PROG_TYPE_TRACEPOINT, 0, NULL, 0, kind_attach_perf,
		      "there are no tracepoints in tracefs" },
	[KIND_TP_BTF] = { "tp_btf", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP,
			  "btf_trace_sched_process_exit", BTF_KIND_TYPEDEF, kind_attach_by_target,
			  KIND_ATTACHING },
	[KIND_RAW_TP] = { "raw_tp", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, NULL, 0, kind_attach_raw_tp,
			  KIND_ATTACHING },
	[KIND_CGROUP] = { "cgroup", BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_RELEASE, NULL,
			  0, kind_attach_cgroup, KIND_ATTACHING },
	[KIND_ITER] = { "iter", BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, "bpf_iter_task",
			BTF_KIND_FUNC, kind_attach_by_target, KIND_ATTACHING },
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
	case BPF_PROG_TYPE_CGROUP_SOCK:
		return KIND_CGROUP;
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

/* A BTF id of the kernel, or negative errno. */
static int kind_find(const char *name, __u32 btf_kind)
{
	if (!kind_vmlinux)
		kind_vmlinux = btf__load_vmlinux_btf();
	if (!kind_vmlinux)
		return -errno;
	return btf__find_by_name_kind(kind_vmlinux, name, btf_kind);
}

bool kind_function_exists(const char *name)
{
	return kind_find(name, BTF_KIND_FUNC) > 0;
}

static int kind_load(const struct kind_trial *trial, int map_fd, const char **step)
{
	/* *(u32 *)map_value = 1; r0 = 0; exit. Kinds without a map begin at the third line. */
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = map_fd },
		{ 0 }, /* the other half of the first one */
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_1, .imm = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const int first = map_fd < 0 ? 3 : 0;
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = trial->attach);
	int err;
	int fd;

	if (trial->target) {
		*step = "finding a target in the kernel's BTF";
		err = kind_find(trial->target, trial->target_kind);
		if (err < 0)
			return err;
		opts.attach_btf_id = (__u32)err;
	}
	*step = "loading a trivial program";
	fd = bpf_prog_load(trial->type, "pulsar_try", "GPL", insns + first,
			   sizeof(insns) / sizeof(insns[0]) - first, &opts);
	return fd < 0 ? -errno : fd;
}

static const char kind_lsm_idle[] =
	"a program was attached and did not run, bpf is not an active LSM";

/*
 * Without "bpf" among the active LSMs its programs load and attach, but nothing
 * calls them: security/bpf/hooks.c registers the hooks only then. This one is
 * called by every bpf(2), so the question whether it ran is what makes it run.
 */
static int kind_lsm_runs(int map_fd)
{
	__u32 zero = 0, ran = 0;

	if (bpf_map_lookup_elem(map_fd, &zero, &ran) < 0)
		return -errno;
	return ran ? 0 : -EOPNOTSUPP;
}

static int kind_try_with(const struct kind_trial *trial, int map_fd, const char **step)
{
	int program, link;
	int err = 0;

	program = kind_load(trial, map_fd, step);
	if (program < 0)
		return program;
	*step = trial->missing;
	link = trial->attach_to(trial, program);
	close(program);
	if (link == KIND_NO_LINK)
		return 0;
	if (link < 0)
		return link;
	if (map_fd >= 0) {
		*step = kind_lsm_idle;
		err = kind_lsm_runs(map_fd);
	}
	close(link);
	return err;
}

static int kind_try(enum kind kind, char *reason)
{
	const struct kind_trial *trial = &kind_trials[kind];
	const char *step = "making a map";
	int map = -1;
	int err = 0;

	if (kind == KIND_LSM) {
		map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "pulsar_try", sizeof(__u32), sizeof(__u32),
				     1, NULL);
		err = map < 0 ? -errno : 0;
	}
	if (!err)
		err = kind_try_with(trial, map, &step);
	/* Some steps say it all. */
	if (err && (step == kind_lsm_idle ||
		    (trial->attach_to == kind_attach_perf && step == trial->missing)))
		snprintf(reason, KIND_REASON_LEN, "%s", step);
	else if (err)
		snprintf(reason, KIND_REASON_LEN, "%s: %s", step, strerror(-err));
	if (map >= 0)
		close(map);
	return err;
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
		err = kind_try(kind, kind_found[kind].reason);
		if (err)
			log_info("no %s programs on this kernel: %s", kind_trials[kind].name,
				 kind_found[kind].reason);
		kind_found[kind].available = !err;
		kind_found[kind].known = true;
	}
	if (reason)
		*reason = kind_found[kind].reason;
	return kind_found[kind].available;
}

bool kind_is_reason(const char *text)
{
	for (int k = 0; k < KINDS; k++)
		if (kind_found[k].known && !kind_found[k].available &&
		    !strcmp(kind_found[k].reason, text))
			return true;
	return false;
}

void kind_trim(void)
{
	btf__free(kind_vmlinux);
	kind_vmlinux = NULL;
}
