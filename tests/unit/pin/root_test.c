// SPDX-License-Identifier: Apache-2.0
/*
 * The root directory: made, verified, locked, removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "world.h"

TestSuite(bpffs, .init = world_bare);
TestSuite(root, .init = world_mounted);

static mode_t mode_of(const char *path)
{
	struct stat st;

	cr_assert_eq(lstat(path, &st), 0, "%s: %s", path, strerror(errno));
	return st.st_mode & 07777;
}

/* Opens it and fails, as the test wants it. */
static void refused(const char *path, enum pin_open how, int err, struct pin_error *error)
{
	errno = 0;
	cr_assert_null(pin_root_open(path, how, 0011, GROUP, NULL, error), "%s was opened", path);
	cr_assert_eq(errno, err, "%s: %s, expected %s", error->text, strerror(errno),
		     strerror(err));
}

Test(bpffs, the_owner_mounts_it_where_nothing_is)
{
	struct pin_prepared prepared;
	struct pin_error error;
	struct pin_root *root;
	struct statfs fs;

	root = pin_root_open(ROOT, PIN_OWN, 0011, GROUP, &prepared, &error);
	cr_assert_not_null(root, "%s", error.text);
	cr_assert(prepared.mounted && prepared.traverse && prepared.created);
	cr_assert_eq(statfs(MOUNT_POINT, &fs), 0);
	cr_assert_eq((unsigned int)fs.f_type, 0xcafe4a11);
	cr_assert_eq(fs.f_flags & (ST_NOSUID | ST_NODEV | ST_NOEXEC),
		     ST_NOSUID | ST_NODEV | ST_NOEXEC);
	cr_assert_eq(mode_of(MOUNT_POINT) & 0777, 0711);
	pin_root_free(root);
}

Test(bpffs, without_traverse_it_stays_closed)
{
	struct pin_prepared prepared;
	struct pin_error error;
	struct pin_root *root;

	root = pin_root_open(ROOT, PIN_OWN, 0, GROUP, &prepared, &error);
	cr_assert_not_null(root, "%s", error.text);
	cr_assert(prepared.mounted && !prepared.traverse);
	cr_assert_eq(mode_of(MOUNT_POINT) & 0777, 0700);
	pin_root_free(root);
}

Test(bpffs, who_only_looks_mounts_nothing)
{
	struct pin_error error;

	refused(ROOT, PIN_READ, EINVAL, &error);
	assert_text(&error,
		    "%s: not below a mount of bpffs: /sys has filesystem type 0x62656572, expected "
		    "0xcafe4a11",
		    ROOT);
}

Test(bpffs, another_filesystem_is_not_mounted_over)
{
	struct pin_error error;

	cr_assert_eq(mount("none", MOUNT_POINT, "tmpfs", 0, "mode=0755"), 0);
	refused(ROOT, PIN_OWN, EINVAL, &error);
	assert_text(&error,
		    "%s: not below a mount of bpffs: %s has filesystem type 0x1021994, expected "
		    "0xcafe4a11",
		    ROOT, MOUNT_POINT);
	cr_assert_eq(access(ROOT, F_OK), -1);
	cr_assert_eq(umount2(MOUNT_POINT, 0), 0);
}

Test(bpffs, a_second_mount_over_the_first_is_taken_back)
{
	struct pin_error error;
	struct statfs fs;

	/* As it looks to one that has found nothing mounted, before another mounts. */
	cr_assert_eq(mount("bpf", MOUNT_POINT, "bpf", 0, "mode=0700"), 0);
	cr_assert_eq(mount("/sys/fs", MOUNT_POINT, NULL, MS_BIND, NULL), 0);
	refused(ROOT, PIN_OWN, EWOULDBLOCK, &error);
	assert_text(
		&error,
		"%s: mounted 3 times, expected once: something else mounted it at the same moment",
		MOUNT_POINT);
	cr_assert_eq(umount2(MOUNT_POINT, MNT_DETACH), 0);
	cr_assert_eq(statfs(MOUNT_POINT, &fs), 0);
	cr_assert_eq((unsigned int)fs.f_type, 0xcafe4a11);
}

Test(bpffs, a_mount_elsewhere_serves_as_well)
{
	char directory[] = "/tmp/pulsar-pin-XXXXXX", path[64];
	struct pin_prepared prepared;
	struct pin_error error;
	struct pin_root *root;

	cr_assert_not_null(mkdtemp(directory));
	cr_assert_eq(mount("bpf", directory, "bpf", 0, "mode=0700"), 0);
	snprintf(path, sizeof(path), "%s/pulsar", directory);
	root = pin_root_open(path, PIN_OWN, 0011, 0, &prepared, &error);
	cr_expect_not_null(root, "%s", error.text);
	cr_expect(!prepared.mounted && prepared.traverse && prepared.created);
	pin_root_free(root);
	umount2(directory, 0);
	rmdir(directory);
}

