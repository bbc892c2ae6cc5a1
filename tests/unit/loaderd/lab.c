// SPDX-License-Identifier: Apache-2.0
/* Real kernel objects for the tests. */
#include "lab.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>

#include "counters.h"
#include "cpus.h"
#include "position.h"

static int lab_quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static struct bpf_map *lab_map(const struct lab *lab, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(lab->object, name);

	cr_assert(map, "no map %s", name);
	return map;
}

/* Where a setting lies in .rodata. */
static __u32 lab_setting(const struct lab *lab, const char *name)
{
	const struct btf *btf = bpf_object__btf(lab->object);
	const struct btf_type *section = btf__type_by_id(
		btf, (__u32)btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC));
	const struct btf_var_secinfo *variable = btf_var_secinfos(section);

	for (unsigned int i = 0; i < btf_vlen(section); i++) {
		const struct btf_type *type = btf__type_by_id(btf, variable[i].type);

		if (strcmp(btf__name_by_offset(btf, type->name_off), name) == 0)
			return variable[i].offset;
	}
	cr_assert(false, "no setting %s", name);
	return 0;
}

static void lab_size(const struct lab *lab)
{
	struct bpf_map *scratch = lab_map(lab, "scratch");
	struct bpf_map *rodata = lab_map(lab, ".rodata");
	char settings[256];
	const void *now;
	size_t size;
	int inner;

	bpf_map__set_max_entries(lab_map(lab, "events"), PULSAR_EVENTS_ENTRIES(lab->cpus));
	/* libbpf 1.1 cannot change the size of an inner map that it knows from the object. */
	inner = position_new(lab->cpus);
	cr_assert_geq(inner, 0);
	cr_assert_eq(bpf_map__set_inner_map_fd(lab_map(lab, "subscriptions"), inner), 0);
	bpf_map__set_max_entries(scratch, bpf_map__max_entries(scratch) * lab->cpus);
	now = bpf_map__initial_value(rodata, &size);
	cr_assert(now && size <= sizeof(settings));
	memcpy(settings, now, size);
	memcpy(settings + lab_setting(lab, "pulsar_cpus"), &lab->cpus, sizeof(__u32));
	cr_assert_eq(bpf_map__set_initial_value(rodata, settings, size), 0);
}

void lab_init(struct lab *lab)
{
	struct cpus possible;

	if (geteuid())
		cr_skip_test("needs root");
	libbpf_set_print(lab_quiet);
	cr_assert_eq(cpus_read("possible", &possible), 0);
	lab->cpus = cpus_end(&possible);
	lab->object = bpf_object__open_file(PULSAR_TEST_BPF_DIR "/emit.bpf.o", NULL);
	cr_assert(lab->object);
	lab_size(lab);
	cr_assert_eq(bpf_object__load(lab->object), 0);
	lab->maps.events = bpf_map__fd(lab_map(lab, "events"));
	lab->maps.counters = bpf_map__fd(lab_map(lab, "counters"));
	lab->maps.control = bpf_map__fd(lab_map(lab, "control"));
	lab->maps.subscriptions = bpf_map__fd(lab_map(lab, "subscriptions"));
	lab->program = bpf_program__fd(bpf_object__find_program_by_name(lab->object, "emit"));
}

void lab_release(struct lab *lab)
{
	bpf_object__close(lab->object);
}

struct stream *lab_stream(const struct lab *lab)
{
	const struct stream_options options = {
		.module = "emit",
		.cpus = lab->cpus,
		.ring_bytes = LAB_RING_BYTES,
		.subscriptions_max = PULSAR_SUBSCRIPTIONS_MAX,
	};
	struct pin_error error = {};
	struct stream *stream = stream_new(&lab->maps, &options, &error);

	cr_assert(stream, "%s", error.text);
	return stream;
}

void lab_emit(const struct lab *lab, unsigned int cpu, unsigned int count)
{
	while (count--) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .cpu = cpu, .flags = BPF_F_TEST_RUN_ON_CPU);

		cr_assert_eq(bpf_prog_test_run_opts(lab->program, &opts), 0);
	}
}

