// SPDX-License-Identifier: Apache-2.0
/* What loaderd may still do after its set-up. */
#include "confine.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "error.h"
#include "filter.h"
#include "kind.h"

/*
 * All that loaderd keeps. docs/design.md quotes this table. That each of them is
 * needed, and no other, was tried by leaving it out.
 */
static const struct confine_capability confine_table[] = {
	{ CAP_BPF, "CAP_BPF", CONFINE_ALWAYS,
	  "load programs and make maps: modules that SIGHUP adds or changes, positions of new "
	  "subscriptions" },
	{ CAP_PERFMON, "CAP_PERFMON", CONFINE_ALWAYS,
	  "attach tracing programs; open perf events of a CPU: rings of new subscriptions and of "
	  "CPUs that come online" },
	{ CAP_IPC_LOCK, "CAP_IPC_LOCK", CONFINE_ALWAYS,
	  "map rings beyond perf_event_mlock_kb and RLIMIT_MEMLOCK" },
	{ CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE", CONFINE_ALWAYS,
	  "open its own pins for writing: they are 0440, so that readers cannot, and loaderd takes "
	  "them over" },
	{ CAP_CHOWN, "CAP_CHOWN", CONFINE_ALWAYS,
	  "give pins to the group of their module, of which loaderd is no member" },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", CONFINE_CGROUPS,
	  "load programs of cgroups, by which network-monitor knows of the end of sockets on "
	  "kernels "
	  "that have nothing better" },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", CONFINE_PERF_PARANOID,
	  "above level 2, Debian and Ubuntu refuse perf events to CAP_PERFMON and ask for this" },
};

#define CONFINE_ROWS (sizeof(confine_table) / sizeof(confine_table[0]))

const struct confine_capability *confine_capabilities(size_t *count)
{
	*count = CONFINE_ROWS;
	return confine_table;
}

int confine_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return -errno;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;
}

/* kernel.perf_event_paranoid; a kernel that does not say is taken to be strict. */
static bool confine_perf_paranoid(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level = 3;

	if (!file)
		return true;
	if (fscanf(file, "%d", &level) != 1)
		level = 3;
	fclose(file);
	return level > 2;
}

/* Capabilities are each thread's own: one that runs already would keep all of them. */
static int confine_check_threads(struct pin_error *error)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	unsigned int count = 0;

	if (!tasks)
		return error_set(error, -errno, "/proc/self/task: %m");
	while ((task = readdir(tasks)))
		count += task->d_name[0] != '.';
	closedir(tasks);
	if (count != 1)
		return error_set(error, -EBUSY, "%u threads run already; only one can be confined",
				 count);
	return 0;
}

/* Asked while all capabilities are there, as kinds of programs are found by trying them. */
static bool confine_needs(const struct confine_capability *row)
{
	switch (row->when) {
	case CONFINE_PERF_PARANOID:
		return confine_perf_paranoid();
	case CONFINE_CGROUPS:
		return !kind_available(KIND_FENTRY, NULL) && !kind_available(KIND_KPROBE, NULL) &&
		       kind_available(KIND_CGROUP, NULL);
	default:
		return true;
	}
}

/* Keeps what the table names and the process has. */
static int confine_drop(struct pin_error *error)
{
	capng_select_t sets = CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT;
	bool keep[CONFINE_ROWS];

	if (capng_get_caps_process())
		return error_set(error, -EIO, "reading capabilities failed");
	for (size_t i = 0; i < CONFINE_ROWS; i++)
		keep[i] = capng_have_capability(CAPNG_PERMITTED,
						(unsigned int)confine_table[i].number) &&
			  confine_needs(&confine_table[i]);
	/*
	 * Without CAP_SETPCAP the bounding set stays; but what it allows to gain takes an
	 * execve.
	 */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		sets |= CAPNG_SELECT_BOUNDS;
	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; i < CONFINE_ROWS; i++)
		if (keep[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				     (unsigned int)confine_table[i].number);
	if (capng_apply(sets))
		return error_set(error, -EPERM, "dropping capabilities failed");
	return 0;
}

int confine_self(struct pin_error *error)
{
	int err;

	err = confine_check_threads(error);
	if (err)
		return err;
	err = confine_drop(error);
	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_set(error, -errno, "no_new_privs: %m");
	err = filter_load();
	if (err)
		return error_set(error, err, "seccomp: %m");
	return 0;
}
