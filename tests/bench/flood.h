/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How module flood (bpf/flood.bpf.c) is told to make events: by getpgid() of a
 * process that cannot exist. One call makes up to FLOOD_BURST events, so that what is
 * measured is the way from a program to a line, and not a system call for each.
 */
#ifndef BENCH_FLOOD_H
#define BENCH_FLOOD_H

#define FLOOD_PID   0x50000000 /* beyond PID_MAX_LIMIT */
#define FLOOD_MASK  0xffff
#define FLOOD_BURST 64

#ifndef __VMLINUX_H__
#include <unistd.h>

static inline void flood(unsigned int events)
{
	(void)getpgid(FLOOD_PID | (int)events);
}
#endif

#endif
