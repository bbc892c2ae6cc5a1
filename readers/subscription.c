// SPDX-License-Identifier: Apache-2.0
/* Maps and writes positions. */
#include "subscription.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "map.h"

static size_t subscription_bytes(unsigned int cpus)
{
	/* The kernel rounds up to pages, and so does mmap(2): array_map_mmap(), kernel/bpf/arraymap.c. */
	return cpus * sizeof(struct pulsar_position);
}

int subscription_map_id(int fd, __u32 *id)
{
	struct bpf_map_info info;
	int err;

	err = map_info(fd, &info);
	if (!err)
		*id = info.id;
	return err;
}

int subscription_map(struct subscription *subscription, int fd, unsigned int cpus)
{
	struct bpf_map_info info;
	void *memory;
	int err;

	err = map_info(fd, &info);
	if (err)
		return err;
	if (info.type != BPF_MAP_TYPE_ARRAY || info.max_entries != cpus ||
	    info.value_size != sizeof(struct pulsar_position))
		return -EINVAL;
	memory = mmap(NULL, subscription_bytes(cpus), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	subscription->position = memory;
	subscription->cpus = cpus;
	subscription->map_id = info.id;
	return 0;
}

void subscription_release(struct subscription *subscription)
{
	if (subscription->position)
		munmap(subscription->position, subscription_bytes(subscription->cpus));
	memset(subscription, 0, sizeof(*subscription));
}

bool position_load(const struct pulsar_position *position, struct account *account)
{
	unsigned int current = __atomic_load_n(&position->current, __ATOMIC_ACQUIRE) & 1;

	account_start(account, position->base_seq, &position->base_lost);
	account->progress = position->copy[current];
	if (account_holds(account))
		return true;
	account_start(account, account->base_seq, &account->base_lost);
	return false;
}

void position_commit(struct pulsar_position *position, const struct pulsar_progress *progress)
{
	unsigned int current = __atomic_load_n(&position->current, __ATOMIC_RELAXED) & 1;

	position->copy[!current] = *progress;
	__atomic_store_n(&position->current, !current, __ATOMIC_RELEASE);
}

bool position_wait(struct pulsar_position *position, bool on)
{
	if (__atomic_load_n(&position->waiting, __ATOMIC_RELAXED) == on)
		return false;
	/* Before the look at the ring that follows, or an event in between would wake nobody. */
	__atomic_store_n(&position->waiting, on, __ATOMIC_SEQ_CST);
	return true;
}
