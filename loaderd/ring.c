// SPDX-License-Identifier: Apache-2.0
/* One ring: two perf events and the memory that they share. */
#include "ring.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/perf_event.h>

#include "error.h"

/*
 * CLOCK_BOOTTIME at creation is unlike that of any ring before in this boot; two in the
 * same ns get different ones.
 */
static __u64 ring_next_id(void)
{
	static __u64 last;
	struct timespec now;
	__u64 id;

	clock_gettime(CLOCK_BOOTTIME, &now);
	id = (__u64)now.tv_sec * 1000000000ull + (__u64)now.tv_nsec;
	if (id <= last)
		id = last + 1;
	last = id;
	return id;
}

/* @watermark: bytes after which to wake; 0: at each event. */
static int ring_event_open(unsigned int cpu, __u32 watermark)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
		.read_format = PERF_FORMAT_TOTAL_TIME_RUNNING, /* for ring_alive() */
	};
	long fd;

	if (watermark) {
		attr.watermark = 1;
		attr.wakeup_watermark = watermark;
	} else {
		attr.wakeup_events = 1;
	}
	fd = syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

/* An event whose output goes to the memory of `to`. */
static int ring_event_join(unsigned int cpu, __u32 watermark, int to)
{
	int fd = ring_event_open(cpu, watermark);
	int err;

	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, to)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int ring_map(struct ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	ring->base =
		mmap(NULL, page + ring->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (ring->base == MAP_FAILED) {
		ring->base = NULL;
		return -errno;
	}
	return 0;
}

int ring_open(struct ring *ring, unsigned int cpu, size_t bytes, struct pin_error *error)
{
	struct ring made = RING_NONE;
	int err;

	made.cpu = cpu;
	made.bytes = bytes;
	made.id = ring_next_id();
	made.fd = ring_event_open(cpu, (__u32)(bytes / 2));
	if (made.fd < 0) {
		err = error_set(error, made.fd, "CPU %u: perf_event_open: %m", cpu);
		goto out;
	}
	made.output = made.fd;
	err = ring_map(&made);
	if (err) {
		error_set(error, err, "CPU %u: mapping a ring of %zu bytes: %m", cpu, bytes);
		goto out;
	}
	/* After the mapping: there is no memory to join before. */
	made.loud = ring_event_join(cpu, 0, made.fd);
	if (made.loud < 0) {
		err = error_set(error, made.loud, "CPU %u: second perf event of a ring: %m", cpu);
		goto out;
	}
	*ring = made;
	made = (struct ring)RING_NONE;
out:
	ring_close(&made);
	return err;
}

/*
 * The map holds what is put in (BPF_F_PRESERVE_ELEMS), so the loud event needs no
 * descriptor after this.
 */
int ring_put(struct ring *ring, const struct ring_place *place, struct pin_error *error)
{
	int err;

	err = bpf_map_update_elem(place->events, &place->quiet, &ring->output, BPF_ANY);
	if (!err)
		err = bpf_map_update_elem(place->events, &place->loud, &ring->loud, BPF_ANY);
	if (err)
		return error_set(error, err, "CPU %u: putting its ring into events: %m", ring->cpu);
	close(ring->loud);
	ring->loud = -1;
	return 0;
}

/*
 * How long the event ran, in ns. For an event that runs, the kernel asks its CPU
 * and the answer grows from one read to the next; for one that its CPU
 * dropped, it stands still.
 */
static int ring_time(const struct ring *ring, __u64 *time_ns)
{
	struct {
		__u64 value;
		__u64 running_ns;
	} count;

	if (read(ring->output, &count, sizeof(count)) != sizeof(count))
		return -EIO;
	*time_ns = count.running_ns;
	return 0;
}

void ring_look(struct ring *ring)
{
	if (ring_time(ring, &ring->seen_ns))
		ring->seen_ns = UINT64_MAX;
}

bool ring_alive(const struct ring *ring)
{
	__u64 now_ns;

	return ring_time(ring, &now_ns) == 0 && now_ns > ring->seen_ns;
}

int ring_revive(struct ring *ring, const struct ring_place *place, struct pin_error *error)
{
	struct ring again = *ring;
	int err;

	again.loud = -1;
	again.output = ring_event_join(ring->cpu, (__u32)(ring->bytes / 2), ring->fd);
	if (again.output >= 0)
		again.loud = ring_event_join(ring->cpu, 0, ring->fd);
	if (again.output < 0 || again.loud < 0) {
		err = error_set(error, again.output < 0 ? again.output : again.loud,
				"CPU %u: new perf events for its ring: %m", ring->cpu);
		goto out;
	}
	err = ring_put(&again, place, error);
	if (err)
		goto out;
	if (ring->output != ring->fd)
		close(ring->output);
	*ring = again;
	return 0;
out:
	if (again.output >= 0)
		close(again.output);
	if (again.loud >= 0)
		close(again.loud);
	return err;
}

void ring_enable(const struct ring *ring)
{
	ioctl(ring->fd, PERF_EVENT_IOC_PAUSE_OUTPUT, 0);
	/*
	 * Once revived, readers cannot reach what programs write to, and the other is no event
	 * any more.
	 */
	if (ring->output == ring->fd)
		ioctl(ring->fd, PERF_EVENT_IOC_ENABLE, 0);
}

size_t ring_fill(const struct ring *ring)
{
	struct perf_event_mmap_page *page = ring->base;
	__u64 head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	__u64 fill = head - __atomic_load_n(&page->data_tail, __ATOMIC_RELAXED);

	return fill > ring->bytes ? ring->bytes : (size_t)fill;
}

void ring_discard(struct ring *ring)
{
	struct perf_event_mmap_page *page = ring->base;

	__atomic_store_n(&page->data_tail, __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
}

void ring_close(struct ring *ring)
{
	if (ring->base)
		munmap(ring->base, (size_t)sysconf(_SC_PAGESIZE) + ring->bytes);
	if (ring->loud >= 0)
		close(ring->loud);
	if (ring->output >= 0 && ring->output != ring->fd)
		close(ring->output);
	if (ring->fd >= 0)
		close(ring->fd);
	*ring = (struct ring)RING_NONE;
}
