// SPDX-License-Identifier: Apache-2.0
/* Entries and a map of the kernel: only what differs is written. */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

#include <linux/types.h>

#include "mirror.h"

static struct mirror mirror = { .key_size = sizeof(__u32), .value_size = sizeof(__u64) };
static int map = -1;

static void make(void)
{
	map = bpf_map_create(BPF_MAP_TYPE_HASH, "mirror", sizeof(__u32), sizeof(__u64), 4, NULL);
	if (map < 0)
		cr_skip_test("needs root: makes a BPF map");
}

static void drop(void)
{
	mirror_release(&mirror);
	close(map);
}

TestSuite(mirror, .init = make, .fini = drop);

static void have(__u32 key, __u64 value)
{
	*(__u64 *)mirror_at(&mirror, &key) = value;
}

static void map_has(__u32 key, __u64 value)
{
	cr_assert_eq(bpf_map_update_elem(map, &key, &value, BPF_ANY), 0);
}

/* 0: it is not there. */
static __u64 in_map(__u32 key)
{
	__u64 value = 0;

	bpf_map_lookup_elem(map, &key, &value);
	return value;
}

Test(mirror, a_new_value_is_zero_and_the_same_key_is_the_same_value)
{
	__u32 key = 5;
	__u64 *value = mirror_at(&mirror, &key);

	cr_assert(value);
	cr_expect_eq(*value, 0);
	*value = 7;
	cr_expect_eq(*(__u64 *)mirror_at(&mirror, &key), 7);
	cr_expect_eq(mirror.count, 1);
	key = 6;
	cr_expect(!mirror_find(&mirror, &key));
}

Test(mirror, what_differs_is_written_and_what_is_too_much_is_removed)
{
	map_has(1, 10);
	map_has(2, 20);
	map_has(3, 30);
	have(1, 10);
	have(2, 21);
	have(4, 40);
	cr_expect_eq(mirror_write(&mirror, map), 2);
	cr_expect_eq(mirror_trim(&mirror, map), 1);
	cr_expect(in_map(1) == 10 && in_map(2) == 21 && !in_map(3) && in_map(4) == 40);
	cr_expect_eq(mirror_write(&mirror, map), 0, "nothing differs any more");
	cr_expect_eq(mirror_trim(&mirror, map), 0);
}

Test(mirror, of_nothing_empties_the_map)
{
	for (__u32 key = 1; key <= 4; key++)
		map_has(key, key);
	cr_expect_eq(mirror_trim(&mirror, map), 4);
	cr_expect(!in_map(1) && !in_map(4));
}

Test(mirror, a_map_that_is_full_is_an_error)
{
	for (__u32 key = 1; key <= 5; key++)
		have(key, key);
	cr_expect_eq(mirror_write(&mirror, map), -E2BIG);
}
