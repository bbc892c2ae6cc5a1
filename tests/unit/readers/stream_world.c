// SPDX-License-Identifier: Apache-2.0
/* A module of the real kernel, for whole readers; see stream_world.h. */
#include "stream_world.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pulsar/schema.h>

#include "pin.h"
#include "stream_world.h"

/* ---- the module ---- */

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static struct bpf_map *map_of(struct world *w, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(w->object, name);

	cr_assert(map, "no map %s", name);
	return map;
}

/* The object has two settings, cpus and generation, in this order. */
static void set_rodata(struct world *w, unsigned int generation)
{
	__u32 settings[2] = { w->cpus, generation };
	struct bpf_map *map = map_of(w, ".rodata");
	size_t size;

	cr_assert(bpf_map__initial_value(map, &size) && size == sizeof(settings));
	cr_assert_eq(bpf_map__set_initial_value(map, settings, size), 0);
}

static void reuse(struct world *w, const char *name, int fd)
{
	if (fd >= 0)
		cr_assert_eq(bpf_map__reuse_fd(map_of(w, name), fd), 0);
}

/* Loads the program; maps that are open already (not -1) are used again, as in an upgrade. */
static void load(struct world *w, unsigned int generation)
{
	w->object = bpf_object__open_file(PULSAR_TEST_BPF_DIR "/plain.bpf.o", NULL);
	cr_assert(w->object);
	bpf_map__set_max_entries(map_of(w, "events"), PULSAR_EVENTS_ENTRIES(w->cpus));
	bpf_map__set_max_entries(map_of(w, "positions"), w->cpus);
	reuse(w, "events", w->events);
	reuse(w, "counters", w->counters);
	reuse(w, "positions", w->positions);
	set_rodata(w, generation);
	cr_assert_eq(bpf_object__load(w->object), 0);
	w->program = bpf_program__fd(bpf_object__find_program_by_name(w->object, "produce"));
	if (w->events >= 0)
		return;
	w->events = dup(bpf_map__fd(map_of(w, "events")));
	w->counters = dup(bpf_map__fd(map_of(w, "counters")));
	w->positions = dup(bpf_map__fd(map_of(w, "positions")));
	for (__u32 cpu = 0; cpu < w->cpus; cpu++) {
		struct pulsar_position begin = { .copy[0].next_seq = 1 };

		cr_assert_eq(bpf_map_update_elem(w->positions, &cpu, &begin, 0), 0);
	}
}

static void unload(struct world *w)
{
	bpf_object__close(w->object);
	close(w->events);
	close(w->counters);
	close(w->positions);
	w->events = w->counters = w->positions = -1;
}

static int schema_new(unsigned int generation, const char *event)
{
	struct pulsar_field fields[] = {
		{ .kind = PULSAR_KIND_SCHEMA,
		  .name = WORLD_MODULE,
		  .event = PULSAR_ABI,
		  .value = generation },
		{ .kind = PULSAR_KIND_EVENT, .event = 1, .size = sizeof(struct pulsar_event) + 8 },
		{ .kind = PULSAR_KIND_UINT,
		  .name = "number",
		  .event = 1,
		  .offset = sizeof(struct pulsar_event),
		  .size = 8 },
	};
	const __u32 count = sizeof(fields) / sizeof(*fields);
	int fd;

	strcpy(fields[1].name, event);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "schema", 4, sizeof(*fields), count, NULL);
	cr_assert_geq(fd, 0);
	for (__u32 i = 0; i < count; i++)
		cr_assert_eq(bpf_map_update_elem(fd, &i, &fields[i], 0), 0);
	return fd;
}

static void pin_all(struct world *w, unsigned int generation, const char *event)
{
	int schema = schema_new(generation, event);
	struct pin_error error = {};
	struct pin_root *root;
	struct pin_stage *stage;

	root = pin_root_open(w->pins, PIN_OWN, 0011, WORLD_GID, NULL, &error);
	cr_assert(root, "%s", error.text);
	stage = pin_stage_new(root, WORLD_MODULE, WORLD_GID, &error);
	cr_assert(stage, "%s", error.text);
	cr_assert_eq(pin_stage_map(stage, "events", w->events, true, &error), 0);
	cr_assert_eq(pin_stage_map(stage, "counters", w->counters, true, &error), 0);
	cr_assert_eq(pin_stage_map(stage, "schema", schema, true, &error), 0);
	cr_assert_eq(pin_stage_commit(stage, &error), 0, "%s", error.text);
	pin_root_free(root);
	close(schema);
}

