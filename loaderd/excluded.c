// SPDX-License-Identifier: Apache-2.0
/* Keeps the maps core_excluded in step with who is connected. */
#include "excluded.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/types.h>

/* Ends a walk that others' changes to the map send back to the start. */
#define EXCLUDED_WALK_MAX 65536

struct excluded_process {
	__u32 pid;
	unsigned int connections;
};

struct excluded {
	int *fds;
	size_t fds_count;
	struct excluded_process *processes; /* the first is this one */
	size_t processes_count;
};

static struct excluded_process *excluded_find(const struct excluded *e, __u32 pid)
{
	for (size_t i = 0; i < e->processes_count; i++)
		if (e->processes[i].pid == pid)
			return &e->processes[i];
	return NULL;
}

static struct excluded_process *excluded_add(struct excluded *e, __u32 pid)
{
	struct excluded_process *p;

	p = reallocarray(e->processes, e->processes_count + 1, sizeof(*p));
	if (!p)
		return NULL;
	e->processes = p;
	p += e->processes_count++;
	p->pid = pid;
	p->connections = 1;
	return p;
}

struct excluded *excluded_new(void)
{
	struct excluded *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	if (!excluded_add(e, (__u32)getpid())) {
		free(e);
		return NULL;
	}
	return e;
}

static void excluded_close_maps(struct excluded *e)
{
	for (size_t i = 0; i < e->fds_count; i++)
		close(e->fds[i]);
	free(e->fds);
	e->fds = NULL;
	e->fds_count = 0;
}

void excluded_free(struct excluded *e)
{
	if (!e)
		return;
	excluded_close_maps(e);
	free(e->processes);
	free(e);
}

/* ---- the maps ---- */

static int excluded_enter(const struct excluded *e, __u32 pid)
{
	const __u32 one = 1;
	int err = 0;

	for (size_t i = 0; i < e->fds_count; i++)
		if (bpf_map_update_elem(e->fds[i], &pid, &one, BPF_ANY) < 0)
			err = -errno;
	return err;
}

static void excluded_leave(const struct excluded *e, __u32 pid)
{
	/* That it may not be there is fine. */
	for (size_t i = 0; i < e->fds_count; i++)
		bpf_map_delete_elem(e->fds[i], &pid);
}

static bool excluded_is_dead(const struct excluded *e, __u32 pid)
{
	(void)e;
	return kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static bool excluded_is_unconnected(const struct excluded *e, __u32 pid)
{
	return !excluded_find(e, pid);
}

/* Removes the keys of one map that `gone` picks; how many there were. */
static unsigned int excluded_remove(struct excluded *e, int fd,
				    bool (*gone)(const struct excluded *e, __u32 pid))
{
	__u32 *previous = NULL;
	unsigned int removed = 0;
	__u32 key, next;

	for (int i = 0; i < EXCLUDED_WALK_MAX; i++) {
		if (bpf_map_get_next_key(fd, previous, &next) < 0)
			break;
		/* What was removed is no key to go on from; the one before it still is. */
		if (gone(e, next) && bpf_map_delete_elem(fd, &next) == 0) {
			removed++;
			continue;
		}
		key = next;
		previous = &key;
	}
	return removed;
}

int excluded_use_maps(struct excluded *e, const int *fds, size_t count)
{
	int *more = calloc(count + 1, sizeof(*more));
	size_t n;

	if (!more)
		return -ENOMEM;
	for (n = 0; n < count; n++) {
		more[n] = fcntl(fds[n], F_DUPFD_CLOEXEC, 0);
		if (more[n] < 0)
			break;
	}
	excluded_close_maps(e);
	e->fds = more;
	e->fds_count = n;
	for (size_t i = 0; i < e->processes_count; i++)
		excluded_enter(e, e->processes[i].pid);
	for (size_t i = 0; i < n; i++)
		excluded_remove(e, more[i], excluded_is_dead);
	return n == count ? 0 : -EMFILE;
}

int excluded_set(struct excluded *e, pid_t pid, bool on)
{
	struct excluded_process *p = excluded_find(e, (__u32)pid);

	if (on && p) {
		p->connections++;
		return 0;
	}
	if (on)
		return excluded_add(e, (__u32)pid) ? excluded_enter(e, (__u32)pid) : -ENOMEM;
	if (!p || --p->connections)
		return 0;
	*p = e->processes[--e->processes_count];
	excluded_leave(e, (__u32)pid);
	return 0;
}

unsigned int excluded_sweep(struct excluded *e)
{
	unsigned int removed = 0;

	for (size_t i = 0; i < e->fds_count; i++)
		removed += excluded_remove(e, e->fds[i], excluded_is_unconnected);
	return removed;
}
