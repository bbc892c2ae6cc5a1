// SPDX-License-Identifier: Apache-2.0
/*
 * Private bpffs, real maps and links, other users.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "world.h"

void world_bare(void)
{
	if (geteuid())
		cr_skip_test("needs root: mounts bpffs and makes maps");
	if (unshare(CLONE_NEWNS))
		cr_skip_test("needs a mount namespace of its own: %s", strerror(errno));
	cr_assert_eq(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
	while (!umount2(MOUNT_POINT, MNT_DETACH))
		;
}

void world_mounted(void)
{
	world_bare();
	cr_assert_eq(mount("bpf", MOUNT_POINT, "bpf", 0, "mode=0711"), 0, "%s", strerror(errno));
}

struct pin_root *root_own(void)
{
	struct pin_error error = { "" };
	struct pin_root *root;

	root = pin_root_open(ROOT, PIN_OWN, 0011, GROUP, NULL, &error);
	cr_assert_not_null(root, "%s", error.text);
	return root;
}

struct pin_root *root_look(void)
{
	struct pin_error error = { "" };
	struct pin_root *root;

	root = pin_root_open(ROOT, PIN_READ, 0, 0, NULL, &error);
	cr_assert_not_null(root, "%s", error.text);
	return root;
}

int map_new(enum bpf_map_type type)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	int fd;

	if (type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		options.map_flags = BPF_F_PRESERVE_ELEMS;
	fd = bpf_map_create(type, "pin_test", 4, 4, 8, &options);
	cr_assert_geq(fd, 0, "map: %s", strerror(-fd));
	return fd;
}

int program_new(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd;

	fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "pin_test", "GPL", code, 2, NULL);
	cr_assert_geq(fd, 0, "program: %s", strerror(-fd));
	return fd;
}

int link_new(void)
{
	int program = program_new(), fd;

	fd = bpf_raw_tracepoint_open("sched_process_exit", program);
	cr_assert_geq(fd, 0, "link: %s", strerror(-fd));
	close(program);
	return fd;
}

static void stage_put(struct pin_stage *stage, const char *name, enum bpf_map_type type,
		      bool public)
{
	struct pin_error error = { "" };
	int fd = map_new(type);

	cr_assert_eq(pin_stage_map(stage, name, fd, public, &error), 0, "%s", error.text);
	close(fd);
}

static void stage_attach(struct pin_stage *stage, const char *program)
{
	struct pin_error error = { "" };
	int fd = link_new();

	cr_assert_eq(pin_stage_link(stage, program, fd, &error), 0, "%s", error.text);
	close(fd);
}

struct pin_stage *stage_full(struct pin_root *root, const char *module, gid_t gid)
{
	struct pin_error error = { "" };
	struct pin_stage *stage;

	stage = pin_stage_new(root, module, gid, &error);
	cr_assert_not_null(stage, "%s", error.text);
	stage_put(stage, "events", BPF_MAP_TYPE_PERF_EVENT_ARRAY, true);
	stage_put(stage, "schema", BPF_MAP_TYPE_ARRAY, true);
	stage_put(stage, "counters", BPF_MAP_TYPE_PERCPU_ARRAY, true);
	stage_put(stage, "meta", BPF_MAP_TYPE_ARRAY, true);
	stage_put(stage, "maps/own", BPF_MAP_TYPE_HASH, false);
	stage_put(stage, "maps/open", BPF_MAP_TYPE_HASH, true);
	stage_put(stage, "subscriptions/default", BPF_MAP_TYPE_ARRAY, false);
	stage_put(stage, "subscriptions/siem", BPF_MAP_TYPE_ARRAY, false);
	stage_attach(stage, "leave");
	stage_attach(stage, "enter");
	return stage;
}

void module_new(struct pin_root *root, const char *module, gid_t gid)
{
	struct pin_stage *stage = stage_full(root, module, gid);
	struct pin_error error = { "" };

	cr_assert_eq(pin_stage_commit(stage, &error), 0, "%s", error.text);
}

int run_as(uid_t uid, gid_t gid, int (*body)(void *arg), void *arg)
{
	int status, result[2], answer = -1;
	pid_t pid;

	cr_assert_eq(pipe(result), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid) {
		if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
			_exit(1);
		answer = body(arg);
		_exit(write(result[1], &answer, sizeof(answer)) != sizeof(answer));
	}
	close(result[1]);
	cr_assert_eq(read(result[0], &answer, sizeof(answer)), (ssize_t)sizeof(answer));
	close(result[0]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	return answer;
}

int see(const char *name, void *arg)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->text);

	snprintf(seen->text + len, sizeof(seen->text) - len, "%s ", name);
	return seen->stop_at && !strcmp(seen->stop_at, name) ? 42 : 0;
}

struct stat look_at(const char *name)
{
	char path[PIN_PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), ROOT "/%s", name);
	cr_assert_eq(lstat(path, &st), 0, "%s: %s", path, strerror(errno));
	return st;
}

bool is_there(const char *name)
{
	char path[PIN_PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), ROOT "/%s", name);
	return !lstat(path, &st);
}

unsigned int map_id(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	cr_assert_eq(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	return info.id;
}

void assert_text(const struct pin_error *error, const char *format, ...)
{
	char expected[sizeof(error->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(expected, sizeof(expected), format, args);
	va_end(args);
	cr_assert_str_eq(error->text, expected);
}