void lab_emit_until_lost(const struct lab *lab, unsigned int cpu, unsigned int slot)
{
	struct pulsar_counters before = lab_counters(lab, cpu), now;

	do {
		lab_emit(lab, cpu, 1);
		now = lab_counters(lab, cpu);
	} while (lab_lost(&now.lost[slot]) == lab_lost(&before.lost[slot]));
}

struct pulsar_counters lab_counters(const struct lab *lab, unsigned int cpu)
{
	struct pulsar_counters counters[lab->cpus];
	struct cpus possible;

	cr_assert_eq(cpus_read("possible", &possible), 0);
	cr_assert_eq(counters_read(lab->maps.counters, &possible, counters), 0);
	return counters[cpu];
}

__u64 lab_lost(const struct pulsar_losses *losses)
{
	return losses->ring_full + losses->no_ring + losses->busy + losses->other;
}

struct pulsar_position lab_position(int map, unsigned int cpu)
{
	struct pulsar_position position;

	cr_assert_eq(bpf_map_lookup_elem(map, &cpu, &position), 0);
	return position;
}

void lab_set_waiting(int map, unsigned int cpu)
{
	struct pulsar_position position = lab_position(map, cpu);

	position.waiting = 1;
	cr_assert_eq(bpf_map_update_elem(map, &cpu, &position, BPF_ANY), 0);
}

__u32 lab_slots(const struct lab *lab)
{
	struct pulsar_control control;
	__u32 zero = 0;

	cr_assert_eq(bpf_map_lookup_elem(lab->maps.control, &zero, &control), 0);
	return control.subscriptions;
}

struct ring_search {
	const char *name;
	unsigned int cpu;
	struct subscription_ring found;
};

static int ring_search_visit(const struct subscription_info *info, void *arg)
{
	struct ring_search *search = arg;

	for (unsigned int i = 0; i < info->rings; i++)
		if (strcmp(info->name, search->name) == 0 && info->ring[i].cpu == search->cpu) {
			search->found = info->ring[i];
			return 1;
		}
	return 0;
}

struct subscription_ring lab_ring(const struct stream *stream, const char *name, unsigned int cpu)
{
	struct ring_search search = { .name = name, .cpu = cpu };

	cr_assert_eq(stream_each(stream, ring_search_visit, &search), 1, "%s has no ring on CPU %u",
		     name, cpu);
	return search.found;
}

void *lab_map_ring(int fd, size_t bytes)
{
	void *base = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE) + bytes, PROT_READ | PROT_WRITE,
			  MAP_SHARED, fd, 0);

	cr_assert(base != MAP_FAILED, "%s", strerror(errno));
	return base;
}

void lab_unmap_ring(void *base, size_t bytes)
{
	munmap(base, (size_t)sysconf(_SC_PAGESIZE) + bytes);
}

/* Copies out of the ring, over its end. */
static void lab_copy(const char *data, size_t bytes, __u64 at, void *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((char *)to)[i] = data[(at + i) & (bytes - 1)];
}

unsigned int lab_records(void *base, size_t bytes, __u64 after, __u64 *last)
{
	struct perf_event_mmap_page *page = base;
	const char *data = (char *)base + sysconf(_SC_PAGESIZE);
	__u64 head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	struct perf_event_header header;
	struct pulsar_event event;
	unsigned int count = 0;

	*last = 0;
	for (__u64 at = page->data_tail; at < head; at += header.size) {
		lab_copy(data, bytes, at, &header, sizeof(header));
		cr_assert(header.size >= sizeof(header));
		if (header.type != PERF_RECORD_SAMPLE)
			continue;
		lab_copy(data, bytes, at + sizeof(header) + sizeof(__u32), &event, sizeof(event));
		if (event.seq > after)
			count++;
		if (event.seq > *last)
			*last = event.seq;
	}
	return count;
}

bool lab_wakes(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & POLLIN);
}

unsigned int lab_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	cr_assert(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}
