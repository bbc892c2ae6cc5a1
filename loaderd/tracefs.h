/* SPDX-License-Identifier: Apache-2.0 */
/* tracefs, which tells the numbers of tracepoints: mounted while we attach, if it is not there. */
#ifndef LOADERD_TRACEFS_H
#define LOADERD_TRACEFS_H

#include <stdbool.h>

#include "pin.h"

/** tracefs_path() - where tracefs is, or would be. */
const char *tracefs_path(void);

/**
 * tracefs_acquire() - sees to it that tracefs is mounted.
 * @mounted: whether this call mounted it; tracefs_release() then unmounts it.
 *
 * Return: 0, or negative errno of mount(2) with *error.
 */
int tracefs_acquire(bool *mounted, struct pin_error *error);

/** tracefs_release() - unmounts what tracefs_acquire() mounted. Links do not need it. */
void tracefs_release(bool mounted);

#endif
