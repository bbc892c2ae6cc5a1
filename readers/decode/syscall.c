// SPDX-License-Identifier: Apache-2.0
/* Kind SYSCALL: the name of a system call, or its number. The names: see syscall.h. */
#include "syscall.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>

#include "../put.h"
#include "decode.h"

#define NUMBERS	 1024 /* the highest one is below 500 in Linux 6.18 */
#define NAME_LEN 48   /* NUL included; a longer one prints as a number */

struct syscall_names {
	char names[NUMBERS][NAME_LEN];
};

struct syscall_names *syscall_names_new(void)
{
	struct syscall_names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	for (int i = 0; i < NUMBERS; i++) {
		char *name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), i);

		if (name && strlen(name) < NAME_LEN)
			memcpy(names->names[i], name, strlen(name));
		free(name);
	}
	return names;
}

void syscall_names_free(struct syscall_names *names)
{
	free(names);
}

const char *syscall_name(const struct syscall_names *names, uint64_t number)
{
	if (number >= NUMBERS || !names->names[number][0])
		return NULL;
	return names->names[number];
}

static char *syscall_json(const struct field *field, const struct record *record, char *p,
			  const char *end)
{
	uint64_t number = field_unsigned(field, record);
	const char *name = syscall_name(field->syscalls, number);

	(void)end;
	if (!name)
		return put_u64(p, number);
	*p++ = '"';
	p = put_mem(p, name, strlen(name));
	*p++ = '"';
	return p;
}

static char *syscall_text(const struct field *field, const struct record *record, char *p,
			  const char *end)
{
	uint64_t number = field_unsigned(field, record);
	const char *name = syscall_name(field->syscalls, number);

	(void)end;
	return name ? put_mem(p, name, strlen(name)) : put_u64(p, number);
}

const struct decoder decode_syscall = {
	.size = ANY_INTEGER,
	.room = NAME_LEN + 2,
	.json = syscall_json,
	.text = syscall_text,
};
