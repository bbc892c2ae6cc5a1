/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the lines go. Whoever reads them may be slow, may go away, and the disk
 * may be full; nothing of that loses an event that the rings still have room for.
 */
#ifndef READERS_SINK_H
#define READERS_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct sink {
	int fd;
	bool failing; /* the last write failed, and that was reported */
};

/**
 * sink_init() - write to a descriptor
 * @sink: storage of the caller; nothing to release
 * @fd: where to; stays the caller's
 */
void sink_init(struct sink *sink, int fd);

/**
 * sink_write() - write bytes, all of them
 * @sink: the sink
 * @data: the bytes
 * @len: how many
 *
 * Waits as long as it takes. A full disk or an I/O error is reported once, and then tried again
 * each second. If the end is requested meanwhile (stop.h), it goes on for as long as
 * the output takes something, and gives up when that takes more than a second.
 *
 * Return: 0; -EPIPE nobody reads the output any more; -ECANCELED given up; -EBADF
 * or another negative errno that will not change: there is no output.
 */
int sink_write(struct sink *sink, const char *data, size_t len);

#endif
