// SPDX-License-Identifier: Apache-2.0
/*
 * The tools. Each prints what its users would have it print; a bpftrace one-liner prints about
 * what the others do. perf record writes down and prints nothing.
 */
#include "peers.h"

#include <string.h>

#define ATTACH_TRIES 300
#define ATTACH_MS    20

#define BPFTRACE(program)                                     \
	{                                                     \
		"bpftrace", "-f", "json", "-e", program, NULL \
	}
#define PERF_TRACE(calls)                                                     \
	{                                                                     \
		"perf", "trace", "-a", "-o", "/dev/stdout", "-e", calls, NULL \
	}
#define PERF_RECORD(event)                                            \
	{                                                             \
		"perf", "record", "-qa", "-o", "-", "-e", event, NULL \
	}

#define COMM_PID "printf(\"%s %d "
#define OPENED                                             \
	"tracepoint:syscalls:sys_enter_openat { " COMM_PID \
	"%s\\n\", comm, pid, str(args->filename)); }"
#define UNLINKED                                            \
	" tracepoint:syscalls:sys_enter_unlink { " COMM_PID \
	"%s\\n\", comm, pid, str(args->pathname)); }"
#define EXECUTED                                           \
	"tracepoint:syscalls:sys_enter_execve { " COMM_PID \
	"%s \", comm, pid, str(args->filename)); "         \
	"join(args->argv); }"
#define CONNECTED                                                                            \
	"tracepoint:sock:inet_sock_set_state { " COMM_PID "%s:%d %s:%d %d\\n\", comm, pid, " \
	"ntop(args->saddr), args->sport, ntop(args->daddr), args->dport, args->newstate); }"

const struct peer peers[] = {
	{ .load = "create", .name = "pulsar file-created", .module = "file-created", .events = 1 },
	{ .load = "create",
	  .name = "pulsar file-system-monitor",
	  .module = "file-system-monitor",
	  .events = 3 },
	{ .load = "create", .name = "bare", .argv = { "bench-bare", "create", NULL }, .events = 1 },
	{ .load = "create", .name = "opensnoop", .argv = { "opensnoop", NULL }, .events = 1 },
	{ .load = "create", .name = "filelife", .argv = { "filelife", NULL }, .events = 1 },
	{ .load = "create",
	  .name = "bpftrace -f json",
	  .argv = BPFTRACE(OPENED UNLINKED),
	  .events = 2 },
	{ .load = "create",
	  .name = "perf trace",
	  .argv = PERF_TRACE("openat,unlink"),
	  .events = 2 },
	{ .load = "create",
	  .name = "perf record",
	  .argv = PERF_RECORD("syscalls:sys_enter_openat,syscalls:sys_enter_unlink") },

	{ .load = "open",
	  .name = "pulsar file-system-monitor",
	  .module = "file-system-monitor",
	  .events = 1 },
	{ .load = "open", .name = "bare", .argv = { "bench-bare", "open", NULL }, .events = 1 },
	{ .load = "open", .name = "opensnoop", .argv = { "opensnoop", NULL }, .events = 1 },
	{ .load = "open", .name = "bpftrace -f json", .argv = BPFTRACE(OPENED), .events = 1 },
	{ .load = "open", .name = "perf trace", .argv = PERF_TRACE("openat"), .events = 1 },
	{ .load = "open", .name = "perf record", .argv = PERF_RECORD("syscalls:sys_enter_openat") },

	{ .load = "exec",
	  .name = "pulsar process-monitor",
	  .module = "process-monitor",
	  .events = 3 },
	{ .load = "exec", .name = "bare", .argv = { "bench-bare", "exec", NULL }, .events = 1 },
	{ .load = "exec", .name = "execsnoop", .argv = { "execsnoop", NULL }, .events = 1 },
	{ .load = "exec", .name = "bpftrace -f json", .argv = BPFTRACE(EXECUTED), .events = 2 },
	{ .load = "exec", .name = "perf trace", .argv = PERF_TRACE("execve"), .events = 1 },
	{ .load = "exec", .name = "perf record", .argv = PERF_RECORD("sched:sched_process_exec") },

	{ .load = "connect",
	  .name = "pulsar network-monitor",
	  .module = "network-monitor",
	  .events = 4 },
	{ .load = "connect",
	  .name = "bare",
	  .argv = { "bench-bare", "connect", NULL },
	  .events = 2 },
	{ .load = "connect", .name = "tcpconnect", .argv = { "tcpconnect", NULL }, .events = 1 },
	{ .load = "connect", .name = "tcptracer", .argv = { "tcptracer", NULL }, .events = 4 },
	{ .load = "connect", .name = "tcplife", .argv = { "tcplife", NULL }, .events = 2 },
	{ .load = "connect", .name = "bpftrace -f json", .argv = BPFTRACE(CONNECTED), .events = 6 },
	{ .load = "connect", .name = "perf trace", .argv = PERF_TRACE("connect"), .events = 1 },
	{ .load = "connect",
	  .name = "perf record",
	  .argv = PERF_RECORD("sock:inet_sock_set_state") },
	{ 0 },
};

/* Works a little until the tool says something of it. */
static bool await_attached(const struct bench *bench, const struct peer *peer, struct tool *tool)
{
	const volatile struct drain_counts *counts = tool->drain.counts;
	struct load_result result;

	for (unsigned int i = 0; i < ATTACH_TRIES && tool_runs(tool); i++) {
		if (peer->events ? counts->marked : counts->bytes)
			return true;
		load_run_for(bench, peer->load, 1, ATTACH_MS, 0, &result);
	}
	if (tool->pid)
		snprintf(tool->failure, sizeof(tool->failure), "runs, but reports nothing");
	return false;
}

static void start_tool(const struct bench *bench, const struct peer *peer, struct running *running)
{
	struct tool_spec spec = { .name = peer->name, .argv = peer->argv };
	const char *bare[PEER_ARGS] = { NULL };
	char path[256];

	if (!strncmp(peer->argv[0], "bench-", 6)) {
		snprintf(path, sizeof(path), "%s/bench/%s", bench->build, peer->argv[0]);
		memcpy(bare, peer->argv, sizeof(bare));
		bare[0] = path;
		spec.argv = bare;
	}
	tool_start(bench, &running->tool, &spec);
}

bool peer_start(const struct bench *bench, const struct peer *peer, struct running *running,
		char *failure, size_t size)
{
	struct drain_counts counts;

	memset(running, 0, sizeof(*running));
	if (!peer->module) {
		start_tool(bench, peer, running);
	} else if (pulsar_start(bench, &running->pulsar, peer->module, NULL)) {
		pulsar_read(bench, &running->pulsar, &running->tool, peer->module, NULL, false);
	} else {
		snprintf(failure, size, "%s", running->pulsar.failure);
		return false;
	}
	if (await_attached(bench, peer, &running->tool))
		return true;
	peer_stop(running, &counts);
	snprintf(failure, size, "%s", running->tool.failure);
	return false;
}

void peer_stop(struct running *running, struct drain_counts *counts)
{
	tool_stop(&running->tool, counts);
	pulsar_stop(&running->pulsar);
}
