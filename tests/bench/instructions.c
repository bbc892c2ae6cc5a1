// SPDX-License-Identifier: Apache-2.0
/*
 * Encodes one kind of record again and again, for callgrind to count the instructions of: see
 * scripts/instructions.sh. What is counted is in encode_all(); all of it is fixed: the schema, which
 * is that of the modules for these events, the record and the time.
 *
 *	instructions KIND COUNT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>
#include <pulsar/schema.h>

#include "encode.h"
#include "record.h"

#define IPPORT_DNS 53

struct file_created {
	struct pulsar_event event;
	struct pulsar_string filename;
};

struct exec {
	struct pulsar_event event;
	struct pulsar_string filename;
	struct pulsar_strings argv;
	struct pulsar_string cwd;
	struct pulsar_string interpreter;
	__u32 argc;
	__u32 ids[4];
	__u32 reserved;
};

struct dns_query {
	struct pulsar_event event;
	struct pulsar_address source;
	struct pulsar_address destination;
	struct pulsar_bytes message;
};

struct connect {
	struct pulsar_event event;
	struct pulsar_address source;
	struct pulsar_address destination;
	__s32 result;
	__u8 is_tcp;
};

enum type { TYPE_FILE_CREATED = 1, TYPE_EXEC, TYPE_DNS_QUERY, TYPE_CONNECT };

#define EVENT(NAME, TYPE, STRUCT)                                           \
	{                                                                   \
		.kind = PULSAR_KIND_EVENT, .name = (NAME), .event = (TYPE), \
		.size = sizeof(struct STRUCT)                               \
	}
#define FIELD(KIND, NAME, TYPE, STRUCT, MEMBER)                              \
	{                                                                    \
		.kind = PULSAR_KIND_##KIND, .name = (NAME), .event = (TYPE), \
		.offset = offsetof(struct STRUCT, MEMBER),                   \
		.size = sizeof(((struct STRUCT *)0)->MEMBER)                 \
	}

static const struct pulsar_field schema[] = {
	{ .kind = PULSAR_KIND_SCHEMA, .name = "instructions", .event = PULSAR_ABI, .value = 1 },
	EVENT("FileCreated", TYPE_FILE_CREATED, file_created),
	FIELD(STRING, "filename", TYPE_FILE_CREATED, file_created, filename),
	EVENT("Exec", TYPE_EXEC, exec),
	FIELD(STRING, "filename", TYPE_EXEC, exec, filename),
	FIELD(STRINGS, "argv", TYPE_EXEC, exec, argv),
	FIELD(STRING, "cwd", TYPE_EXEC, exec, cwd),
	FIELD(STRING, "interpreter", TYPE_EXEC, exec, interpreter),
	FIELD(UINT, "argc", TYPE_EXEC, exec, argc),
	FIELD(UINT, "uid", TYPE_EXEC, exec, ids[0]),
	FIELD(UINT, "gid", TYPE_EXEC, exec, ids[1]),
	FIELD(UINT, "euid", TYPE_EXEC, exec, ids[2]),
	FIELD(UINT, "egid", TYPE_EXEC, exec, ids[3]),
	EVENT("DnsQuery", TYPE_DNS_QUERY, dns_query),
	FIELD(ADDRESS, "source", TYPE_DNS_QUERY, dns_query, source),
	FIELD(ADDRESS, "destination", TYPE_DNS_QUERY, dns_query, destination),
	FIELD(DNS, "message", TYPE_DNS_QUERY, dns_query, message),
	EVENT("Connect", TYPE_CONNECT, connect),
	FIELD(ADDRESS, "source", TYPE_CONNECT, connect, source),
	FIELD(ADDRESS, "destination", TYPE_CONNECT, connect, destination),
	FIELD(ERRNO, "result", TYPE_CONNECT, connect, result),
	FIELD(BOOL, "is_tcp", TYPE_CONNECT, connect, is_tcp),
};

static union {
	struct pulsar_event event;
	struct file_created file_created;
	struct exec exec;
	struct dns_query dns_query;
	struct connect connect;
	char bytes[1024];
} record;

static void fill_file_created(void)
{
	record_begin(&record.event, TYPE_FILE_CREATED, sizeof(struct file_created));
	record.file_created.filename =
		record_string(&record.event, "/var/lib/application/data/3/partition-0042.log");
}

static void fill_exec(void)
{
	static const char argv[] = "python3\0-m\0http.server\0--directory\0/srv/\"www\"\08080";

	record_begin(&record.event, TYPE_EXEC, sizeof(struct exec));
	record.exec.filename = record_string(&record.event, "/usr/bin/python3.11");
	record.exec.argv =
		(struct pulsar_strings){ record_append(&record.event, argv, sizeof(argv)),
					 sizeof(argv), sizeof(argv) };
	record.exec.cwd = record_string(&record.event, "/srv/www");
	record.exec.argc = 6;
	for (int i = 0; i < 4; i++)
		record.exec.ids[i] = 1000;
}

static void fill_dns_query(void)
{
	/* RFC 1035: id, RD, one question: www.example.org, A, IN. */
	static const __u8 message[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
				      "\x03www\x07"
				      "example\x03org\x00\x00\x01\x00\x01";
	const size_t len = sizeof(message) - 1;

	record_begin(&record.event, TYPE_DNS_QUERY, sizeof(struct dns_query));
	record.dns_query.source = record_address(5, 40123);
	record.dns_query.destination = record_address(1, IPPORT_DNS);
	record.dns_query.message =
		(struct pulsar_bytes){ record_append(&record.event, message, len), len, len };
}

static void fill_connect(void)
{
	record_begin(&record.event, TYPE_CONNECT, sizeof(struct connect));
	record.connect.source = record_address(5, 40124);
	record.connect.destination = record_address(200, 443);
	record.connect.result = 111;
	record.connect.is_tcp = 1;
}

static const struct {
	const char *name;
	void (*fill)(void);
} kinds[] = {
	{ "FileCreated", fill_file_created },
	{ "Exec", fill_exec },
	{ "DnsQuery", fill_dns_query },
	{ "Connect", fill_connect },
};

/* Its name is what callgrind is told to count. */
int encode_all(const struct plan *plan, struct clock_map *clock, struct out *out,
	       unsigned int count);

__attribute__((noinline)) int encode_all(const struct plan *plan, struct clock_map *clock,
					 struct out *out, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		out->len = 0;
		if (encode_json(plan, clock, &record, record.event.size, 1, out) != LINE_OK)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct clock_map clock = { .offset_ns = 1790000000000000000 };
	struct out out;
	char error[200];
	struct plan *plan;
	size_t kind = 0;

	plan = plan_new(schema, sizeof(schema) / sizeof(schema[0]), error, sizeof(error));
	if (!plan || out_init(&out, OUT_CAPACITY)) {
		fprintf(stderr, "instructions: %s\n", plan ? "out of memory" : error);
		return 1;
	}
	while (argc > 2 && kind < sizeof(kinds) / sizeof(kinds[0]) &&
	       strcmp(kinds[kind].name, argv[1]))
		kind++;
	if (argc < 3 || kind == sizeof(kinds) / sizeof(kinds[0])) {
		fprintf(stderr, "usage: instructions KIND COUNT\n");
		return 2;
	}
	kinds[kind].fill();
	if (encode_all(plan, &clock, &out, atoi(argv[2]))) {
		fprintf(stderr, "instructions: %s is no record\n", argv[1]);
		return 1;
	}
	/* The line, to see that it is one. */
	fwrite(out.data, 1, out.len, stdout);
	out_release(&out);
	plan_free(plan);
	return 0;
}
