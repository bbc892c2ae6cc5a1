/* SPDX-License-Identifier: Apache-2.0 */
/* The rig of suite drain, which is set up anew for each of its tests. */
#ifndef TESTS_STREAM_DRAIN_H
#define TESTS_STREAM_DRAIN_H

#include "stream_rig.h"

extern struct rig rig;

/* The lines since the last look, as rig_lines() has them. */
void drain_expect_lines(const char *expected);
/* One round, and the lines of it. */
void drain_round_gives(const char *expected);

#endif
