// SPDX-License-Identifier: Apache-2.0
/* Lists of CPUs as sysfs writes them. */
#include "cpus.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BITS_PER_LONG (8 * sizeof(unsigned long))

/* An attribute of sysfs is at most a page, of up to 64 KiB (sysfs_emit(), fs/sysfs/file.c). */
#define CPUS_TEXT_MAX (64 * 1024)

static void cpus_add(struct cpus *cpus, unsigned int cpu)
{
	cpus->bits[cpu / BITS_PER_LONG] |= 1ul << (cpu % BITS_PER_LONG);
}

/* A number without sign or blanks; *text is left behind it. */
static int parse_cpu(const char **text, unsigned int *cpu)
{
	unsigned int n = 0;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	for (; isdigit((unsigned char)**text); (*text)++) {
		n = 10 * n + (unsigned int)(**text - '0');
		if (n >= CPUS_MAX)
			return -ERANGE;
	}
	*cpu = n;
	return 0;
}

/* "3" or "0-3" */
static int parse_range(const char **text, struct cpus *cpus)
{
	unsigned int first, last;
	int err;

	err = parse_cpu(text, &first);
	if (err)
		return err;
	last = first;
	if (**text == '-') {
		(*text)++;
		err = parse_cpu(text, &last);
		if (err)
			return err;
	}
	if (last < first)
		return -EINVAL;
	for (unsigned int cpu = first; cpu <= last; cpu++)
		cpus_add(cpus, cpu);
	return 0;
}

int cpus_parse(const char *text, struct cpus *cpus)
{
	struct cpus parsed = {};
	int err;

	if (*text != '\0' && *text != '\n') {
		for (;;) {
			err = parse_range(&text, &parsed);
			if (err)
				return err;
			if (*text != ',')
				break;
			text++;
		}
	}
	if (*text == '\n')
		text++;
	if (*text)
		return -EINVAL;
	*cpus = parsed;
	return 0;
}

int cpus_read(const char *name, struct cpus *cpus)
{
	char path[64], *text;
	struct cpus found;
	ssize_t n;
	int fd, err;

	text = malloc(CPUS_TEXT_MAX + 1);
	if (!text)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		goto out;
	}
	n = read(fd, text, CPUS_TEXT_MAX);
	err = n < 0 ? -errno : 0;
	close(fd);
	if (err)
		goto out;
	text[n] = '\0';
	err = cpus_parse(text, &found);
	if (err)
		goto out;
	if (!cpus_end(&found)) {
		err = -ENODATA;
		goto out;
	}
	*cpus = found;
out:
	free(text);
	return err;
}

bool cpus_has(const struct cpus *cpus, unsigned int cpu)
{
	return cpu < CPUS_MAX && (cpus->bits[cpu / BITS_PER_LONG] >> (cpu % BITS_PER_LONG)) & 1;
}

unsigned int cpus_end(const struct cpus *cpus)
{
	unsigned int end = CPUS_MAX;

	while (end && !cpus_has(cpus, end - 1))
		end--;
	return end;
}

unsigned int cpus_count(const struct cpus *cpus)
{
	unsigned int count = 0;

	for (size_t i = 0; i < sizeof(cpus->bits) / sizeof(cpus->bits[0]); i++)
		count += (unsigned int)__builtin_popcountl(cpus->bits[i]);
	return count;
}
