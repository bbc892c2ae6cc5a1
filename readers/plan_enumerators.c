// SPDX-License-Identifier: Apache-2.0
/* The enumerators of a plan, sorted once for ENUM and once for FLAGS. */
#include <stdlib.h>

#include "plan_compile.h"

static int by_group(const struct enumerator *a, const struct enumerator *b)
{
	return (a->group > b->group) - (a->group < b->group);
}

static int by_order(const struct enumerator *a, const struct enumerator *b)
{
	return (a->order > b->order) - (a->order < b->order);
}

static int by_value(const void *x, const void *y)
{
	const struct enumerator *a = x, *b = y;
	int64_t value_a = a->value, value_b = b->value;
	int order = by_group(a, b);

	if (!order)
		order = (value_a > value_b) - (value_a < value_b);
	return order ? order : by_order(a, b);
}

static int by_bits(const void *x, const void *y)
{
	const struct enumerator *a = x, *b = y;
	int order = by_group(a, b);

	if (!order)
		order = __builtin_popcountll(b->mask) - __builtin_popcountll(a->mask);
	return order ? order : by_order(a, b);
}

static void add(struct enumerator *e, const struct pulsar_field *entry, size_t order)
{
	size_t len = strlen(entry->name);

	*e = (struct enumerator){
		.value = entry->value,
		/* Without a mask the name is one of the whole value. */
		.mask = entry->mask ? entry->mask : ~0ull,
		.group = entry->group,
		.order = order,
		.len = len + 2,
	};
	e->quoted[0] = '"';
	memcpy(e->quoted + 1, entry->name, len);
	e->quoted[len + 1] = '"';
}

void compile_enumerators(struct compiler *c)
{
	struct plan *plan = c->plan;
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (c->entries[i].kind == PULSAR_KIND_ENUMERATOR) {
			add(&plan->by_value[n], &c->entries[i], n);
			n++;
		}
	}
	memcpy(plan->by_bits, plan->by_value, n * sizeof(*plan->by_bits));
	qsort(plan->by_value, n, sizeof(*plan->by_value), by_value);
	qsort(plan->by_bits, n, sizeof(*plan->by_bits), by_bits);
}

/* The first of sorted enumerators whose group is at least this one. */
static size_t group_start(const struct enumerator *sorted, size_t count, uint64_t group)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle].group < group)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void compile_group(const struct plan *plan, const struct pulsar_field *entry, struct field *field)
{
	const struct enumerator *sorted = entry->kind == PULSAR_KIND_FLAGS ? plan->by_bits
									   : plan->by_value;
	size_t start = group_start(sorted, plan->enumerator_count, entry->group);
	size_t end = group_start(sorted, plan->enumerator_count, (uint64_t)entry->group + 1);

	field->enumerators = sorted + start;
	field->enumerator_count = end - start;
}
