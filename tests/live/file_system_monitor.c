/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file-system-monitor: what becomes of names, line by line, and in which places. Opens and
 * executable mappings: file_system_opens.c.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "files.h"
#include "places.h"
#include "rows.h"

#define MODULE	    "file-system-monitor"
#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static int folder(const char *path)
{
	return open(path, O_PATH | O_DIRECTORY);
}

#define OPENED_FOLDER(path) OPENED(path, "\"O_RDONLY\", \"O_DIRECTORY\", \"O_PATH\"")

/* ---- directories and files that come and go ---- */

static int made_dirs(void)
{
	return MUST(mkdir("new", 0755)) || MUST(mkdir("./new//sub/", 0755)) ||
	       MUST_NOT(mkdir("new", 0755)) || MUST_NOT(mkdir("no/new", 0755));
}

static int made_dirs_at(void)
{
	return MUST(mkdirat(folder("c"), "new", 0755));
}

static int removed_dirs(void)
{
	return MUST(rmdir("c/")) || MUST_NOT(rmdir("d")) || MUST_NOT(rmdir("no")) ||
	       MUST_NOT(rmdir("a")) || MUST(unlinkat(folder("d"), "e", 0)) ||
	       MUST(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
}

static int removed_files(void)
{
	return MUST(unlink("a")) || MUST_NOT(unlink("a")) || MUST_NOT(unlink("c")) || chdir("c") ||
	       MUST(unlink("../b"));
}

static const struct row coming_and_going[] = {
	ROW("mkdir", file_prepare_names, made_dirs,
	    LINES(DIR_CREATED("%D/new"), DIR_CREATED("%D/new/sub"))),
	ROW("mkdirat", file_prepare_names, made_dirs_at,
	    LINES(OPENED_FOLDER("%D/c"), DIR_CREATED("%D/c/new"))),
	ROW("rmdir", file_prepare_names, removed_dirs,
	    LINES(DIR_DELETED("%D/c"), OPENED_FOLDER("%D/d"), FILE_DELETED("%D/d/e"),
		  DIR_DELETED("%D/d"))),
	ROW("unlink", file_prepare_names, removed_files,
	    LINES(FILE_DELETED("%D/a"), FILE_DELETED("%D/b"))),
};

Test(file_system_monitor, reports_what_comes_and_goes)
{
	rows_run(MODULE, "deleted", coming_and_going, COUNT(coming_and_going));
}

/* ---- files that are made ---- */

static int made_files(void)
{
	return file_make("new") || MUST(mknod("node", S_IFREG | 0644, 0)) ||
	       MUST_NOT(mknod("node", S_IFREG, 0));
}

static int made_special(void)
{
	return MUST(mkfifo("fifo", 0644)) || MUST_NOT(mkfifo("fifo", 0644)) ||
	       MUST(mknod("device", S_IFCHR | 0600, makedev(1, 3)));
}

static int bound_socket(void)
{
	struct sockaddr_un address = { AF_UNIX, "socket" }, abstract = { AF_UNIX, "" };
	int one = socket(AF_UNIX, SOCK_STREAM, 0), two = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(abstract.sun_path, "\0file-system-monitor", 20);
	return MUST(bind(one, (void *)&address, sizeof(address))) ||
	       MUST_NOT(bind(two, (void *)&address, sizeof(address))) ||
	       MUST(bind(two, (void *)&abstract, sizeof(sa_family_t) + 20));
}

static int unnamed(void)
{
	int file = open(".", O_TMPFILE | O_RDWR, 0644);
	int memory = memfd_create("memory", 0);
	char path[64];

	if (file < 0)
		return ROW_SKIP;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	return MUST(open(path, O_RDONLY));
}

static const struct row made[] = {
	ROW("files", NULL, made_files,
	    LINES(FILE_CREATED("%D/new"), OPENED("%D/new", EXCLUSIVE), FILE_CREATED("%D/node"))),
	ROW("fifo and device", NULL, made_special,
	    LINES(FILE_CREATED("%D/fifo"), FILE_CREATED("%D/device"))),
	ROW("socket", NULL, bound_socket, LINES(FILE_CREATED("%D/socket"))),
	ROW("O_TMPFILE and memfd", NULL, unnamed,
	    LINES(OPENED("%D/#*", "\"O_RDWR\", \"O_TMPFILE\""),
		  OPENED("memfd:memory", "\"O_RDONLY\""))),
};

Test(file_system_monitor, reports_what_is_made)
{
	rows_run(MODULE, "made", made, COUNT(made));
}

/* ---- links ---- */

static int hard_links(void)
{
	int fd = open("a", O_PATH);

	return MUST(link("a", "c/new")) || MUST_NOT(link("a", "b")) || MUST_NOT(link("c", "new")) ||
	       MUST(linkat(AT_FDCWD, "b", AT_FDCWD, "c//other", 0)) ||
	       MUST(linkat(fd, "", AT_FDCWD, "third", AT_EMPTY_PATH));
}

static int symbolic_links(void)
{
	return MUST(symlink("../somewhere//./else", "new")) || MUST_NOT(symlink("x", "a")) ||
	       MUST(symlinkat("/", AT_FDCWD, "c/root"));
}

static const struct row links[] = {
	ROW("hard", file_prepare_names, hard_links,
	    LINES(OPENED("%D/a", "\"O_RDONLY\", \"O_PATH\""), LINKED("%D/c/new", "%D/a"),
		  LINKED("%D/c/other", "%D/b"), LINKED("%D/third", "%D/a"))),
	ROW("symbolic", file_prepare_names, symbolic_links,
	    LINES(SYMLINKED("%D/new", "../somewhere//./else"), SYMLINKED("%D/c/root", "/"))),
};

Test(file_system_monitor, reports_links)
{
	rows_run(MODULE, "linked", links, COUNT(links));
}

/* ---- renaming ---- */

static int exchange(const char *a, const char *b)
{
	return (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

static int plain_renames(void)
{
	return MUST(rename("a", "new")) || MUST(rename("new", "c/a")) ||
	       MUST(rename("d/", "c/d/")) || MUST(renameat(folder("c"), "d/e", AT_FDCWD, "e"));
}

static int renames_over(void)
{
	return MUST(rename("a", "b")) || MUST(rename("c", "c")) || MUST_NOT(rename("a", "b")) ||
	       MUST_NOT(rename("b", "d/e/f")) || MUST_NOT(rename("c", "d")) ||
	       MUST_NOT(syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "d/e", RENAME_NOREPLACE));
}

static int exchanges(void)
{
	return MUST(exchange("a", "d/e")) || MUST(exchange("c", "b")) ||
	       MUST_NOT(exchange("a", "no"));
}

static int one_file(void)
{
	return MUST(link("a", "new")) || MUST(rename("a", "new"));
}

static const struct row renames[] = {
	ROW("plain", file_prepare_names, plain_renames,
	    LINES(RENAMED("%D/a", "%D/new"), RENAMED("%D/new", "%D/c/a"), RENAMED("%D/d", "%D/c/d"),
		  OPENED_FOLDER("%D/c"), RENAMED("%D/c/d/e", "%D/e"))),
	ROW("over another", file_prepare_names, renames_over,
	    LINES(RENAMED("%D/a", "%D/b"), RENAMED("%D/c", "%D/c"))),
	ROW("exchange", file_prepare_names, exchanges,
	    LINES(RENAMED("%D/a", "%D/d/e"), RENAMED("%D/d/e", "%D/a"), RENAMED("%D/c", "%D/b"),
		  RENAMED("%D/b", "%D/c"))),
	ROW("names of one file", file_prepare_names, one_file,
	    LINES(LINKED("%D/new", "%D/a"), RENAMED("%D/a", "%D/new"))),
};

Test(file_system_monitor, reports_renaming)
{
	rows_run(MODULE, "renamed", renames, COUNT(renames));
}

/* ---- places ---- */

/* One of each, in the folder that is given without a slash at its end. */
static int all_in(const char *place)
{
	if (chdir(place))
		return 1;
	return file_make("a") || MUST(mkdir("b", 0755)) || MUST(link("a", "b/c")) ||
	       MUST(symlink("a", "d")) || MUST(rename("a", "b/e")) || MUST(unlink("d")) ||
	       MUST(unlink("b/c")) || MUST(unlink("b/e")) || MUST(rmdir("b"));
}

#define ALL_IN(place)                                                                           \
	LINES(FILE_CREATED(place "/a"), OPENED(place "/a", EXCLUSIVE), DIR_CREATED(place "/b"), \
	      LINKED(place "/b/c", place "/a"), SYMLINKED(place "/d", "a"),                     \
	      RENAMED(place "/a", place "/b/e"), FILE_DELETED(place "/d"),                      \
	      FILE_DELETED(place "/b/c"), FILE_DELETED(place "/b/e"), DIR_DELETED(place "/b"))

static int in_bind(void)
{
	return place_bind() ?: all_in("bound");
}

static int in_overlay(void)
{
	return place_overlay() ?: all_in("merged");
}

static int in_lower(void)
{
	return place_overlay()
		       ?: MUST(unlink("merged/c")) || MUST(mkdir("merged/c", 0755)) ||
				  MUST(rename("merged/a", "merged/dir/a")) ||
				  MUST(open("merged/dir/b", O_WRONLY | O_APPEND)) ||
				  MUST(unlink("merged/dir/b")) || MUST(unlink("merged/dir/a")) ||
				  MUST(rmdir("merged/dir"));
}

static int in_tmpfs(void)
{
	return place_tmpfs() ?: all_in("there");
}

static int in_chroot(void)
{
	return place_chroot() ?: all_in("/");
}

static int in_deleted(void)
{
	return MUST(chdir("c")) || MUST(rmdir("../c")) || MUST(open(".", O_RDONLY)) ||
	       MUST_NOT(open("new", O_RDWR | O_CREAT, 0600)) || MUST_NOT(mkdir("new", 0755)) ||
	       MUST(unlink("../a"));
}

static void prepare_deep(void)
{
	rows_make_dirs(rows_deep());
}

static int in_deep(void)
{
	rows_enter(rows_deep());
	return all_in(".");
}

static void prepare_long(void)
{
	rows_make_dirs(rows_long());
}

static int in_long(void)
{
	rows_enter(rows_long());
	return all_in(".");
}

static const struct row places[] = {
	ROW("bind mount", place_folders, in_bind, ALL_IN("%D/bound")),
	ROW("overlay", place_folders, in_overlay, ALL_IN("%D/merged")),
	ROW("lower layer of an overlay", file_prepare_overlay, in_lower,
	    LINES(FILE_DELETED("%D/merged/c"), DIR_CREATED("%D/merged/c"),
		  RENAMED("%D/merged/a", "%D/merged/dir/a"),
		  OPENED("%D/merged/dir/b", "\"O_WRONLY\", \"O_APPEND\""),
		  FILE_DELETED("%D/merged/dir/b"), FILE_DELETED("%D/merged/dir/a"),
		  DIR_DELETED("%D/merged/dir"))),
	ROW("mount namespace", place_folders, in_tmpfs, ALL_IN("%D/there")),
	ROW("chroot", place_folders, in_chroot, ALL_IN("")),
	ROW("deleted directory", file_prepare_names, in_deleted,
	    LINES(DIR_DELETED("%D/c"), OPENED("%D/c", "\"O_RDONLY\""), FILE_DELETED("%D/a"))),
	ROW("60 components", prepare_deep, in_deep, ALL_IN("%D/%DEEP")),
	ROW("4000 bytes", prepare_long, in_long, ALL_IN("%D/%LONG")),
};

Test(file_system_monitor, paths_are_those_that_the_process_sees)
{
	rows_run(MODULE, "renamed", places, COUNT(places));
}
