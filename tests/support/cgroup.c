/* SPDX-License-Identifier: Apache-2.0 */
/* A memory cgroup of the kit's own, for its loaderd. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

/* Where hierarchies are usually mounted, and how a limit is called there: cgroup(7). */
static const struct {
	const char *parent, *limit;
} cgroup_kinds[] = {
	{ "/sys/fs/cgroup", "memory.max" },
	{ "/sys/fs/cgroup/unified", "memory.max" },
	{ "/sys/fs/cgroup/memory", "memory.limit_in_bytes" },
};

#define KINDS (sizeof(cgroup_kinds) / sizeof(cgroup_kinds[0]))

static void cgroup_path(const struct kit *kit, size_t kind, char *path, size_t size)
{
	snprintf(path, size, "%s%s", cgroup_kinds[kind].parent, strrchr(kit->folder, '/'));
}

static bool cgroup_limit(const char *folder, const char *name, unsigned long long bytes)
{
	char path[256];
	int fd;
	bool set;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	set = dprintf(fd, "%llu", bytes) > 0;
	close(fd);
	return set;
}

bool kit_limit_memory(struct kit *kit, unsigned long long bytes)
{
	char path[sizeof(kit->cgroup)];

	kit->cgroup[0] = '\0';
	if (!bytes)
		return true;
	for (size_t i = 0; i < KINDS; i++) {
		cgroup_path(kit, i, path, sizeof(path));
		if (mkdir(path, 0755) && errno != EEXIST)
			continue;
		if (cgroup_limit(path, cgroup_kinds[i].limit, bytes)) {
			strcpy(kit->cgroup, path);
			return true;
		}
		rmdir(path);
	}
	return false;
}

void cgroup_remove(const struct kit *kit)
{
	char path[sizeof(kit->cgroup)];

	for (size_t i = 0; i < KINDS; i++) {
		cgroup_path(kit, i, path, sizeof(path));
		rmdir(path);
	}
}
