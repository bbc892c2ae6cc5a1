// SPDX-License-Identifier: Apache-2.0
/* Positions: written by one reader, read by the next. */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "subscription.h"

static struct pulsar_position position;
static struct account account;

static struct pulsar_progress progress_after(__u64 delivered)
{
	return (struct pulsar_progress){
		.ring_id = 7,
		.tail = delivered * 64,
		.next_seq = position.base_seq + 1 + delivered,
		.delivered = delivered,
	};
}

static void setup(void)
{
	memset(&position, 0, sizeof(position));
	position.base_seq = 100;
	position.base_lost.busy = 9;
	position.copy[0].next_seq = 101;
}

TestSuite(position, .init = setup);

Test(position, new_one_stands_at_the_beginning)
{
	cr_expect(position_load(&position, &account));
	cr_expect_eq(account.base_seq, 100);
	cr_expect_eq(account.base_lost.busy, 9);
	cr_expect_eq(account.progress.next_seq, 101);
}

Test(position, what_was_committed_is_loaded)
{
	for (__u64 n = 1; n <= 5; n++) {
		struct pulsar_progress progress = progress_after(n);

		position_commit(&position, &progress);
		cr_expect(position_load(&position, &account));
		cr_expect_eq(account.progress.delivered, n);
		cr_expect_eq(account.progress.tail, n * 64);
		cr_expect_eq(account.progress.ring_id, 7);
	}
}

Test(position, commit_that_was_cut_off_leaves_the_former_one)
{
	struct pulsar_progress progress = progress_after(3);

	position_commit(&position, &progress);
	memset(&position.copy[!position.current], 0xff, 33);
	cr_expect(position_load(&position, &account));
	cr_expect_eq(account.progress.delivered, 3);
	progress = progress_after(4);
	position_commit(&position, &progress);
	cr_expect(position_load(&position, &account));
	cr_expect_eq(account.progress.delivered, 4);
}

Test(position, nonsense_begins_at_the_beginning)
{
	memset(position.copy, 0xab, sizeof(position.copy));
	cr_expect_not(position_load(&position, &account));
	cr_expect_eq(account.progress.next_seq, 101);
	cr_expect_eq(account.progress.delivered, 0);
	cr_expect_eq(account.progress.ring_id, 0);
	cr_expect(account_holds(&account));
}

Test(position, any_current_names_one_of_two_copies)
{
	struct pulsar_progress progress = progress_after(1);

	position.current = 0xfffffffe;
	cr_expect(position_load(&position, &account));
	position_commit(&position, &progress);
	cr_expect_eq(position.current, 1);
	position.current = 0xffffffff;
	cr_expect(position_load(&position, &account));
	cr_expect_eq(account.progress.delivered, 1);
}

Test(position, wish_to_be_woken_tells_whether_it_is_new)
{
	cr_expect(position_wait(&position, true));
	cr_expect_not(position_wait(&position, true));
	position.waiting = 0; /* by a program */
	cr_expect(position_wait(&position, true));
	cr_expect(position_wait(&position, false));
	cr_expect_eq(position.waiting, 0);
}

static int map_new(enum bpf_map_type type, unsigned int value_size, unsigned int entries,
		   __u32 flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);

	return bpf_map_create(type, "positions", 4, value_size, entries, &opts);
}

Test(position, is_mapped_and_seen_by_others)
{
	struct pulsar_progress progress;
	struct subscription subscription = { 0 };
	struct pulsar_position seen;
	__u32 cpu = 2, id = 0;
	int fd;

	if (geteuid())
		cr_skip_test("needs root: makes a BPF map");
	fd = map_new(BPF_MAP_TYPE_ARRAY, sizeof(position), 3, BPF_F_MMAPABLE);
	cr_assert_geq(fd, 0);
	cr_assert_eq(subscription_map(&subscription, fd, 3), 0);
	cr_expect_eq(subscription_map_id(fd, &id), 0);
	cr_expect_eq(subscription.map_id, id);
	position.base_seq = 0;
	progress = progress_after(77);
	position_commit(&subscription.position[cpu], &progress);
	cr_assert_eq(bpf_map_lookup_elem(fd, &cpu, &seen), 0);
	cr_expect_eq(seen.copy[seen.current].delivered, 77);
	subscription_release(&subscription);
	cr_expect_null(subscription.position);
	close(fd);
}

Test(position, map_of_another_kind_is_refused)
{
	struct subscription subscription = { 0 };
	const struct {
		enum bpf_map_type type;
		unsigned int value_size, entries;
		__u32 flags;
	} rows[] = {
		{ BPF_MAP_TYPE_ARRAY, 256, 4, BPF_F_MMAPABLE },
		{ BPF_MAP_TYPE_ARRAY, 256, 2, BPF_F_MMAPABLE },
		{ BPF_MAP_TYPE_ARRAY, 248, 3, BPF_F_MMAPABLE },
		{ BPF_MAP_TYPE_HASH, 256, 3, 0 },
		{ BPF_MAP_TYPE_ARRAY, 256, 3, 0 },
	};

	if (geteuid())
		cr_skip_test("needs root: makes BPF maps");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int fd = map_new(rows[i].type, rows[i].value_size, rows[i].entries, rows[i].flags);

		cr_assert_geq(fd, 0);
		cr_expect_lt(subscription_map(&subscription, fd, 3), 0, "row %zu", i);
		cr_expect_null(subscription.position);
		close(fd);
	}
	cr_expect_lt(subscription_map(&subscription, STDIN_FILENO, 3), 0);
}
