/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file-created: each file that comes to be gives one line with its full path, and nothing
 * else gives any.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files.h"
#include "places.h"
#include "rows.h"

static void prepare_file(void)
{
	cr_assert(!file_make("there"));
}

static void prepare_dir(void)
{
	cr_assert(!mkdir("dir", 0755));
}

static void prepare_link(void)
{
	cr_assert(!mkdir("dir", 0755) && !symlink("dir", "link"));
}

/* ---- what makes a file ---- */

static int by_open(void)
{
	return MUST(open("new", O_WRONLY | O_CREAT, 0644));
}

static int by_creat(void)
{
	return MUST(creat("new", 0644));
}

static int by_openat(void)
{
	int dir = open("dir", O_RDONLY | O_DIRECTORY);

	return MUST(openat(dir, "new", O_RDWR | O_CREAT, 0644));
}

static int by_openat2(void)
{
	struct open_how how = { .flags = O_WRONLY | O_CREAT, .mode = 0644 };

	return MUST(syscall(SYS_openat2, AT_FDCWD, "new", &how, sizeof(how)));
}

static int by_mknod(void)
{
	return MUST(mknod("new", S_IFREG | 0644, 0));
}

static int by_mknod_without_type(void)
{
	return MUST(mknod("new", 0644, 0));
}

static int by_mknodat(void)
{
	int dir = open("dir", O_PATH);

	return MUST(mknodat(dir, "new", S_IFREG | 0644, 0));
}

static int by_uring(void)
{
	int fd = uring_open("new", O_WRONLY | O_CREAT, 0644);

	return fd >= 0 ? 0 : ROW_SKIP;
}

/* ---- what does not ---- */

static int existing(void)
{
	return MUST(open("there", O_WRONLY | O_CREAT | O_TRUNC, 0644)) ||
	       MUST(creat("there", 0644));
}

static int failures(void)
{
	return MUST_NOT(open("there", O_WRONLY | O_CREAT | O_EXCL, 0644)) ||
	       MUST_NOT(open("no/new", O_WRONLY | O_CREAT, 0644)) ||
	       MUST_NOT(open("there/new", O_WRONLY | O_CREAT, 0644)) ||
	       MUST_NOT(mknod("there", S_IFREG | 0644, 0)) ||
	       MUST_NOT(mknod("no/new", S_IFREG, 0)) ||
	       MUST_NOT(open("new", O_WRONLY | O_CREAT | O_DIRECTORY, 0644));
}

static int other_kinds(void)
{
	return MUST(mkdir("dir", 0755)) || MUST(symlink("a", "symlink")) ||
	       MUST(link("there", "hard")) || MUST(mkfifo("fifo", 0644)) ||
	       MUST(rename("there", "elsewhere"));
}

static int nameless(void)
{
	int memory = memfd_create("memory", 0);
	int file = open(".", O_TMPFILE | O_WRONLY, 0644);

	/* Not each filesystem has O_TMPFILE. */
	return memory < 0 ? 1 : file < 0 ? ROW_SKIP : 0;
}

/* ---- names ---- */

static int roundabout(void)
{
	return file_make("dir//./a") || MUST(mknod("./dir/.//b", S_IFREG, 0)) || chdir("dir") ||
	       file_make("../c") || MUST(mknod(".././d", S_IFREG, 0)) ||
	       MUST(mknod("..//dir/../e", S_IFREG, 0));
}

static int through_link(void)
{
	return file_make("link/a") || MUST(mknod("link/b", S_IFREG, 0));
}

static int odd_bytes(void)
{
	return file_make("a\n\"\\b") || file_make("\xff");
}

static int both(const char *a, const char *b)
{
	return file_make(a) || MUST(mknod(b, S_IFREG | 0644, 0));
}

static void prepare_deep(void)
{
	rows_make_dirs(rows_deep());
}

static int deep(void)
{
	rows_enter(rows_deep());
	return both("new", "old");
}

static void prepare_long(void)
{
	rows_make_dirs(rows_long());
}

static int long_path(void)
{
	rows_enter(rows_long());
	return both("new", "old");
}

static void prepare_longer(void)
{
	rows_make_dirs(rows_longer());
}

static int longer(void)
{
	rows_enter(rows_longer());
	return file_make("new") || unlink("new") || MUST(mknod("new", S_IFREG | 0644, 0));
}

/* ---- places ---- */

static int in_bind(void)
{
	return place_bind() ?: both("bound/a", "bound/b") || both("made/c", "made/d");
}

static int in_overlay(void)
{
	return place_overlay()
		       ?: both("merged/a", "merged/b") || both("merged/dir/c", "merged/dir/d");
}

static void prepare_overlay(void)
{
	place_folders();
	cr_assert(!mkdir("lower/dir", 0755) && !file_make("lower/dir/old"));
}