Test(root, is_made_once_with_owner_group_and_mode)
{
	struct pin_prepared prepared;
	struct pin_error error;
	struct pin_root *root;
	struct stat st;

	umask(0777);
	root = pin_root_open(ROOT, PIN_OWN, 0011, GROUP, &prepared, &error);
	cr_assert_not_null(root, "%s", error.text);
	cr_assert(prepared.created && !prepared.mounted && !prepared.traverse);
	cr_assert_str_eq(pin_root_path(root), ROOT);
	st = look_at(".");
	cr_assert_eq(st.st_mode, S_IFDIR | 0751);
	cr_assert_eq(st.st_uid, 0);
	cr_assert_eq(st.st_gid, GROUP);
	pin_root_free(root);
	root = pin_root_open(ROOT, PIN_OWN, 0011, GROUP, &prepared, &error);
	cr_assert_not_null(root, "%s", error.text);
	cr_assert_not(prepared.created);
	pin_root_free(root);
}

Test(root, left_half_made_by_a_crash_is_completed)
{
	struct pin_root *root;

	cr_assert_eq(mkdir(ROOT, 0700), 0);
	root = root_own();
	cr_assert_eq(mode_of(ROOT), 0751);
	cr_assert_eq(look_at(".").st_gid, GROUP);
	pin_root_free(root);
}

Test(root, of_another_user_is_refused)
{
	struct pin_error error;

	cr_assert_eq(mkdir(ROOT, 0751), 0);
	cr_assert_eq(chown(ROOT, STRANGER, 0), 0);
	refused(ROOT, PIN_OWN, EPERM, &error);
	assert_text(&error, "%s: owned by uid %d, expected 0", ROOT, STRANGER);
	refused(ROOT, PIN_READ, EPERM, &error);
	assert_text(&error, "%s: owned by uid %d, expected 0", ROOT, STRANGER);
}

Test(root, that_others_can_write_is_refused)
{
	static const mode_t modes[] = { 0771, 0753, 0777, 01777 };
	struct pin_error error;

	cr_assert_eq(mkdir(ROOT, 0700), 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		cr_assert_eq(chmod(ROOT, modes[i]), 0);
		refused(ROOT, PIN_OWN, EPERM, &error);
		assert_text(&error,
			    "%s: mode %04o, expected 0751: others could have put objects there",
			    ROOT, modes[i]);
		refused(ROOT, PIN_READ, EPERM, &error);
		cr_assert_eq(mode_of(ROOT), modes[i]);
	}
}

Test(root, that_is_a_symbolic_link_is_refused)
{
	struct pin_error error;

	cr_assert_eq(mkdir(ROOT "-real", 0751), 0);
	cr_assert_eq(symlink(ROOT "-real", ROOT), 0);
	refused(ROOT, PIN_OWN, ENOTDIR, &error);
	assert_text(&error, "%s: a symbolic link, expected a directory", ROOT);
	refused(ROOT, PIN_READ, ENOTDIR, &error);
	refused(ROOT "/below", PIN_OWN, ENOTDIR, &error);
	assert_text(&error, "%s: a symbolic link, expected a directory", ROOT);
	cr_assert_eq(mode_of(ROOT "-real"), 0751);
}

Test(root, that_is_a_pin_is_refused)
{
	struct pin_error error;

	cr_assert_eq(bpf_obj_pin(map_new(BPF_MAP_TYPE_ARRAY), ROOT), 0);
	refused(ROOT, PIN_OWN, ENOTDIR, &error);
	assert_text(&error, "%s: an object, expected a directory", ROOT);
}

Test(root, below_what_others_can_change_is_refused)
{
	struct pin_error error;

	cr_assert_eq(mkdir(MOUNT_POINT "/up", 0755), 0);
	cr_assert_eq(chmod(MOUNT_POINT "/up", 0777), 0);
	refused(MOUNT_POINT "/up/root", PIN_OWN, EPERM, &error);
	assert_text(&error, "%s/up: mode 0777, expected no write permission for others",
		    MOUNT_POINT);
	/* Nobody but root takes root's names from a sticky directory. */
	cr_assert_eq(chmod(MOUNT_POINT "/up", 01777), 0);
	pin_root_free(pin_root_open(MOUNT_POINT "/up/root", PIN_OWN, 0, 0, NULL, &error));
	cr_assert_eq(mode_of(MOUNT_POINT "/up/root"), 0751);
	cr_assert_eq(chown(MOUNT_POINT "/up", STRANGER, 0), 0);
	refused(MOUNT_POINT "/up/root", PIN_READ, EPERM, &error);
	assert_text(&error, "%s/up: owned by uid %d, expected 0", MOUNT_POINT, STRANGER);
}

Test(root, not_on_bpffs_is_refused_and_not_made)
{
	char directory[] = "/tmp/pulsar-pin-XXXXXX", path[64];
	struct pin_error error;

	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/root", directory);
	refused(path, PIN_OWN, EINVAL, &error);
	cr_expect_not_null(strstr(error.text, "not below a mount of bpffs"), "%s", error.text);
	cr_expect_eq(access(path, F_OK), -1);
	rmdir(directory);
	/* The mount point itself has files of the kernel in it. */
	refused(MOUNT_POINT, PIN_OWN, EINVAL, &error);
}

