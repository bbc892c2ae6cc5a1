/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory all rings together may take. Pure. */
#ifndef LOADERD_BUDGET_H
#define LOADERD_BUDGET_H

#include <stddef.h>
#include <stdint.h>

/**
 * budget_total() - bytes of all rings.
 * @sizes: bytes of one ring of each module.
 * @shift: each is halved that often, but not below CONFIG_RING_MIN.
 */
uint64_t budget_total(const uint64_t *sizes, size_t count, unsigned int cpus, unsigned int shift);

/**
 * budget_size() - a ring's size after halving it @shift times.
 *
 * A ring that is asked for smaller than CONFIG_RING_MIN stays as it is.
 */
uint64_t budget_size(uint64_t size, unsigned int shift);

/**
 * budget_fit() - how often all rings must be halved to fit into @limit bytes.
 *
 * If they do not fit even when all have CONFIG_RING_MIN, so often as it takes to get there.
 */
unsigned int budget_fit(const uint64_t *sizes, size_t count, unsigned int cpus, uint64_t limit);

#endif
