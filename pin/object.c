// SPDX-License-Identifier: Apache-2.0
/*
 * BPF objects: opened, told apart, compared, pinned.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "internal.h"

/*
 * What a descriptor is. BPF_OBJ_GET_INFO_BY_FD answers for a map, a link and a
 * program alike without saying for which, so this reads the name that the kernel
 * gives the file (kernel/bpf/syscall.c: a link is called "bpf_link" by the one who
 * made it and "bpf-link" by the one who opened it).
 */
static int object_text(int fd, char *text, size_t size)
{
	static const char prefix[] = "anon_inode:";
	char path[32], target[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (strncmp(target, prefix, sizeof(prefix) - 1))
		snprintf(text, size, "a file");
	else if (!strcmp(target + sizeof(prefix) - 1, "bpf-map"))
		snprintf(text, size, "a map");
	else if (!strcmp(target + sizeof(prefix) - 1, "bpf-prog"))
		snprintf(text, size, "a program");
	else if (!strcmp(target + sizeof(prefix) - 1, "bpf-link") ||
		 !strcmp(target + sizeof(prefix) - 1, "bpf_link"))
		snprintf(text, size, "a link");
	else
		snprintf(text, size, "%s", target + sizeof(prefix) - 1);
	return 0;
}

int pin_object_check(int fd, enum pin_kind kind, const char *what, struct pin_error *error)
{
	char text[64];
	int err;

	err = object_text(fd, text, sizeof(text));
	if (err)
		return pin_fail(error, -err, "%s: cannot tell what it is: /proc/self/fd/%d: %s",
				what, fd, strerror(-err));
	if (!strcmp(text, pin_kind_text(kind)))
		return 0;
	return pin_fail(error, EPERM, "%s: %s, expected %s", what, text, pin_kind_text(kind));
}

static int object_get(const char *path, __u32 flags)
{
	LIBBPF_OPTS(bpf_obj_get_opts, options, .file_flags = flags);

	return bpf_obj_get_opts(path, &options);
}

static int open_failed(const char *path, enum pin_kind kind, int err, struct pin_error *error)
{
	switch (err) {
	case EACCES:
		return pin_denied(error, path);
	case EPERM:
		return pin_fail(error, EACCES,
				"%s: the kernel refuses bpf() to this process "
				"(without CAP_BPF it needs Linux 5.19)",
				path);
	case EINVAL:
		/* What the kernel says to a link that is to be opened read-only. */
		return pin_fail(error, EPERM, "%s: not to be opened read-only, expected %s", path,
				pin_kind_text(kind));
	}
	return pin_fail(error, err, "%s: cannot open: %s", path, strerror(err));
}

int pin_object_open(const char *path, enum pin_kind kind, bool read_only, struct pin_error *error)
{
	int fd, err;

	fd = object_get(path, read_only ? BPF_F_RDONLY : 0);
	if (fd == -EINVAL && read_only) {
		/* Only to say what it is. */
		fd = object_get(path, 0);
		if (fd < 0)
			fd = -EINVAL;
	}
	if (fd < 0)
		return open_failed(path, kind, -fd, error);
	err = pin_object_check(fd, kind, path, error);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static const char *map_type_text(unsigned int type)
{
	static const char *const names[] = {
		[BPF_MAP_TYPE_HASH] = "HASH",
		[BPF_MAP_TYPE_ARRAY] = "ARRAY",
		[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = "PERF_EVENT_ARRAY",
		[BPF_MAP_TYPE_PERCPU_HASH] = "PERCPU_HASH",
		[BPF_MAP_TYPE_PERCPU_ARRAY] = "PERCPU_ARRAY",
		[BPF_MAP_TYPE_LRU_HASH] = "LRU_HASH",
		[BPF_MAP_TYPE_ARRAY_OF_MAPS] = "ARRAY_OF_MAPS",
		[BPF_MAP_TYPE_HASH_OF_MAPS] = "HASH_OF_MAPS",
		[BPF_MAP_TYPE_RINGBUF] = "RINGBUF",
		[BPF_MAP_TYPE_TASK_STORAGE] = "TASK_STORAGE",
	};

	if (type >= sizeof(names) / sizeof(*names) || !names[type])
		return "of another type";
	return names[type];
}

static int differs(const char *what, const char *of, unsigned int found, unsigned int expected,
		   struct pin_error *error)
{
	if (!expected || found == expected)
		return 0;
	return pin_fail(error, EINVAL, "%s: %s %u, expected %u", what, of, found, expected);
}

int pin_object_expect(int fd, const struct pin_map_expect *expect, const char *what,
		      struct pin_error *error)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	int err;

	if (!expect)
		return 0;
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (err)
		return pin_fail(error, -err, "%s: cannot ask for its type: %s", what,
				strerror(-err));
	if (expect->type && info.type != expect->type)
		return pin_fail(error, EINVAL, "%s: map type %u (%s), expected %u (%s)", what,
				info.type, map_type_text(info.type), expect->type,
				map_type_text(expect->type));
	err = differs(what, "key size", info.key_size, expect->key_size, error);
	if (!err)
		err = differs(what, "value size", info.value_size, expect->value_size, error);
	if (!err)
		err = differs(what, "maximum of entries", info.max_entries, expect->max_entries,
			      error);
	return err;
}

static int object_give(const struct pin_root *root, const struct pin_path *path, mode_t mode,
		       gid_t gid)
{
	const char *relative = pin_path_relative(path);

	/* The group first: with the mode first, root's group could open it for a moment. */
	if ((mode & 0070) && fchownat(root->fd, relative, 0, gid, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (fchmodat(root->fd, relative, mode, 0))
		return -errno;
	return 0;
}

int pin_object_pin(const struct pin_root *root, const struct pin_path *path, int fd,
		   enum pin_kind kind, mode_t mode, gid_t gid, struct pin_error *error)
{
	int err;

	err = pin_object_check(fd, kind, path->text, error);
	if (err)
		return err == -EPERM ? -EINVAL : err;
	err = bpf_obj_pin(fd, path->text);
	if (err)
		return pin_fail(error, -err, "%s: cannot pin: %s", path->text, strerror(-err));
	err = object_give(root, path, mode, gid);
	if (err) {
		unlinkat(root->fd, pin_path_relative(path), 0);
		return pin_fail(error, -err, "%s: cannot set group %u and mode %04o: %s",
				path->text, gid, mode, strerror(-err));
	}
	return 0;
}
