/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Map `schema`: a frozen ARRAY of struct pulsar_field that tells how to decode
 * each record of a module. loaderd makes it from the object's BTF; readers know
 * nothing else about an event.
 *
 * Entry 0 has kind SCHEMA. Each EVENT entry is followed by the entries of its
 * fields, in the order of the struct. The ENUMERATOR entries stand at the end.
 * Unused entries have kind NONE.
 */
#ifndef PULSAR_SCHEMA_H
#define PULSAR_SCHEMA_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#include "event.h"

#define PULSAR_FIELD_NAME_LEN 40

/*
 * How a value prints. New kinds are added at the end; a reader prints a kind
 * that it does not know as hexadecimal bytes.
 */
enum pulsar_kind {
	PULSAR_KIND_NONE,
	PULSAR_KIND_SCHEMA,	  /* name: module; event: PULSAR_ABI; value: generation */
	PULSAR_KIND_EVENT,	  /* name: of the event; event: its type; size: of its struct */
	PULSAR_KIND_ENUMERATOR,	  /* name; group; value; mask */
	PULSAR_KIND_TABLE,	  /* name: pin under maps/ that readers poll; event: its type */
	PULSAR_KIND_UINT,	  /* unsigned integer of 1, 2, 4, 8 bytes */
	PULSAR_KIND_INT,	  /* signed integer of 1, 2, 4, 8 bytes */
	PULSAR_KIND_BOOL,	  /* integer of 1, 2, 4, 8 bytes: false, true */
	PULSAR_KIND_HEX,	  /* unsigned integer: "0x1f" */
	PULSAR_KIND_ENUM,	  /* integer: the enumerator's name, or the number */
	PULSAR_KIND_FLAGS,	  /* unsigned integer: array of the names of its bits */
	PULSAR_KIND_ERRNO,	  /* signed integer: "ENOENT", 0 as 0 */
	PULSAR_KIND_MODE,	  /* file mode: "0644" in octal with the type bits */
	PULSAR_KIND_SIGNAL,	  /* integer: "SIGKILL", 0 as null */
	PULSAR_KIND_TIME,	  /* CLOCK_BOOTTIME ns: RFC 3339, as header.time; 0 as null */
	PULSAR_KIND_CHARS,	  /* char[N]: up to the first NUL */
	PULSAR_KIND_STRING,	  /* struct pulsar_string */
	PULSAR_KIND_BYTES,	  /* struct pulsar_bytes: hexadecimal */
	PULSAR_KIND_STRINGS,	  /* struct pulsar_strings: array of strings */
	PULSAR_KIND_ADDRESS,	  /* struct pulsar_address: {"ip":"127.0.0.1","port":80}, or null */
	PULSAR_KIND_DNS,	  /* struct pulsar_bytes: a DNS message, decoded */
	PULSAR_KIND_CAPABILITIES, /* __u64 capability set: array of names, "CAP_BPF" */
	PULSAR_KIND_SYSCALL,	  /* number of a system call: its name */
	PULSAR_KIND_OPTIONAL, /* signed integer: one below 0 means that there is none, as null */
	PULSAR_KIND_COUNTS,   /* __u64[N]: {"3":17}, index and number of those that are not 0 */
	PULSAR_KIND_SYSCALLS, /* the same by number of a system call: {"close":17} */
};

/* Bits of pulsar_field.flags */
#define PULSAR_FIELD_MAIN 0x1u /* the field that stands for the event in one column of text */
/*
 * A table's values are events that change where they are (kind TABLE). Readers look at
 * them from time to time and print those that have changed; what was in one when
 * it was removed may come as an ordinary event of the same type.
 */
#define PULSAR_FIELD_COUNTER \
	0x2u /* UINT, COUNTS, SYSCALLS of a table: only grows; what was added since the last line */
#define PULSAR_FIELD_SINCE \
	0x4u /* TIME of a table: when its counters were 0; in a line, when the last one was */
#define PULSAR_FIELD_ELF \
	0x8u /* STRING, the path of a file: readers derive ElfOpened from the event if it is an ELF file */

struct pulsar_field {
	char name[PULSAR_FIELD_NAME_LEN]; /* padded with NUL, at least one */
	enum pulsar_kind kind;
	__u32 event;  /* type of the event that the field belongs to */
	__u32 offset; /* bytes from the start of the record */
	__u32 size;   /* bytes of the fixed part */
	__u32 group;  /* ENUM, FLAGS: its enumerators; ENUMERATOR: where it belongs */
	__u32 flags;  /* PULSAR_FIELD_MAIN, ... */
	__s64 value;  /* ENUMERATOR: the value */
	__u64 mask;   /* ENUMERATOR of FLAGS: matches if (x & mask) == value */
};

/*
 * An upgrade leaves the schemas of the last generations pinned as well, for records that were
 * not read yet: below the module's folder, with the generation's number behind it.
 */
#define PULSAR_PIN_SCHEMA_OLD "maps/schema-"
#define PULSAR_SCHEMAS_OLD    4

/*
 * Map `meta`: ARRAY with one entry: what is loaded, for whoever adopts it and
 * for bpftool.
 */
#define PULSAR_HOOKS_MAX    48
#define PULSAR_HOOK_LEN	    32
#define PULSAR_VARIANT_LEN  16
#define PULSAR_IDENTITY_LEN 16

struct pulsar_hook {
	char name[PULSAR_HOOK_LEN];
	char variant[PULSAR_VARIANT_LEN];
};

struct pulsar_meta {
	char module[PULSAR_MODULE_LEN];
	__u32 abi;
	__u32 generation;
	__u32 cpus;			    /* possible CPUs: the stride of `events` */
	__u32 hooks;			    /* entries of hook[] in use */
	__u64 loaded_ns;		    /* CLOCK_BOOTTIME */
	__u8 identity[PULSAR_IDENTITY_LEN]; /* hash of object, settings and variants asked for */
	struct pulsar_hook hook[PULSAR_HOOKS_MAX];
};

_Static_assert(sizeof(struct pulsar_field) == 80, "ABI");
_Static_assert(sizeof(struct pulsar_hook) == 48, "ABI");
_Static_assert(sizeof(struct pulsar_meta) == 72 + 48 * PULSAR_HOOKS_MAX, "ABI");

#endif
