// SPDX-License-Identifier: Apache-2.0
/* Looks at the first four bytes of files: see elf.h. */
#include "elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What was found out about files. A file has one place here, by its inode; another file that has
 * the same one takes it over. What was changed has another time.
 */
#define SEEN_MAX 4096 /* a power of two */

struct seen {
	dev_t device;
	ino_t inode; /* 0: empty */
	struct timespec modified;
	struct timespec changed; /* as the other can be set back */
	bool elf;
};

struct elf {
	const char *whitelist;
	uint64_t looks;
	struct seen seen[SEEN_MAX];
};

/* The paths of a list, one by one: NULL behind the last. */
static const char *list_next(const char **rest, size_t *len)
{
	const char *path = *rest;

	if (!path)
		return NULL;
	*len = strcspn(path, ",");
	*rest = path[*len] ? path + *len + 1 : NULL;
	return path;
}

bool elf_whitelist_valid(const char *whitelist)
{
	const char *path;
	size_t len;

	if (!*whitelist)
		return true;
	while ((path = list_next(&whitelist, &len)))
		if (*path != '/')
			return false;
	return true;
}

/* `above` is `path` or one of the directories that it lies in. */
static bool lies_in(const char *path, size_t len, const char *above, size_t above_len)
{
	while (above_len && above[above_len - 1] == '/')
		above_len--; /* "/usr/" is "/usr", "/" is all */
	return len >= above_len && !memcmp(path, above, above_len) &&
	       (len == above_len || path[above_len] == '/');
}

bool elf_whitelists(const char *whitelist, const char *path)
{
	const char *rest = *whitelist ? whitelist : NULL;
	size_t path_len = strlen(path), len;
	const char *above;

	while ((above = list_next(&rest, &len)))
		if (lies_in(path, path_len, above, len))
			return true;
	return false;
}

struct elf *elf_new(const char *whitelist)
{
	struct elf *elf = calloc(1, sizeof(*elf));

	if (elf)
		elf->whitelist = whitelist;
	return elf;
}

void elf_free(struct elf *elf)
{
	free(elf);
}

uint64_t elf_looks(const struct elf *elf)
{
	return elf->looks;
}

/* ---- memory ---- */

static struct seen *seen_place(struct elf *elf, const struct stat *st)
{
	uint64_t mixed =
		((uint64_t)st->st_ino ^ (uint64_t)st->st_dev << 32) * 0x9e3779b97f4a7c15ull;

	return &elf->seen[mixed >> 32 & (SEEN_MAX - 1)];
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool seen_is(const struct seen *seen, const struct stat *st)
{
	return seen->inode == st->st_ino && seen->device == st->st_dev &&
	       same_time(&seen->modified, &st->st_mtim) && same_time(&seen->changed, &st->st_ctim);
}

static void seen_set(struct seen *seen, const struct stat *st, bool is)
{
	seen->device = st->st_dev;
	seen->inode = st->st_ino;
	seen->modified = st->st_mtim;
	seen->changed = st->st_ctim;
	seen->elf = is;
}

/* ---- files ---- */

/* Opens and reads; *st becomes that of the file that was read. False: it could not be told. */
static bool look(const char *path, struct stat *st, bool *is)
{
	char magic[SELFMAG];
	bool told = false;
	ssize_t n;
	int fd;

	fd = open(path, ELF_OPEN_FLAGS);
	if (fd < 0)
		return false;
	/* Another one may have come since the first look: a fifo, a device. */
	if (!fstat(fd, st) && S_ISREG(st->st_mode)) {
		n = read(fd, magic, sizeof(magic));
		told = n >= 0;
		*is = n == sizeof(magic) && !memcmp(magic, ELFMAG, SELFMAG);
	}
	close(fd);
	return told;
}

bool elf_is(struct elf *elf, const uint8_t *bytes, size_t len)
{
	char path[PATH_MAX];
	struct seen *seen;
	struct stat st;
	bool is;

	if (!len || *bytes != '/' || len >= sizeof(path) || memchr(bytes, '\0', len))
		return false;
	memcpy(path, bytes, len);
	path[len] = '\0';
	if (elf_whitelists(elf->whitelist, path))
		return false;
	/* Without opening, as that does something to some devices. */
	if (lstat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	seen = seen_place(elf, &st);
	if (seen_is(seen, &st))
		return seen->elf;
	elf->looks++;
	if (!look(path, &st, &is))
		return false;
	seen_set(seen_place(elf, &st), &st, is);
	return is;
}
