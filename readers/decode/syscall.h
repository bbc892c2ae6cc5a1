/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the system calls, by number. */
#ifndef READERS_DECODE_SYSCALL_H
#define READERS_DECODE_SYSCALL_H

#include <stdint.h>

struct syscall_names;

/**
 * syscall_names_new() - ask libseccomp once for all names of this machine
 *
 * libseccomp allocates each answer and searches its list for it, which is nothing
 * for a path that each event takes.
 *
 * Return: the names, or NULL with errno ENOMEM.
 */
struct syscall_names *syscall_names_new(void);

/**
 * syscall_names_free() - free them
 * @names: NULL is fine
 */
void syscall_names_free(struct syscall_names *names);

/**
 * syscall_name() - look one up
 * @names: the names
 * @number: any number
 *
 * Return: the name, or NULL if it has none.
 */
const char *syscall_name(const struct syscall_names *names, uint64_t number);

#endif
