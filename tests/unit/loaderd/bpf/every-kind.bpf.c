/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every kind of field that there is, and settings of every type. Opened by tests, never loaded. */
#include "pulsar.bpf.h"

enum colour {
	RED,
	GREEN = 7,
	BLUE = -1,
};

enum how {
	HOW_MASK = 3,
	HOW_READ = 0,
	HOW_WRITE = 1,
	HOW_BOTH = 2,
	HOW_CREATE = 0x40,
	HOW_SYNC = 0x1010,
};

enum plain {
	PLAIN_NONE = 0,
	PLAIN_ONE = 1,
};

typedef const __u16 port_type;

struct every_kind {
	struct pulsar_event event;
	__u8 u8;
	port_type u16;
	__u32 reserved;
	__u64 u64;
	__s8 s8;
	int s32;
	__s64 s64;
	bool truth;
	__u8 tagged_truth __bool;
	__u16 mode __mode;
	__u32 hex __hex;
	enum colour colour;
	enum how how __flags;
	enum plain plain __flags;
	enum how how_number;
	__s32 err __errno;
	__u32 signal __signal;
	__u8 _hidden[4];
	__u64 when __time;
	char name[12];
	struct pulsar_string path __main;
	struct pulsar_bytes blob;
	struct pulsar_bytes question __dns;
	struct pulsar_strings argv;
	struct pulsar_address peer;
	__u64 gained __capabilities;
	__u32 number __syscall;
	__s32 perhaps __optional;
};

struct second_event {
	struct pulsar_event event;
};

/* No event: its first member is no struct pulsar_event. */
struct not_an_event {
	__u32 first;
	struct pulsar_event event;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct second_event);
} numbers SEC(".maps") PULSAR_TABLE;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct not_an_event);
} private_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} public_map SEC(".maps") __public;

const volatile __u8 set_u8 = 1;
const volatile __s16 set_s16 = -2;
const volatile __u32 set_u32 = 3;
const volatile __s64 set_s64 = -4;
const volatile __u64 set_u64 = 5;
const volatile bool set_bool = true;
const volatile char set_text[8] = "old";
const volatile __u16 set_ports[4] = { 53, 5353 };
const volatile enum colour set_colour = GREEN;
const __u32 set_by_compiler = 9;

#define BODY(type)                                                                      \
	{                                                                               \
		type *e = pulsar_begin(type);                                           \
		__u32 key = set_u8 + set_s16 + set_u32 + set_s64 + set_u64 + set_bool + \
			    set_text[0] + set_ports[1] + set_colour;                    \
                                                                                        \
		bpf_map_lookup_elem(&numbers, &key);                                    \
		bpf_map_lookup_elem(&private_map, &key);                                \
		bpf_map_lookup_elem(&public_map, &set_by_compiler);                     \
		return e ? pulsar_submit(ctx, e) : 0;                                   \
	}

/* Two hooks share a section, so libbpf's order of programs is not that of this file. */
SEC("tp/syscalls/sys_enter_mkdir")
int one__tp(void *ctx) BODY(struct every_kind)

	SEC("fentry/vfs_open") int two__fentry(void *ctx) BODY(struct second_event)

		SEC("tp/syscalls/sys_enter_mkdir") int two__tp__mkdir(void *ctx) BODY(
			struct second_event)

			SEC("tp/syscalls/sys_enter_no_such_call") int two__tp__other(void *ctx)
				BODY(struct second_event)
