/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the kernel forbids what probes live from. */
#ifndef LOADERD_LOCKDOWN_H
#define LOADERD_LOCKDOWN_H

#include <stdbool.h>

/**
 * lockdown_confidential() - the kernel is locked down so that programs may not read its memory
 *
 * Source: /sys/kernel/security/lockdown (security/lockdown/lockdown.c), and the
 * command line where securityfs is not mounted.
 */
bool lockdown_confidential(void);

#endif
