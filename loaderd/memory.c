// SPDX-License-Identifier: Apache-2.0
/* Sets up glibc's allocator, see mallopt(3), and what the kernel makes of the heap. */
#include "memory.h"

#include <malloc.h>
#include <sys/prctl.h>

/* Blocks from this size on are mapped by themselves, and gone when they are freed. */
#define MEMORY_MAPPED (256 * 1024)

void memory_init(void)
{
	/* By itself glibc raises the limit to the size of the first large block that is freed. */
	mallopt(M_MMAP_THRESHOLD, MEMORY_MAPPED);
	/* A thread that loads would else have a heap of its own, which stays in pieces. */
	mallopt(M_ARENA_MAX, 1);
	/* khugepaged would make huge pages of a heap of which most was given back. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

void memory_trim(void)
{
	malloc_trim(0);
}
