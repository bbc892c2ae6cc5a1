// SPDX-License-Identifier: Apache-2.0
/* Kind CAPABILITIES: the names of a set, as capabilities(7) has them; unknown ones as one number. */
#include <linux/capability.h>

#include "../put.h"
#include "decode.h"

#define NAME(cap) [cap] = #cap

static const char names[][24] = {
	NAME(CAP_CHOWN),
	NAME(CAP_DAC_OVERRIDE),
	NAME(CAP_DAC_READ_SEARCH),
	NAME(CAP_FOWNER),
	NAME(CAP_FSETID),
	NAME(CAP_KILL),
	NAME(CAP_SETGID),
	NAME(CAP_SETUID),
	NAME(CAP_SETPCAP),
	NAME(CAP_LINUX_IMMUTABLE),
	NAME(CAP_NET_BIND_SERVICE),
	NAME(CAP_NET_BROADCAST),
	NAME(CAP_NET_ADMIN),
	NAME(CAP_NET_RAW),
	NAME(CAP_IPC_LOCK),
	NAME(CAP_IPC_OWNER),
	NAME(CAP_SYS_MODULE),
	NAME(CAP_SYS_RAWIO),
	NAME(CAP_SYS_CHROOT),
	NAME(CAP_SYS_PTRACE),
	NAME(CAP_SYS_PACCT),
	NAME(CAP_SYS_ADMIN),
	NAME(CAP_SYS_BOOT),
	NAME(CAP_SYS_NICE),
	NAME(CAP_SYS_RESOURCE),
	NAME(CAP_SYS_TIME),
	NAME(CAP_SYS_TTY_CONFIG),
	NAME(CAP_MKNOD),
	NAME(CAP_LEASE),
	NAME(CAP_AUDIT_WRITE),
	NAME(CAP_AUDIT_CONTROL),
	NAME(CAP_SETFCAP),
	NAME(CAP_MAC_OVERRIDE),
	NAME(CAP_MAC_ADMIN),
	NAME(CAP_SYSLOG),
	NAME(CAP_WAKE_ALARM),
	NAME(CAP_BLOCK_SUSPEND),
	NAME(CAP_AUDIT_READ),
	NAME(CAP_PERFMON),
	NAME(CAP_BPF),
	NAME(CAP_CHECKPOINT_RESTORE),
};

#define NAMES (sizeof(names) / sizeof(names[0]))

/* Each name with `before` and `after` around it, then the number of what has none. */
static char *put_set(char *p, uint64_t set, const char *before, const char *after)
{
	uint64_t unknown = set >> NAMES << NAMES;

	for (set ^= unknown; set; set &= set - 1) {
		const char *name = names[__builtin_ctzll(set)];

		p = put_mem(p, before, strlen(before));
		p = put_mem(p, name, strlen(name));
		p = put_mem(p, after, strlen(after));
	}
	if (unknown) {
		p = put_mem(p, before, strlen(before));
		p = put_hex(p, unknown);
		p = put_mem(p, after, strlen(after));
	}
	return p;
}

static char *capabilities_json(const struct field *field, const struct record *record, char *p,
			       const char *end)
{
	uint64_t set = field_unsigned(field, record);
	char *start = p;

	(void)end;
	if (!set)
		return put_lit(p, "[]");
	p = put_set(p, set, ",\"", "\"");
	*start = '[';
	*p++ = ']';
	return p;
}

static char *capabilities_text(const struct field *field, const struct record *record, char *p,
			       const char *end)
{
	uint64_t set = field_unsigned(field, record);

	(void)end;
	return set ? put_set(p, set, "", "|") - 1 : put_lit(p, "0");
}

const struct decoder decode_capabilities = {
	.size = 8,
	.room = (NAMES + 1) * (sizeof(names[0]) + 3),
	.json = capabilities_json,
	.text = capabilities_text,
};
