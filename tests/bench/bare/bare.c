// SPDX-License-Identifier: Apache-2.0
/*
 * The reader of the prototype: bench-bare create|open|exec|connect. Loads the one program,
 * maps one ring for each CPU with a watermark, looks every two milliseconds, prints lines
 * in batches.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>

#include "bare.h"

#define RING  (1024 * 1024)
#define BATCH (64 * 1024)
#define LINE  2048
#define TICK  2 /* ms */

struct ring {
	struct perf_event_mmap_page *control;
	const char *data;
};

/* A sample: its header, the length of what follows, and that. */
#define SAMPLE_HEAD (sizeof(struct perf_event_header) + sizeof(unsigned int))

static char out[BATCH + LINE];
static size_t out_len;
static bool addresses;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void flush(void)
{
	if (out_len && write(STDOUT_FILENO, out, out_len) < 0)
		exit(0);
	out_len = 0;
}

static char *put(char *p, const char *text)
{
	return stpcpy(p, text);
}

static char *put_number(char *p, unsigned long long n)
{
	char digits[20];
	int i = 0;

	do {
		digits[i++] = '0' + n % 10;
		n /= 10;
	} while (n);
	while (i)
		*p++ = digits[--i];
	return p;
}

static char *put_string(char *p, const char *s, size_t max)
{
	*p++ = '"';
	for (size_t i = 0; i < max && s[i]; i++) {
		if (s[i] == '"' || s[i] == '\\')
			*p++ = '\\';
		*p++ = (unsigned char)s[i] < 0x20 ? '?' : s[i];
	}
	*p++ = '"';
	return p;
}

static char *put_addresses(char *p, const char *bytes)
{
	unsigned short port[2];
	char ip[INET_ADDRSTRLEN];

	memcpy(port, bytes + 8, sizeof(port));
	p = put(p, ",\"source\":\"");
	p = put(p, inet_ntop(AF_INET, bytes, ip, sizeof(ip)));
	*p++ = ':';
	p = put_number(p, port[0]);
	p = put(p, "\",\"destination\":\"");
	p = put(p, inet_ntop(AF_INET, bytes + 4, ip, sizeof(ip)));
	*p++ = ':';
	p = put_number(p, port[1]);
	*p++ = '"';
	return p;
}

static void print(const struct bare *b)
{
	char *p = out + out_len;

	p = put(p, "{\"time\":");
	p = put_number(p, b->time_ns);
	p = put(p, ",\"pid\":");
	p = put_number(p, b->tgid);
	p = put(p, ",\"tid\":");
	p = put_number(p, b->tid);
	p = put(p, ",\"uid\":");
	p = put_number(p, b->uid);
	p = put(p, ",\"comm\":");
	p = put_string(p, b->comm, sizeof(b->comm));
	if (addresses) {
		p = put_addresses(p, b->path);
	} else {
		p = put(p, ",\"filename\":");
		p = put_string(p, b->path, b->len);
	}
	p = put(p, "}\n");
	out_len = p - out;
	if (out_len >= BATCH)
		flush();
}

static void read_sample(const struct ring *ring, unsigned long long at, size_t size)
{
	size_t start = (at + SAMPLE_HEAD) & (RING - 1), first = RING - start;
	struct bare bare;

	size -= SAMPLE_HEAD;
	if (size > sizeof(bare))
		size = sizeof(bare);
	if (first > size)
		first = size;
	memcpy(&bare, ring->data + start, first);
	memcpy((char *)&bare + first, ring->data, size - first);
	print(&bare);
}

static void read_ring(struct ring *ring)
{
	unsigned long long head = __atomic_load_n(&ring->control->data_head, __ATOMIC_ACQUIRE);
	unsigned long long at = ring->control->data_tail;
	struct perf_event_header header;

	for (; at != head; at += header.size) {
		memcpy(&header, ring->data + (at & (RING - 1)), sizeof(header));
		if (header.type == PERF_RECORD_SAMPLE && header.size > SAMPLE_HEAD)
			read_sample(ring, at, header.size);
	}
	__atomic_store_n(&ring->control->data_tail, at, __ATOMIC_RELEASE);
}

static void open_ring(struct ring *ring, int events, int cpu)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
		.watermark = 1,
		.wakeup_watermark = RING / 2,
	};
	int fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	long page = sysconf(_SC_PAGESIZE);

	if (fd < 0)
		die("perf_event_open");
	ring->control = mmap(NULL, RING + page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring->control == MAP_FAILED || bpf_map_update_elem(events, &cpu, &fd, BPF_ANY) ||
	    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		die("ring");
	ring->data = (const char *)ring->control + page;
}

static struct bpf_object *load(const char *program)
{
	struct bpf_object *object = bpf_object__open_file(BENCH_BARE_OBJECT, NULL);
	struct bpf_program *p = object ? bpf_object__find_program_by_name(object, program) : NULL;

	if (!p)
		die(program);
	bpf_program__set_autoload(p, true);
	if (bpf_object__load(object))
		die("load");
	return object;
}

int main(int argc, char **argv)
{
	const char *program = argc > 1 ? argv[1] : "open";
	struct bpf_object *object = load(program);
	int events = bpf_object__find_map_fd_by_name(object, "events");
	int cpus = libbpf_num_possible_cpus();
	struct ring *rings = calloc(cpus, sizeof(*rings));
	struct pollfd gone = { .fd = STDOUT_FILENO };

	addresses = !strcmp(program, "connect");
	for (int cpu = 0; cpu < cpus; cpu++)
		open_ring(&rings[cpu], events, cpu);
	if (!bpf_program__attach(bpf_object__find_program_by_name(object, program)))
		die("attach");
	while (poll(&gone, 1, TICK) == 0) {
		for (int cpu = 0; cpu < cpus; cpu++)
			read_ring(&rings[cpu]);
		flush();
	}
	return 0;
}
