/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that loading needs for a moment, some 20 MiB for each parse of the kernel's BTF, is given
 * back and not kept for the life of the daemon.
 */
#ifndef LOADERD_MEMORY_H
#define LOADERD_MEMORY_H

/** memory_init() - settles where memory comes from; before the first thread and the first large block. */
void memory_init(void);

/** memory_trim() - after loading: gives back what is free. */
void memory_trim(void);

#endif
