// SPDX-License-Identifier: Apache-2.0
/* Kind ERRNO: the name of an error, of either sign, as the kernel's functions and tracepoints give it. */
#include "../put.h"
#include "decode.h"

/* Of the kernel alone: include/linux/errno.h, Linux 6.1. */
static const char *kernel_name(int64_t number)
{
	static const char *const names[] = {
		"ERESTARTSYS",		 "ERESTARTNOINTR", "ERESTARTNOHAND", "ENOIOCTLCMD",
		"ERESTART_RESTARTBLOCK", "EPROBE_DEFER",   "EOPENSTALE",     "ENOPARAM",
	};

	if (number < 512 || number - 512 >= (int64_t)(sizeof(names) / sizeof(names[0])))
		return NULL;
	return names[number - 512];
}

/* NULL: it has none. */
static const char *name_of(int64_t number)
{
	const char *name;

	if (number == 0 || number < -4095 || number > 4095)
		return NULL;
	number = number < 0 ? -number : number;
	name = strerrorname_np(number);
	return name ? name : kernel_name(number);
}

static char *errno_json(const struct field *field, const struct record *record, char *p,
			const char *end)
{
	int64_t number = field_signed(field, record);
	const char *name = name_of(number);

	(void)end;
	if (!name)
		return put_s64(p, number);
	*p++ = '"';
	p = put_mem(p, name, strlen(name));
	*p++ = '"';
	return p;
}

static char *errno_text(const struct field *field, const struct record *record, char *p,
			const char *end)
{
	int64_t number = field_signed(field, record);
	const char *name = name_of(number);

	(void)end;
	return name ? put_mem(p, name, strlen(name)) : put_s64(p, number);
}

const struct decoder decode_errno = {
	.size = ANY_INTEGER,
	.room = 48,
	.json = errno_json,
	.text = errno_text,
};
