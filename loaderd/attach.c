// SPDX-License-Identifier: Apache-2.0
/* Attaches programs by kind and section name; bpf(2), BPF_LINK_CREATE. */
#include "attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "error.h"
#include "perf.h"

/* "tp/sched/sched_switch" -> "sched/sched_switch"; "" if the section names no target. */
static const char *attach_target(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);
	const char *slash = strchr(section, '/');

	return slash ? slash + 1 : "";
}

static bool attach_section_is(const struct bpf_program *program, const char *prefix)
{
	return !strncmp(bpf_program__section_name(program), prefix, strlen(prefix));
}

static int attach_perf(const struct bpf_program *program, enum kind kind)
{
	const char *target = attach_target(program);
	int perf, link;

	if (kind == KIND_TP)
		perf = perf_open_tracepoint(target);
	else
		perf = perf_open_kprobe(target, attach_section_is(program, "kretprobe/"));
	if (perf < 0)
		return perf;
	link = perf_attach(bpf_program__fd(program), perf);
	close(perf);
	return link;
}

/* What these are attached to was settled when they were loaded. */
static int attach_loaded(const struct bpf_program *program)
{
	int fd = bpf_raw_tracepoint_open(NULL, bpf_program__fd(program));

	return fd < 0 ? -errno : fd;
}

static int attach_raw(const struct bpf_program *program)
{
	int fd = bpf_raw_tracepoint_open(attach_target(program), bpf_program__fd(program));

	return fd < 0 ? -errno : fd;
}

int attach_program(const struct bpf_program *program, enum kind kind, struct pin_error *error)
{
	int link;

	switch (kind) {
	case KIND_TP:
	case KIND_KPROBE:
		link = attach_perf(program, kind);
		break;
	case KIND_FENTRY:
	case KIND_LSM:
	case KIND_TP_BTF:
		link = attach_loaded(program);
		break;
	case KIND_RAW_TP:
		link = attach_raw(program);
		break;
	case KIND_CGROUP:
		link = cgroup_attach(bpf_program__fd(program),
				     bpf_program__expected_attach_type(program));
		break;
	default:
		link = -EOPNOTSUPP;
		break;
	}
	if (link < 0)
		return error_set(error, link, "attaching to %s: %m",
				 bpf_program__section_name(program));
	return link;
}

int attach_run_iterator(const struct bpf_program *program, struct pin_error *error)
{
	int link, iterator = -1;
	char discarded[256];
	ssize_t n = 0;
	int err = 0;

	link = bpf_link_create(bpf_program__fd(program), 0, BPF_TRACE_ITER, NULL);
	if (link >= 0)
		iterator = bpf_iter_create(link);
	if (iterator < 0) {
		err = -errno;
		goto out;
	}
	/* The reading is what runs it. */
	do {
		n = read(iterator, discarded, sizeof(discarded));
	} while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	if (n < 0)
		err = -errno;
out:
	if (iterator >= 0)
		close(iterator);
	if (!err)
		return link;
	if (link >= 0)
		close(link);
	return error_set(error, err, "running %s: %m", bpf_program__name(program));
}

bool attach_absent(const struct bpf_program *program, enum kind kind, bool optional)
{
	const char *target = attach_target(program);

	if (optional && (kind == KIND_FENTRY || kind == KIND_KPROBE))
		return !kind_function_exists(target);
	if (kind != KIND_TP || (strncmp(target, "syscalls/sys_enter_", 19) &&
				strncmp(target, "syscalls/sys_exit_", 18)))
		return false;
	/* read() is a system call everywhere. */
	return !perf_tracepoint_exists(target) && perf_tracepoint_exists("syscalls/sys_enter_read");
}
