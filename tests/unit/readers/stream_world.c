// SPDX-License-Identifier: Apache-2.0
/* A program, a loaderd and a reader. */
#include "stream_world.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/membarrier.h>
#include <linux/perf_event.h>

#include <pulsar/schema.h>
#include <pulsar/wire.h>

#include "pin.h"
#include "reader.h"

#define WAIT_MS 10000

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

/* ---- loaderd ---- */

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

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void world_loaderd_dies(struct world *w)
{
	close_fd(&w->peer);
	close_fd(&w->listening);
	unlink(w->socket);
	for (unsigned int cpu = 0; cpu < w->cpus; cpu++)
		ring_close(&w->ring[cpu]);
}

bool world_asks(struct world *w)
{
	struct pollfd wait = { .fd = w->listening, .events = POLLIN };
	siginfo_t ended;

	for (int i = 0; i < WAIT_MS / 10; i++) {
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

	close_fd(&w->peer);
	cr_assert_eq(poll(&wait, 1, WAIT_MS), 1, "nobody connects: %s", world_log(w));
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
	close_fd(&w->peer);
}

void world_serve(struct world *w)
{
	world_accept(w);
	world_answer(w, true, false, 0, w->cpus);
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

struct pulsar_progress world_progress(struct world *w, unsigned int cpu)
{
	struct pulsar_position position;

	cr_assert_eq(bpf_map_lookup_elem(w->positions, &cpu, &position), 0);
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

/* ---- the reader ---- */

#define ARGUMENTS_MAX 20

static void become(uid_t uid, bool member)
{
	gid_t gid = member ? WORLD_GID : WORLD_GID - 1;

	if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		_exit(99);
}

void world_read(struct world *w, uid_t uid, bool member, const char *const *arguments)
{
	char *argv[ARGUMENTS_MAX + 8] = { "pulsar-reader", "--pin-root", w->pins, "--socket",
					  w->socket };
	int argc = 5, out[2];

	for (; *arguments && argc < ARGUMENTS_MAX; arguments++)
		argv[argc++] = (char *)*arguments;
	argv[argc++] = WORLD_MODULE;
	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	close_fd(&w->out);
	close_fd(&w->err);
	w->out = out[0];
	w->err = memfd_create("reader-err", MFD_CLOEXEC);
	w->text_len = 0;
	w->reader = fork();
	cr_assert_geq(w->reader, 0);
	if (!w->reader) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(out[1], STDOUT_FILENO) < 0 || dup2(w->err, STDERR_FILENO) < 0)
			_exit(99);
		/* What the test has open is not the reader's. */
		close_range(3, ~0u, 0);
		become(uid, member);
		_exit(reader_main(argc, argv));
	}
	close(out[1]);
}

/* Reads more of the output; false at its end. */
static bool more_text(struct world *w)
{
	struct pollfd wait = { .fd = w->out, .events = POLLIN };
	ssize_t len;

	cr_assert_eq(poll(&wait, 1, WAIT_MS), 1, "no output: %s", world_log(w));
	len = read(w->out, w->text + w->text_len, sizeof(w->text) - w->text_len);
	cr_assert_geq(len, 0);
	w->text_len += (size_t)len;
	return len;
}

bool world_line_end(struct world *w)
{
	return !w->text_len && !more_text(w);
}

static struct world_line line_parse(const char *text, size_t len)
{
	struct world_line line = { 0 };
	const char *event, *cause;
	json_t *json;

	json = json_loadb(text, len, 0, NULL);
	cr_assert(json, "not JSON: %.*s", (int)len, text);
	cr_assert_eq(json_unpack(json, "{s:{s:s}}", "header", "event", &event), 0);
	snprintf(line.event, sizeof(line.event), "%s", event);
	line.lost = !strcmp(event, "Lost");
	if (line.lost) {
		cr_assert_eq(json_unpack(json, "{s:{s:I,s:I,s:I,s:s}}", "payload", "cpu", &line.cpu,
					 "count", &line.count, "total", &line.total, "cause",
					 &cause),
			     0);
		snprintf(line.cause, sizeof(line.cause), "%s", cause);
	} else {
		cr_assert_eq(json_unpack(json, "{s:{s:I,s:I},s:{s:I}}", "header", "cpu", &line.cpu,
					 "seq", &line.seq, "payload", "number", &line.number),
			     0);
	}
	json_decref(json);
	return line;
}

struct world_line world_line(struct world *w)
{
	struct world_line line;
	char *end;
	size_t len;

	while (!(end = memchr(w->text, '\n', w->text_len)))
		cr_assert(more_text(w), "the output has ended: %s", world_log(w));
	len = (size_t)(end - w->text);
	line = line_parse(w->text, len);
	w->text_len -= len + 1;
	memmove(w->text, end + 1, w->text_len);
	return line;
}

int world_reader_ends(struct world *w, int sig)
{
	pid_t pid = w->reader;
	int status;

	w->reader = 0;
	if (sig)
		kill(pid, sig);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

const char *world_log(struct world *w)
{
	static char text[8192];
	ssize_t len = pread(w->err, text, sizeof(text) - 1, 0);

	text[len < 0 ? 0 : len] = '\0';
	return text;
}

void world_expect_log(struct world *w, const char *text)
{
	struct timespec moment = { .tv_nsec = 2000000 };

	for (int i = 0; i < WAIT_MS / 2; i++) {
		if (strstr(world_log(w), text))
			return;
		nanosleep(&moment, NULL);
	}
	cr_assert(false, "'%s' is not in: %s", text, world_log(w));
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
	close_fd(&w->out);
	close_fd(&w->err);
}