static void unpin_all(struct world *w)
{
	struct pin_error error = {};
	struct pin_root *root = pin_root_open(w->pins, PIN_OWN, 0, WORLD_GID, NULL, &error);

	cr_assert(root, "%s", error.text);
	cr_expect_eq(pin_module_remove(root, WORLD_MODULE, &error), 0, "%s", error.text);
	cr_expect_eq(pin_root_remove(root, &error), 0, "%s", error.text);
	pin_root_free(root);
}

void world_upgrade(struct world *w, unsigned int generation, const char *event)
{
	struct bpf_object *old = w->object;

	load(w, generation);
	bpf_object__close(old);
	pin_all(w, generation, event);
}

void world_reload(struct world *w)
{
	unload(w);
	load(w, 1);
	pin_all(w, 1, "Plain");
}

/* ---- programs ---- */

void world_produce(struct world *w, unsigned int cpu, unsigned int count)
{
	__u64 args[1] = { count };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args),
		    .cpu = cpu, .flags = BPF_F_TEST_RUN_ON_CPU);

	cr_assert_eq(bpf_prog_test_run_opts(w->program, &opts), 0);
}

struct pulsar_counters world_counters(struct world *w, unsigned int cpu)
{
	struct pulsar_counters counters[w->cpus];
	__u32 zero = 0;

	cr_assert_eq(bpf_map_lookup_elem(w->counters, &zero, counters), 0);
	return counters[cpu];
}

struct pulsar_position world_position(struct world *w, unsigned int cpu)
{
	struct pulsar_position position;

	cr_assert_eq(bpf_map_lookup_elem(w->positions, &cpu, &position), 0);
	return position;
}

struct pulsar_progress world_progress(struct world *w, unsigned int cpu)
{
	struct pulsar_position position = world_position(w, cpu);

	return position.copy[position.current & 1];
}

void world_expect_exact(struct world *w, unsigned int cpu)
{
	struct pulsar_progress p = world_progress(w, cpu);
	__u64 produced = world_counters(w, cpu).produced, lost = 0;

	for (int cause = 0; cause < PULSAR_LOST_CAUSES; cause++)
		lost += p.lost[cause];
	cr_expect_eq(p.unsettled, 0, "CPU %u: unsettled %lld", cpu, p.unsettled);
	cr_expect_eq(p.delivered + lost, produced, "CPU %u: delivered %llu + lost %llu of %llu",
		     cpu, p.delivered, lost, produced);
}

/* ---- all of it ---- */

void world_init(struct world *w)
{
	struct stat st;
	int cpus;

	if (geteuid())
		cr_skip_test("needs root: loads a BPF program");
	memset(w, 0, sizeof(*w));
	libbpf_set_print(quiet);
	w->events = w->counters = w->positions = w->listening = w->peer = w->out = w->err = -1;
	cpus = libbpf_num_possible_cpus();
	cr_assert(cpus > 0 && cpus <= WORLD_CPUS_MAX);
	w->cpus = (unsigned int)cpus;
	for (unsigned int cpu = 0; cpu < w->cpus; cpu++)
		w->ring[cpu].quiet = -1;
	strcpy(w->folder, "/tmp/pulsar-world-XXXXXX");
	cr_assert(mkdtemp(w->folder) && !chmod(w->folder, 0755));
	snprintf(w->socket, sizeof(w->socket), "%s/sock", w->folder);
	snprintf(w->pins, sizeof(w->pins), "/sys/fs/bpf/pulsar-test-%d", getpid());
	cr_assert_eq(stat("/sys/fs/bpf", &st), 0);
	w->bpffs_mode = st.st_mode & 07777;
	load(w, 1);
	pin_all(w, 1, "Plain");
	world_loaderd_starts(w);
}

void world_release(struct world *w)
{
	if (w->reader)
		world_reader_ends(w, SIGKILL);
	world_loaderd_dies(w);
	unload(w);
	unpin_all(w);
	cr_expect_eq(chmod("/sys/fs/bpf", w->bpffs_mode), 0);
	rmdir(w->folder);
	world_close(&w->out);
	world_close(&w->err);
}
