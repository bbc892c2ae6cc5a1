// SPDX-License-Identifier: Apache-2.0
/* Halves rings until they fit. */
#include "budget.h"

#include "config.h"

uint64_t budget_size(uint64_t size, unsigned int shift)
{
	while (shift-- && size / 2 >= CONFIG_RING_MIN)
		size /= 2;
	return size;
}

uint64_t budget_total(const uint64_t *sizes, size_t count, unsigned int cpus, unsigned int shift)
{
	uint64_t total = 0;

	/* No overflow: a ring has at most 2^30 bytes, and there are few modules and CPUs. */
	for (size_t i = 0; i < count; i++)
		total += budget_size(sizes[i], shift) * cpus;
	return total;
}

unsigned int budget_fit(const uint64_t *sizes, size_t count, unsigned int cpus, uint64_t limit)
{
	unsigned int shift = 0;

	while (budget_total(sizes, count, cpus, shift) > limit &&
	       budget_total(sizes, count, cpus, shift + 1) <
		       budget_total(sizes, count, cpus, shift))
		shift++;
	return shift;
}
