// SPDX-License-Identifier: Apache-2.0
/* Capabilities, without a library: there are two system calls to make. */
#include "unprivileged.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ctl.h"

int unprivileged_keep_reading(void)
{
	/*
	 * To open pins of other groups; to ask for a program by its id, which takes
	 * CAP_SYS_ADMIN (kernel/bpf/syscall.c, bpf_prog_get_fd_by_id()).
	 */
	const unsigned int keep = 1u << CAP_DAC_READ_SEARCH | 1u << CAP_SYS_ADMIN;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
	const struct __user_cap_data_struct none = { 0 };

	_Static_assert(CAP_DAC_READ_SEARCH < 32 && CAP_SYS_ADMIN < 32,
		       "both are in the first word");
	if (syscall(SYS_capget, &header, caps))
		return ctl_fail("capget: %m");
	caps[0].effective &= keep;
	caps[0].permitted &= keep;
	caps[0].inheritable = 0;
	caps[1] = none;
	if (syscall(SYS_capset, &header, caps))
		return ctl_fail("capset: %m");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return ctl_fail("no_new_privs: %m");
	return 0;
}
