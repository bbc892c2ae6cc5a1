/* SPDX-License-Identifier: Apache-2.0 */
/* One pulsar-reader that was started by us, and the lines that it printed. */
#ifndef CTL_FEED_H
#define CTL_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <pulsar/event.h>

#include "ctl.h"
#include "pin.h"

struct feed_line {
	char *text; /* with its end, nothing in it steers a terminal but colours */
	size_t len;
	long long time_ns;    /* of the event, within its day */
	long long arrived_ms; /* CLOCK_MONOTONIC */
};

struct feed {
	char module[PULSAR_MODULE_LEN];
	pid_t pid;     /* 0: ended */
	int fd;	       /* its stdout; -1: it was read to the end */
	int status;    /* wait status, when it has ended */
	char *partial; /* a line without its end yet */
	size_t partial_len;
	struct feed_line *lines; /* from `first` on */
	size_t first, count, room;
	long long last_ns; /* time of the last line: that of one that has none */
};

/* How readers are started. */
struct feed_reader {
	int exe; /* descriptor of pulsar-reader */
	const char *subscription;
	char pin_root[PIN_PATH_MAX];
};

/**
 * feed_start() - starts a reader for feed->module.
 *
 * As root, it becomes nobody, with the group that may read the module and no capability.
 *
 * Return: 0, or CTL_FAILED with a line on stderr.
 */
int feed_start(struct feed *feed, const struct ctl *ctl, const struct feed_reader *reader);

/** feed_read() - takes what there is to read; at the end, waits for the process. 0 or -ENOMEM. */
int feed_read(struct feed *feed, long long now_ms);

/** feed_take() - takes bytes that a reader printed: the pure part of feed_read(). 0 or -ENOMEM. */
int feed_take(struct feed *feed, const char *bytes, size_t len, long long now_ms);

/** feed_head() - the oldest line; NULL: there is none. */
const struct feed_line *feed_head(const struct feed *feed);

/** feed_pop() - drops it. */
void feed_pop(struct feed *feed);

/** feed_full() - whether it has so many lines that no more should be read. */
bool feed_full(const struct feed *feed);

/** feed_release() - ends the reader if it runs, and frees. */
void feed_release(struct feed *feed);

/**
 * feeds_next() - which feed has the next line to print.
 * @window_ms: how long a line waits for an older one from a feed that has none at the moment.
 * @wait_ms: if there is none: how long until there is one to print; -1: until something comes.
 *
 * Return: a feed, or NULL.
 */
struct feed *feeds_next(struct feed *feeds, size_t count, long long now_ms, int window_ms,
			int *wait_ms);

#endif
