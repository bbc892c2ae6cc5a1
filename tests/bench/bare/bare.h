/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the prototype's programs write and its reader prints. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#define BARE_PATH 256

struct bare {
	unsigned long long time_ns; /* CLOCK_BOOTTIME */
	unsigned int tgid;
	unsigned int tid;
	unsigned int uid;
	unsigned int len; /* of path, with its NUL; only so much of it is there */
	char comm[16];
	char path[BARE_PATH];
};

#endif
