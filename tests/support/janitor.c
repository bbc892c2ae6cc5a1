/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cleaning up after a test, also one that crashed: a process that waits for
 * the test's end (the closing of a pipe) and then removes pins and files. What the test
 * started dies by itself (PR_SET_PDEATHSIG).
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

void tree_remove(const char *path)
{
	if (!strncmp(path, "/sys/fs/bpf/pulsar-test-", 24) ||
	    !strncmp(path, "/tmp/pulsar-test-", 17))
		nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void janitor(const struct kit *kit, int fd)
{
	char byte;

	prctl(PR_SET_NAME, "pulsar-janitor");
	setsid();
	for (int s = 1; s < NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP && s != SIGCHLD)
			signal(s, SIG_IGN);
	for (int other = 3; other < 1024; other++)
		if (other != fd)
			close(other);
	while (read(fd, &byte, 1) > 0)
		;
	/* By its path, lazily: what a process of the test still uses goes with that. */
	while (!umount2(kit->mount, MNT_DETACH | UMOUNT_NOFOLLOW))
		;
	/* A loaderd that is still dying may hold its lock and pin; its pins go when it is gone. */
	for (int i = 0; i < 50 && !*kit->subscription && !access(kit->pins, F_OK); i++) {
		tree_remove(kit->pins);
		poll(NULL, 0, 20);
	}
	cgroup_remove(kit);
	tree_remove(kit->folder);
	_exit(0);
}

void janitor_start(struct kit *kit)
{
	int ends[2];

	cr_assert(!pipe2(ends, O_CLOEXEC));
	kit->janitor_pid = fork();
	cr_assert(kit->janitor_pid >= 0);
	if (!kit->janitor_pid) {
		close(ends[1]);
		janitor(kit, ends[0]);
	}
	close(ends[0]);
	kit->janitor = ends[1];
}

void janitor_dismiss(struct kit *kit)
{
	close(kit->janitor);
	waitpid(kit->janitor_pid, NULL, 0);
}
