// SPDX-License-Identifier: Apache-2.0
/* The loaderd of a test: rings, a socket, and answers as the test says. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/membarrier.h>
#include <linux/perf_event.h>

#include <bpf/bpf.h>
#include <pulsar/wire.h>

#include "stream_world.h"

static int event_open(unsigned int cpu, bool loud)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
		.watermark = !loud,
	};
	int fd;

	if (loud)
		attr.wakeup_events = 1;
	else
		attr.wakeup_watermark = WORLD_RING_PAGES * (__u32)getpagesize() / 2;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	cr_assert_geq(fd, 0, "perf_event_open: %s", strerror(errno));
	return fd;
}

static size_t ring_bytes(void)
{
	return (1 + WORLD_RING_PAGES) * (size_t)getpagesize();
}

static void ring_close(struct world_ring *ring)
{
	if (ring->quiet < 0)
		return;
	munmap(ring->memory, ring_bytes());
	close(ring->quiet);
	close(ring->loud);
	ring->quiet = -1;
}

void world_ring_new(struct world *w, unsigned int cpu)
{
	struct world_ring *ring = &w->ring[cpu], old = *ring;
	__u32 index = PULSAR_EVENTS_QUIET(0, w->cpus, cpu);

	ring->quiet = event_open(cpu, false);
	ring->loud = event_open(cpu, true);
	ring->memory = mmap(NULL, ring_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, ring->quiet, 0);
	cr_assert(ring->memory != MAP_FAILED);
	cr_assert_eq(ioctl(ring->loud, PERF_EVENT_IOC_SET_OUTPUT, ring->quiet), 0);
	cr_assert_eq(bpf_map_update_elem(w->events, &index, &ring->quiet, 0), 0);
	index = PULSAR_EVENTS_LOUD(0, w->cpus, cpu);
	cr_assert_eq(bpf_map_update_elem(w->events, &index, &ring->loud, 0), 0);
	ring->id = ++w->ring_ids;
	ring->settled_seq = world_counters(w, cpu).produced;
	cr_assert_eq(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0), 0);
	ring_close(&old);
}

void world_ring_remove(struct world *w, unsigned int cpu)
{
	__u32 index = PULSAR_EVENTS_QUIET(0, w->cpus, cpu);

	cr_assert_eq(bpf_map_delete_elem(w->events, &index), 0);
	index = PULSAR_EVENTS_LOUD(0, w->cpus, cpu);
	cr_assert_eq(bpf_map_delete_elem(w->events, &index), 0);
	ring_close(&w->ring[cpu]);
}

void world_loaderd_starts(struct world *w)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	for (unsigned int cpu = 0; cpu < w->cpus; cpu++)
		world_ring_new(w, cpu);
	strcpy(address.sun_path, w->socket);
	w->listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(w->listening, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(chmod(w->socket, 0666), 0);
	cr_assert_eq(listen(w->listening, 4), 0);
}

void world_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void world_loaderd_dies(struct world *w)
{
	world_close(&w->peer);
	world_close(&w->listening);
	unlink(w->socket);
	for (unsigned int cpu = 0; cpu < w->cpus; cpu++)
		ring_close(&w->ring[cpu]);
}

bool world_asks(struct world *w)
{
	struct pollfd wait = { .fd = w->listening, .events = POLLIN };
	siginfo_t ended;

	for (int i = 0; i < WORLD_WAIT_MS / 10; i++) {
		if (poll(&wait, 1, 10) == 1)
			return true;
		ended.si_pid = 0;
		waitid(P_PID, (id_t)w->reader, &ended, WEXITED | WNOHANG | WNOWAIT);
		if (ended.si_pid)
			return false;
	}
	cr_assert(false, "nobody connects, and nobody ends: %s", world_log(w));
	return false;
}

void world_accept(struct world *w)
{
	struct pollfd wait = { .fd = w->listening, .events = POLLIN };
	struct pulsar_ask_rings ask;

	world_close(&w->peer);
	cr_assert_eq(poll(&wait, 1, WORLD_WAIT_MS), 1, "nobody connects: %s", world_log(w));
	w->peer = accept4(w->listening, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(w->peer, 0);
	/* The descriptor that comes with it is closed by not being asked for. */
	cr_assert_eq(recv(w->peer, &ask, sizeof(ask), 0), sizeof(ask));
	cr_assert_eq(ask.wire.type, PULSAR_ASK_RINGS);
}

void world_answer(struct world *w, bool first, bool more, unsigned int from, unsigned int to)
{
	union {
		struct pulsar_answer_rings rings;
		char bytes[sizeof(struct pulsar_answer_rings) +
			   WORLD_CPUS_MAX * sizeof(struct pulsar_ring_info)];
	} message = { 0 };
	char control[CMSG_SPACE((1 + WORLD_CPUS_MAX) * sizeof(int))]
		__attribute__((aligned(8))) = { 0 };
	size_t len = sizeof(message.rings) + (to - from) * sizeof(message.rings.ring[0]);
	struct iovec iov = { .iov_base = &message, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	unsigned int fds = 0;
	struct cmsghdr *cmsg;

	message.rings = (struct pulsar_answer_rings){
		.wire = { PULSAR_WIRE_MAGIC, PULSAR_WIRE_VERSION, PULSAR_ANSWER_RINGS, (__u32)len,
			  0 },
		.cpus = w->cpus,
		.data_pages = WORLD_RING_PAGES,
		.first = first,
		.more = more,
		.count = to - from,
	};
	msg.msg_controllen = CMSG_SPACE((first + to - from) * sizeof(int));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN((first + to - from) * sizeof(int));
	if (first)
		((int *)(void *)CMSG_DATA(cmsg))[fds++] = w->positions;
	for (unsigned int cpu = from; cpu < to; cpu++) {
		struct world_ring *ring = &w->ring[cpu];

		message.rings.ring[cpu - from] = (struct pulsar_ring_info){
			.cpu = cpu, .ring_id = ring->id, .settled_seq = ring->settled_seq
		};
		((int *)(void *)CMSG_DATA(cmsg))[fds++] = ring->quiet;
	}
	cr_assert_eq(sendmsg(w->peer, &msg, MSG_NOSIGNAL), (ssize_t)len, "%s", strerror(errno));
}

void world_refuse(struct world *w, int error, unsigned int pid)
{
	struct pulsar_answer_error refuse = {
		.wire = { PULSAR_WIRE_MAGIC, PULSAR_WIRE_VERSION, PULSAR_ANSWER_ERROR,
			  sizeof(refuse), 0 },
		.error = error,
		.holder_pid = pid,
		.holder_uid = 1000,
		.text = "refused",
	};

	cr_assert_eq(send(w->peer, &refuse, sizeof(refuse), MSG_NOSIGNAL), sizeof(refuse));
	world_close(&w->peer);
}

void world_serve(struct world *w)
{
	world_accept(w);
	world_answer(w, true, false, 0, w->cpus);
}
