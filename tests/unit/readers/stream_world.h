/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole reader process, as nobody and confined, between a real program of the real
 * kernel and a loaderd that does what the test says: real perf rings, real pins, real
 * maps, and a socket that the test answers at.
 */
#ifndef TESTS_STREAM_WORLD_H
#define TESTS_STREAM_WORLD_H

#include <stdbool.h>
#include <sys/types.h>

#include <pulsar/event.h>

#define WORLD_MODULE	 "plain"
#define WORLD_CPUS_MAX	 64
#define WORLD_RING_PAGES 8
#define WORLD_UID	 65534
#define WORLD_GID	 65534
#define WORLD_WAIT_MS	 10000 /* for what has to come */

struct bpf_object;
struct pin_root;

struct world_ring {
	int quiet, loud; /* -1: none */
	void *memory;
	__u64 id, settled_seq;
};

struct world {
	struct bpf_object *object;
	int program, events, counters, positions;
	unsigned int cpus;
	char pins[64], folder[32], socket[48];
	mode_t bpffs_mode;
	int listening, peer; /* -1: none */
	struct world_ring ring[WORLD_CPUS_MAX];
	__u64 ring_ids; /* given out so far */
	pid_t reader;
	int out;	  /* what it prints */
	int err;	  /* what it says, a file */
	char text[65536]; /* of out, not yet taken */
	size_t text_len;
};

/* A line of output. */
struct world_line {
	bool lost;
	long long cpu, seq, number; /* of an event */
	long long count, total;	    /* of a loss */
	char cause[32];
	char event[32];
};

/* Module `plain` is loaded and pinned, and loaderd listens, with rings. Skips the test if not root. */
void world_init(struct world *world);
void world_release(struct world *world);

/* Programs and schema of another generation; `event` is what its event is called. */
void world_upgrade(struct world *world, unsigned int generation, const char *event);
/* The module is removed and loaded anew: new maps, new pins. */
void world_reload(struct world *world);

/* loaderd dies, with its socket and its rings; another one comes, with new ones. */
void world_loaderd_dies(struct world *world);
void world_loaderd_starts(struct world *world);
/* Puts a new ring into the slot of a CPU, or takes it away. */
void world_ring_new(struct world *world, unsigned int cpu);
void world_ring_remove(struct world *world, unsigned int cpu);

/* Waits until a reader connects; false: it has ended instead. */
bool world_asks(struct world *world);
/* Takes the reader's connection and its question. */
void world_accept(struct world *world);
/* Answers with the rings of CPUs from..to-1; `first` with the position. */
void world_answer(struct world *world, bool first, bool more, unsigned int from, unsigned int to);
/* Answers that pid holds the subscription. */
void world_refuse(struct world *world, int error, unsigned int pid);
/* world_accept() and the whole answer. */
void world_serve(struct world *world);

/* Makes events on a CPU. */
void world_produce(struct world *world, unsigned int cpu, unsigned int count);
struct pulsar_counters world_counters(struct world *world, unsigned int cpu);
/* What the subscription's reader has noted; the part of it that holds. */
struct pulsar_position world_position(struct world *world, unsigned int cpu);
struct pulsar_progress world_progress(struct world *world, unsigned int cpu);
/* Fails the test unless all that was produced on the CPU is delivered or reported lost. */
void world_expect_exact(struct world *world, unsigned int cpu);

/* Starts a reader with further arguments, NULL-terminated; as `uid`, in the module's group if `member`. */
void world_read(struct world *world, uid_t uid, bool member, const char *const *arguments);
/* The same as nobody, who may. */
#define world_read_as_nobody(world, ...) \
	world_read(world, WORLD_UID, true, (const char *const[]){ __VA_ARGS__ NULL })
/* The next line; fails the test if there is none within ten seconds. */
struct world_line world_line(struct world *world);
/* Whether the output has ended, with nothing more in it. */
bool world_line_end(struct world *world);
/* Sends a signal (0: none) and waits for the end: the exit status, or minus the signal. */
int world_reader_ends(struct world *world, int signal);
/* Closes a descriptor unless it is -1, which it is then. */
void world_close(int *fd);

/* What the reader has said on stderr. */
const char *world_log(struct world *world);
/* Waits until it has said that. */
void world_expect_log(struct world *world, const char *text);

/* Fails the test unless the next lines are events from..to of a CPU. */
void world_expect_events(struct world *world, unsigned int cpu, long long from, long long to);
/* world_reader_ends(); fails the test unless it ends so. */
void world_expect_end(struct world *world, int signal, int status);
/* Waits until the reader sleeps: each CPU is asked to wake it. */
void world_wait_until_asleep(struct world *world);

#endif