Test(root, below_a_directory_that_is_missing_is_not_made)
{
	struct pin_error error;

	refused(ROOT "/a/b", PIN_OWN, ENOENT, &error);
	assert_text(&error, "%s: No such file or directory", ROOT);
}

Test(root, who_only_looks_makes_and_repairs_nothing)
{
	struct pin_error error;
	struct pin_root *root;

	refused(ROOT, PIN_READ, ENOENT, &error);
	assert_text(&error, "%s: not there", ROOT);
	cr_assert_not(is_there("."));
	cr_assert_eq(mkdir(ROOT, 0700), 0);
	cr_assert_eq(mkdir(ROOT "/a~new", 0700), 0);
	root = root_look();
	cr_assert_eq(mode_of(ROOT), 0700);
	cr_assert(is_there("a~new"));
	cr_assert_eq(pin_root_remove(root, &error), -EPERM);
	assert_text(&error, "%s: opened to look only, expected as the owner", ROOT);
	pin_root_free(root);
}

Test(root, has_one_owner_at_a_time)
{
	struct pin_root *first = root_own(), *reader;
	struct pin_error error;

	refused(ROOT, PIN_OWN, EWOULDBLOCK, &error);
	assert_text(&error, "%s: locked by another owner, process %d", ROOT, getpid());
	reader = root_look();
	pin_root_free(reader);
	pin_root_free(first);
	pin_root_free(root_own());
}

Test(root, is_free_again_when_its_owner_was_killed)
{
	struct pin_error error;
	int ready[2];
	pid_t pid;
	char byte;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		byte = pin_root_open(ROOT, PIN_OWN, 0, GROUP, NULL, NULL) ? 'y' : 'n';
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	cr_assert_eq(byte, 'y');
	refused(ROOT, PIN_OWN, EWOULDBLOCK, &error);
	assert_text(&error, "%s: locked by another owner, process %d", ROOT, pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	pin_root_free(root_own());
}

Test(root, lets_the_mount_point_have_no_write_permission)
{
	struct pin_error error;

	errno = 0;
	cr_assert_null(pin_root_open(ROOT, PIN_OWN, 0033, 0, NULL, &error));
	cr_assert_eq(errno, EINVAL);
	assert_text(&error, "traverse permission 0033, expected bits of 0055 only");
	cr_assert_eq(mode_of(MOUNT_POINT) & 0777, 0711);
}

Test(root, is_removed_only_when_it_is_empty)
{
	struct pin_root *root = root_own();
	struct pin_error error;

	cr_assert_eq(mkdir(ROOT "/other", 0700), 0);
	cr_assert_eq(pin_root_remove(root, &error), -ENOTEMPTY);
	assert_text(&error, "%s: not empty, 'other' is there", ROOT);
	cr_assert_eq(rmdir(ROOT "/other"), 0);
	cr_assert_eq(pin_root_remove(root, &error), 0);
	cr_assert_not(is_there("."));
	pin_root_free(root);
}

Test(root, whose_lock_is_not_its_own_is_refused)
{
	struct pin_error error;

	cr_assert_eq(mkdir(ROOT, 0751), 0);
	cr_assert_eq(symlink("/tmp", ROOT "/~lock"), 0);
	refused(ROOT, PIN_OWN, EPERM, &error);
	assert_text(&error, "%s/~lock: a symbolic link, expected a directory", ROOT);
	cr_assert_eq(unlink(ROOT "/~lock"), 0);
	cr_assert_eq(mkdir(ROOT "/~lock", 0755), 0);
	refused(ROOT, PIN_OWN, EPERM, &error);
	assert_text(&error, "%s/~lock: mode 0755, expected 0700", ROOT);
}

Test(root, that_cannot_be_removed_keeps_its_owner)
{
	struct pin_root *root = root_own();
	struct pin_error error;

	cr_assert_eq(mount(ROOT, ROOT, NULL, MS_BIND, NULL), 0);
	cr_assert_eq(pin_root_remove(root, &error), -EBUSY);
	assert_text(&error, "%s: cannot remove: Device or resource busy", ROOT);
	refused(ROOT, PIN_OWN, EWOULDBLOCK, &error);
	cr_assert_eq(umount2(ROOT, 0), 0);
	refused(ROOT, PIN_OWN, EWOULDBLOCK, &error);
	pin_root_free(root);
	pin_root_free(root_own());
}

Test(root, made_anew_after_its_removal_has_an_owner_of_its_own)
{
	struct pin_root *first = root_own(), *second;
	struct pin_error error;

	cr_assert_eq(pin_root_remove(first, &error), 0);
	second = root_own();
	refused(ROOT, PIN_OWN, EWOULDBLOCK, &error);
	pin_root_free(first);
	refused(ROOT, PIN_OWN, EWOULDBLOCK, &error);
	pin_root_free(second);
}
