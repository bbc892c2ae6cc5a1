// SPDX-License-Identifier: Apache-2.0
/* Opens perf events of kprobes and tracepoints; perf_event_open(2). */
#include "perf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracefs.h"

#define PERF_KPROBE_DIR "/sys/bus/event_source/devices/kprobe"

static int perf_open(struct perf_event_attr *attr)
{
	int fd;

	attr->size = sizeof(*attr);
	/* Any process, on CPU 0: programs of tracepoints and kprobes run on all CPUs nevertheless. */
	fd = (int)syscall(__NR_perf_event_open, attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* One line of a file of the kernel's, parsed by a format with one %llu. */
static int perf_read_number(const char *path, const char *format, unsigned long long *number)
{
	char line[64] = "";
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	return n > 0 && sscanf(line, format, number) == 1 ? 0 : -EINVAL;
}

static int perf_tracepoint_path(char *path, size_t size, const char *name, const char *file)
{
	int n = snprintf(path, size, "%s/events/%s/%s", tracefs_path(), name, file);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

bool perf_tracepoint_exists(const char *name)
{
	char path[256];

	return !perf_tracepoint_path(path, sizeof(path), name, "id") && access(path, F_OK) == 0;
}

bool perf_kprobes_exist(void)
{
	return access(PERF_KPROBE_DIR "/type", F_OK) == 0;
}

int perf_open_tracepoint(const char *name)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT };
	unsigned long long id = 0;
	char path[256];
	int err;

	err = perf_tracepoint_path(path, sizeof(path), name, "id");
	if (!err)
		err = perf_read_number(path, "%llu", &id);
	if (err)
		return err;
	attr.config = id;
	attr.sample_period = 1;
	attr.wakeup_events = 1;
	return perf_open(&attr);
}

int perf_open_kprobe(const char *function, bool at_return)
{
	struct perf_event_attr attr = { 0 };
	unsigned long long type = 0, bit = 0;
	int err;

	err = perf_read_number(PERF_KPROBE_DIR "/type", "%llu", &type);
	if (!err && at_return)
		err = perf_read_number(PERF_KPROBE_DIR "/format/retprobe", "config:%llu", &bit);
	if (err == -ENOENT)
		return -ENODEV;
	if (err)
		return err;
	attr.type = (__u32)type;
	attr.config = at_return ? 1ull << (bit & 63) : 0;
	attr.kprobe_func = (uintptr_t)function;
	return perf_open(&attr);
}

int perf_attach(int program_fd, int perf_fd)
{
	int err;
	int fd;

	fd = bpf_link_create(program_fd, perf_fd, BPF_PERF_EVENT, NULL);
	if (fd < 0)
		return -errno;
	if (ioctl(perf_fd, PERF_EVENT_IOC_ENABLE, 0) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}
