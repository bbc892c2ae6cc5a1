// SPDX-License-Identifier: Apache-2.0
/* Records with a fixed header. */
#include "record.h"

#include <string.h>

__u16 record_append(struct pulsar_event *event, const void *from, size_t len)
{
	__u16 offset = event->size;

	memcpy((char *)event + offset, from, len);
	event->size += len;
	return offset;
}

struct pulsar_string record_string(struct pulsar_event *event, const char *text)
{
	__u16 len = strlen(text);

	return (struct pulsar_string){ record_append(event, text, len), len, len };
}

struct pulsar_address record_address(__u8 last, __u16 port)
{
	return (struct pulsar_address){ .family = 2, .port = port, .ip = { 192, 168, 17, last } };
}

void record_begin(struct pulsar_event *event, __u32 type, size_t size)
{
	*event = (struct pulsar_event){
		.size = size,
		.type = type,
		.seq = 1234567,
		.time_ns = 86400123456789,
		.start_time_ns = 3600987654321,
		.cgroup_id = 4242,
		.generation = 1,
		.tgid = 23456,
		.tid = 23457,
		.ppid = 1234,
		.uid = 1000,
		.gid = 1000,
		.comm = "python3.11",
	};
	event->image = record_string(event, "/usr/bin/python3.11");
}
