/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flags of open(), by name: include/uapi/asm-generic/fcntl.h and, for arm64,
 * arch/arm64/include/uapi/asm/fcntl.h. O_CLOEXEC belongs to the descriptor, and
 * O_LARGEFILE is set by the kernel itself: neither is among them.
 */
#ifndef PULSAR_FLAGS_BPF_H
#define PULSAR_FLAGS_BPF_H

enum file_flags {
	/* The access mode is one value, and O_RDONLY is its 0. */
	FILE_ACCESS_MASK = 00000003,
	O_RDONLY = 00000000,
	O_WRONLY = 00000001,
	O_RDWR = 00000002,
	O_CREAT = 00000100,
	O_EXCL = 00000200,
	O_NOCTTY = 00000400,
	O_TRUNC = 00001000,
	O_APPEND = 00002000,
	O_NONBLOCK = 00004000,
	O_DSYNC = 00010000,
	O_ASYNC = 00020000,
#ifdef __TARGET_ARCH_arm64
	O_DIRECTORY = 00040000,
	O_NOFOLLOW = 00100000,
	O_DIRECT = 00200000,
#else
	O_DIRECT = 00040000,
	O_DIRECTORY = 00200000,
	O_NOFOLLOW = 00400000,
#endif
	O_NOATIME = 01000000,
	O_SYNC = 04000000 | O_DSYNC,
	O_PATH = 010000000,
	O_TMPFILE = 020000000 | O_DIRECTORY,
};

#define FILE_FLAGS                                                                               \
	(FILE_ACCESS_MASK | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |      \
	 O_DSYNC | O_ASYNC | O_DIRECT | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_SYNC | O_PATH | \
	 O_TMPFILE)

/*
 * What open() and openat() leave of the flags if O_PATH is among them (fs/internal.h,
 * O_PATH_FLAGS).
 */
#define FILE_PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_PATH)

#endif
