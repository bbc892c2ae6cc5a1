/* SPDX-License-Identifier: Apache-2.0 */
/* Makes records as programs do, for what is measured of lines without a kernel. */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

#include <stddef.h>

#include <linux/types.h>
#include <pulsar/event.h>

/**
 * record_begin() - the header of a record
 * @event: in front of enough room for all that is appended
 * @type: of the event
 * @size: of its struct, fixed part alone
 *
 * Fixed, image included, which is the first thing behind the struct.
 */
void record_begin(struct pulsar_event *event, __u32 type, size_t size);

/* Puts bytes behind the record; where that is. */
__u16 record_append(struct pulsar_event *event, const void *from, size_t len);

struct pulsar_string record_string(struct pulsar_event *event, const char *text);

/* IPv4, 192.168.17.LAST */
struct pulsar_address record_address(__u8 last, __u16 port);

#endif
