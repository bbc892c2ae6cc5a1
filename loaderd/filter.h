/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp filter: which system calls are left to loaderd.
 */
#ifndef LOADERD_FILTER_H
#define LOADERD_FILTER_H

/*
 * Loads the filter for all threads: 0 or negative errno. Needs no_new_privs or CAP_SYS_ADMIN.
 * A call that is not allowed fails with EPERM.
 */
int filter_load(void);

#endif
