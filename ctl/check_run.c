// SPDX-License-Identifier: Apache-2.0
/* Looks at this machine, and hands what it finds to the judgements. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "check.h"
#include "table.h"

#define BPFFS	      "/sys/fs/bpf"
#define GROUP_DEFAULT "pulsar"
#define FILE_TEXT \
	16384 /* enough for /proc/self/mounts of most machines; the rest is not looked at */

static struct check *check_add(struct checks *checks, const char *name)
{
	struct check *check = &checks->check[checks->count++];

	*check = (struct check){ .name = name, .level = CHECK_UNKNOWN };
	return check;
}

/* The front of a file, NULL if it cannot be read. */
static const char *file_front(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return NULL;
	do {
		n = read(fd, text + used, size - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	} while (n > 0 && used < size - 1);
	close(fd);
	text[used] = '\0';
	return n < 0 ? NULL : text;
}

static void check_files(struct checks *checks)
{
	static const struct {
		const char *name, *path;
		void (*judge)(struct check *check, const char *text);
	} files[] = {
		{ "kernel BTF", "/sys/kernel/btf/vmlinux", check_btf },
		{ "lockdown", "/sys/kernel/security/lockdown", check_lockdown },
		{ "BPF LSM", "/sys/kernel/security/lsm", check_lsm },
		{ "unprivileged_bpf", "/proc/sys/kernel/unprivileged_bpf_disabled",
		  check_unprivileged_bpf },
		{ "perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid",
		  check_perf_paranoid },
		{ "bpf_jit_enable", "/proc/sys/net/core/bpf_jit_enable", check_jit },
		{ "bpf_stats_enabled", "/proc/sys/kernel/bpf_stats_enabled", check_bpf_stats },
	};
	char text[256];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		files[i].judge(check_add(checks, files[i].name),
			       file_front(files[i].path, text, sizeof(text)));
}

static void check_mounts(struct checks *checks)
{
	char text[FILE_TEXT];
	const char *mounts = file_front("/proc/self/mounts", text, sizeof(text));

	check_mount(check_add(checks, "bpffs"), mounts, "bpf",
		    "not mounted; loaderd mounts it at " BPFFS);
	check_mount(check_add(checks, "tracefs"), mounts, "tracefs",
		    "not mounted; loaderd mounts it for itself");
	check_mount(check_add(checks, "cgroup2"), mounts, "cgroup2",
		    "not mounted: no cgroup programs, no cgroup_targets");
}

/* systemd mounts bpffs 0700. */
static void check_passage(struct check *check)
{
	struct stat st;

	if (lstat(BPFFS, &st)) {
		snprintf(check->found, sizeof(check->found), "%s: %s", BPFFS, strerror(errno));
		return;
	}
	snprintf(check->found, sizeof(check->found), "mode %04o%s",
		 (unsigned int)(st.st_mode & 07777),
		 st.st_mode & S_IXOTH ? ": readers can pass" : ": readers cannot pass");
	check->level = st.st_mode & S_IXOTH ? CHECK_OK : CHECK_NOTE;
	if (check->level != CHECK_OK)
		check->advice = "loaderd changes it when it starts, unless bpffs_traverse = no";
}

static void check_root(struct check *check, const char *pin_root)
{
	struct stat st;

	if (lstat(pin_root, &st)) {
		check->level = errno == ENOENT ? CHECK_NOTE : CHECK_UNKNOWN;
		snprintf(check->found, sizeof(check->found), "%s: %s", pin_root,
			 errno == ENOENT ? "nothing is pinned" : strerror(errno));
		return;
	}
	check->level = CHECK_OK;
	snprintf(check->found, sizeof(check->found), "%s: mode %04o, uid %u, gid %u", pin_root,
		 (unsigned int)(st.st_mode & 07777), (unsigned int)st.st_uid,
		 (unsigned int)st.st_gid);
	if (st.st_uid || (st.st_mode & 0022)) {
		check->level = CHECK_FAILED;
		check->advice = "remove it: only root may be able to change it";
	}
}

static bool in_group(gid_t gid)
{
	gid_t groups[256];
	int count = getgroups(256, groups);

	for (int i = 0; i < count; i++)
		if (groups[i] == gid)
			return true;
	return getegid() == gid;
}

static void check_group(struct check *check)
{
	const struct group *group = getgrnam(GROUP_DEFAULT);

	check->level = CHECK_OK;
	if (!group) {
		check->level = CHECK_NOTE;
		snprintf(check->found, sizeof(check->found),
			 "there is no group %s: only root reads, unless another is configured",
			 GROUP_DEFAULT);
		check->advice = "groupadd --system " GROUP_DEFAULT;
	} else if (geteuid() && !in_group(group->gr_gid)) {
		check->level = CHECK_NOTE;
		snprintf(check->found, sizeof(check->found), "you are not in group %s",
			 GROUP_DEFAULT);
		check->advice = "to read events: usermod -aG " GROUP_DEFAULT " USER";
	} else {
		snprintf(check->found, sizeof(check->found), "%s, gid %u", GROUP_DEFAULT,
			 (unsigned int)group->gr_gid);
	}
}

/* CapEff of /proc/self/status; what loaderd needs is in docs/design.md. */
static void check_capabilities(struct check *check)
{
	static const struct {
		int number;
		const char *name;
	} needed[] = {
		{ CAP_BPF, "CAP_BPF" },		  { CAP_PERFMON, "CAP_PERFMON" },
		{ CAP_IPC_LOCK, "CAP_IPC_LOCK" }, { CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE" },
		{ CAP_CHOWN, "CAP_CHOWN" },	  { CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
	};
	unsigned long long effective = 0;
	char text[4096];
	const char *line = file_front("/proc/self/status", text, sizeof(text));

	line = line ? strstr(line, "CapEff:") : NULL;
	if (!line || sscanf(line, "CapEff: %llx", &effective) != 1)
		return;
	if (geteuid()) {
		check->level = CHECK_NOTE;
		snprintf(check->found, sizeof(check->found),
			 "uid %u: readers need no privilege, loaderd is started by root",
			 (unsigned int)geteuid());
		return;
	}
	check->level = CHECK_OK;
	snprintf(check->found, sizeof(check->found), "root, with what loaderd needs");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (effective & 1ull << needed[i].number)
			continue;
		check->level = CHECK_WARNING;
		snprintf(check->found, sizeof(check->found), "root without %s", needed[i].name);
		check->advice = "loaderd started from here would lack it, too";
	}
}

void checks_run(struct checks *checks, const char *pin_root)
{
	struct utsname name;

	checks->count = 0;
	uname(&name);
	check_kernel(check_add(checks, "kernel"), name.release);
	check_files(checks);
	check_mounts(checks);
	check_passage(check_add(checks, BPFFS));
	check_root(check_add(checks, "pins"), pin_root);
	check_group(check_add(checks, "group"));
	check_capabilities(check_add(checks, "permissions"));
	for (size_t i = 0; i < checks->count; i++)
		ascii(checks->check[i].found);
}
