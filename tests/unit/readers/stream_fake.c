// SPDX-License-Identifier: Apache-2.0
/* A perf ring in plain memory. */
#include "stream_fake.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/perf_event.h>

void fake_ring_init(struct fake_ring *fake, unsigned int pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *memory;

	memory = mmap(NULL, page * (1 + pages), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	cr_assert(memory != MAP_FAILED);
	*fake = (struct fake_ring){
		.control = (struct perf_event_mmap_page *)memory,
		.data = memory + page,
		.size = page * pages,
	};
}

void fake_ring_release(struct fake_ring *fake)
{
	munmap(fake->control, (size_t)sysconf(_SC_PAGESIZE) + fake->size);
}

void fake_ring_head(struct fake_ring *fake, __u64 head)
{
	fake->head = head;
	__atomic_store_n(&fake->control->data_head, head, __ATOMIC_RELEASE);
}

bool fake_ring_write(struct fake_ring *fake, const void *bytes, size_t len)
{
	__u64 tail = __atomic_load_n(&fake->control->data_tail, __ATOMIC_ACQUIRE);
	size_t at = fake->head & (fake->size - 1), first = fake->size - at;

	/* CIRC_SPACE(), include/linux/circ_buf.h. */
	if (((tail - (fake->head + 1)) & (fake->size - 1)) < len)
		return false;
	if (len < first)
		first = len;
	memcpy(fake->data + at, bytes, first);
	memcpy(fake->data, (const char *)bytes + first, len - first);
	fake_ring_head(fake, fake->head + len);
	return true;
}

bool fake_ring_sample(struct fake_ring *fake, const void *payload, size_t len)
{
	struct {
		struct perf_event_header header;
		__u32 raw_size;
		unsigned char raw[65536];
	} __attribute__((packed)) * sample;
	size_t raw_size = ((len + 3) & ~7ull) + 4;
	bool written;

	sample = calloc(1, sizeof(*sample));
	cr_assert(sample);
	sample->header.type = PERF_RECORD_SAMPLE;
	sample->header.size = (__u16)(12 + raw_size);
	sample->raw_size = (__u32)raw_size;
	memcpy(sample->raw, payload, len);
	written = fake_ring_write(fake, sample, sample->header.size);
	free(sample);
	return written;
}

bool fake_ring_event(struct fake_ring *fake, __u64 seq, __u64 time_ns, size_t extra)
{
	unsigned char bytes[sizeof(struct pulsar_event) + 4096] = { 0 };
	struct pulsar_event *event = (struct pulsar_event *)bytes;

	cr_assert(extra <= 4096);
	event->size = (__u32)(sizeof(*event) + extra);
	event->type = 1;
	event->seq = seq;
	event->time_ns = time_ns;
	event->generation = 1;
	memset(bytes + sizeof(*event), (int)(seq & 0xff), extra);
	return fake_ring_sample(fake, bytes, event->size);
}
