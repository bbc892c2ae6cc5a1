// SPDX-License-Identifier: Apache-2.0
/* Reads map `counters`. */
#include "counters.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

_Static_assert(sizeof(struct pulsar_counters) % 8 == 0,
	       "the kernel rounds each value up to 8 bytes");

#define CPUS_POSSIBLE "/sys/devices/system/cpu/possible"

int cpus_parse(const char *list)
{
	unsigned long last;
	char *end;

	if (list[0] != '0')
		return -EINVAL;
	if (list[1] == '\n' || list[1] == '\0')
		return 1;
	if (list[1] != '-' || list[2] < '0' || list[2] > '9')
		return -EINVAL;
	errno = 0;
	last = strtoul(list + 2, &end, 10);
	if (errno || (*end != '\n' && *end != '\0') || !last || last >= SHRT_MAX)
		return -EINVAL;
	return (int)last + 1;
}

int cpus_possible(void)
{
	char list[64];
	ssize_t len;
	int fd, err;

	fd = open(CPUS_POSSIBLE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, list, sizeof(list) - 1);
	err = -errno;
	close(fd);
	if (len < 0)
		return err;
	list[len] = '\0';
	return cpus_parse(list);
}

int counters_init(struct counters *counters, int fd, unsigned int cpus)
{
	*counters = (struct counters){
		.fd = fd,
		.cpus = cpus,
		.cpu = calloc(cpus, sizeof(*counters->cpu)),
	};
	if (counters->cpu)
		return 0;
	counters_release(counters);
	return -ENOMEM;
}

int counters_read(struct counters *counters)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(counters->fd, &zero, counters->cpu);
}

void counters_release(struct counters *counters)
{
	free(counters->cpu);
	if (counters->fd >= 0)
		close(counters->fd);
	memset(counters, 0, sizeof(*counters));
	counters->fd = -1;
}
