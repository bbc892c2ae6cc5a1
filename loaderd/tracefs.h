/* SPDX-License-Identifier: Apache-2.0 */
/* tracefs, which tells the numbers of tracepoints. */
#ifndef LOADERD_TRACEFS_H
#define LOADERD_TRACEFS_H

#include "pin.h"

/**
 * tracefs_open() - sees to it that tracefs can be read.
 *
 * Where nobody has mounted it, it gets a mount of our own that lies in no
 * directory, and goes with the process: nobody sees it, and it is still there
 * when the daemon may mount nothing any more. Further calls do nothing.
 *
 * Return: 0, or negative errno with *error.
 */
int tracefs_open(struct pin_error *error);

/** tracefs_path() - where tracefs is, or would be. Valid until the next call. */
const char *tracefs_path(void);

#endif