static int overlay_copy(void)
{
	/* Copied up, and opened: no new file for those who see the overlay. */
	return place_overlay()
		       ?: MUST(open("merged/dir/old", O_RDWR | O_CREAT, 0644)) ||
				  MUST(truncate("merged/dir/old", 0));
}

static int in_tmpfs(void)
{
	return place_tmpfs() ?: both("there/a", "there/b");
}

static int in_chroot(void)
{
	return place_chroot()
		       ?: both("a", "/b") || MUST(mkdir("dir", 0755)) || both("dir/c", "../dir/d");
}

static int in_deleted(void)
{
	return chdir("dir") || rmdir("../dir") || MUST_NOT(open("new", O_WRONLY | O_CREAT, 0644)) ||
	       MUST_NOT(mknod("new", S_IFREG, 0));
}

static const struct row rows[] = {
	ROW("open", NULL, by_open, LINES(FILE_CREATED("%D/new"))),
	ROW("creat", NULL, by_creat, LINES(FILE_CREATED("%D/new"))),
	ROW("openat", prepare_dir, by_openat, LINES(FILE_CREATED("%D/dir/new"))),
	ROW("openat2", NULL, by_openat2, LINES(FILE_CREATED("%D/new"))),
	ROW("mknod", NULL, by_mknod, LINES(FILE_CREATED("%D/new"))),
	ROW("mknod without a type", NULL, by_mknod_without_type, LINES(FILE_CREATED("%D/new"))),
	ROW("mknodat", prepare_dir, by_mknodat, LINES(FILE_CREATED("%D/dir/new"))),
	ROW("io_uring", NULL, by_uring, LINES(FILE_CREATED("%D/new")), TP_LINES(NULL)),
	ROW("an existing file", prepare_file, existing, LINES(NULL)),
	ROW("failures", prepare_file, failures, LINES(NULL)),
	ROW("other kinds", prepare_file, other_kinds, LINES(NULL)),
	ROW("files without a name", NULL, nameless, LINES(NULL)),
	ROW("roundabout", prepare_dir, roundabout,
	    LINES(FILE_CREATED("%D/dir/a"), FILE_CREATED("%D/dir/b"), FILE_CREATED("%D/c"),
		  FILE_CREATED("%D/d"), FILE_CREATED("%D/e")),
	    TP_LINES(FILE_CREATED("%D/dir/a"), FILE_CREATED("%D/dir/b"), FILE_CREATED("%D/c"),
		     FILE_CREATED("%D/d"), FILE_CREATED("%D/dir/../e"))),
	ROW("through a symbolic link", prepare_link, through_link,
	    LINES(FILE_CREATED("%D/dir/a"), FILE_CREATED("%D/dir/b")),
	    TP_LINES(FILE_CREATED("%D/dir/a"), FILE_CREATED("%D/link/b"))),
	ROW("odd bytes", NULL, odd_bytes,
	    LINES(FILE_CREATED("%D/a\\n\\\"\\\\b"),
		  "FileCreated {\"filename\": \"%D/\\ufffd\", \"filename_hex\": \"%HEX2fff\"}")),
	ROW("60 components", prepare_deep, deep,
	    LINES(FILE_CREATED("%D/%DEEP/new"), FILE_CREATED("%D/%DEEP/old"))),
	ROW("4000 bytes", prepare_long, long_path,
	    LINES(FILE_CREATED("%D/%LONG/new"), FILE_CREATED("%D/%LONG/old"))),
	ROW("more than a path can have", prepare_longer, longer,
	    LINES("FileCreated {\"filename\": \"%END\", \"filename_truncated\": true}",
		  "FileCreated {\"filename\": \"%END\", \"filename_truncated\": true}")),
	ROW("bind mount", place_folders, in_bind,
	    LINES(FILE_CREATED("%D/bound/a"), FILE_CREATED("%D/bound/b"), FILE_CREATED("%D/made/c"),
		  FILE_CREATED("%D/made/d"))),
	ROW("overlay", prepare_overlay, in_overlay,
	    LINES(FILE_CREATED("%D/merged/a"), FILE_CREATED("%D/merged/b"),
		  FILE_CREATED("%D/merged/dir/c"), FILE_CREATED("%D/merged/dir/d"))),
	ROW("overlay, copied up", prepare_overlay, overlay_copy, LINES(NULL)),
	ROW("mount namespace", place_folders, in_tmpfs,
	    LINES(FILE_CREATED("%D/there/a"), FILE_CREATED("%D/there/b"))),
	ROW("chroot", place_folders, in_chroot,
	    LINES(FILE_CREATED("/a"), FILE_CREATED("/b"), FILE_CREATED("/dir/c"),
		  FILE_CREATED("/dir/d"))),
	ROW("deleted directory", prepare_dir, in_deleted, LINES(NULL)),
};

Test(file_created, each_file_that_comes_to_be_gives_one_line_with_its_full_path)
{
	rows_run("file-created", "made", rows, sizeof(rows) / sizeof(*rows));
}
