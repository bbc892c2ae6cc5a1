/* SPDX-License-Identifier: Apache-2.0 */
/* file-system-monitor: what becomes of names, opens and executable mappings, line by line. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "places.h"
#include "pulsar-test.h"
#include "rows.h"

#define MODULE	    "file-system-monitor"
#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

#define NAME(event, path)     event " {\"filename\": \"" path "\"}"
#define FILE_CREATED(path)    NAME("FileCreated", path)
#define FILE_DELETED(path)    NAME("FileDeleted", path)
#define DIR_CREATED(path)     NAME("DirCreated", path)
#define DIR_DELETED(path)     NAME("DirDeleted", path)
#define MAPPED(path)	      NAME("FileMappedExec", path)
#define OPENED(path, flags)   "FileOpened {\"filename\": \"" path "\", \"flags\": [" flags "]}"
#define PAIR(event, from, to) event " {\"source\": \"" from "\", \"destination\": \"" to "\""
#define RENAMED(from, to)     PAIR("FileRename", from, to) "}"
#define LINKED(new, to)	      PAIR("FileLink", new, to) ", \"hard_link\": true}"
#define SYMLINKED(new, to)    PAIR("FileLink", new, to) ", \"hard_link\": false}"

static int make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	return fd < 0 ? 1 : close(fd);
}

/* Two files and two directories. */
static void prepare_names(void)
{
	cr_assert(!make("a") && !make("b") && !mkdir("c", 0755) && !mkdir("d", 0755) &&
		  !make("d/e"));
}

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
	ROW("mkdir", prepare_names, made_dirs,
	    LINES(DIR_CREATED("%D/new"), DIR_CREATED("%D/new/sub"))),
	ROW("mkdirat", prepare_names, made_dirs_at,
	    LINES(OPENED_FOLDER("%D/c"), DIR_CREATED("%D/c/new"))),
	ROW("rmdir", prepare_names, removed_dirs,
	    LINES(DIR_DELETED("%D/c"), OPENED_FOLDER("%D/d"), FILE_DELETED("%D/d/e"),
		  DIR_DELETED("%D/d"))),
	ROW("unlink", prepare_names, removed_files,
	    LINES(FILE_DELETED("%D/a"), FILE_DELETED("%D/b"))),
};

Test(file_system_monitor, reports_what_comes_and_goes)
{
	rows_run(MODULE, "deleted", coming_and_going, COUNT(coming_and_going));
}

/* ---- files that are made ---- */

static int made_files(void)
{
	return make("new") || MUST(mknod("node", S_IFREG | 0644, 0)) ||
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

#define EXCLUSIVE "\"O_WRONLY\", \"O_CREAT\", \"O_EXCL\""

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

/* ---- opens ---- */

static int flags_of_all_kinds(void)
{
	int flags[] = {
		O_RDONLY | O_CLOEXEC, O_WRONLY | O_APPEND, O_RDWR | O_NONBLOCK | O_SYNC,
		O_WRONLY | O_DSYNC,   O_RDWR | O_TRUNC,	   O_RDONLY | O_NOFOLLOW | O_NOATIME,
		O_PATH | O_CLOEXEC
	};

	for (size_t i = 0; i < COUNT(flags); i++)
		if (open("a", flags[i]) < 0)
			return 1;
	return MUST(open("c", O_DIRECTORY)) || MUST(creat("b", 0600));
}

static int failed_opens(void)
{
	return MUST_NOT(open("no", O_RDONLY)) || MUST_NOT(open("c", O_WRONLY)) ||
	       MUST_NOT(open("a", O_DIRECTORY)) || MUST_NOT(open("a/b", O_RDONLY)) ||
	       MUST_NOT(open("a", O_CREAT | O_EXCL, 0600)) || MUST_NOT(openat(-1, "a", O_RDONLY));
}

static int opened_in_other_ways(void)
{
	struct open_how how = { .flags = O_RDWR, .resolve = RESOLVE_BENEATH };
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount, pipes[2], here = open(".", O_RDONLY);
	char path[64];

	if (MUST(syscall(SYS_openat2, AT_FDCWD, "a", &how, sizeof(how))) ||
	    MUST(openat(here, "d/e", O_RDONLY)))
		return 1;
	if (name_to_handle_at(AT_FDCWD, "b", &handle.head, &mount, 0))
		return ROW_SKIP;
	if (MUST(open_by_handle_at(here, &handle.head, O_WRONLY)) || MUST(pipe(pipes)))
		return 1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipes[0]);
	return MUST(open(path, O_RDONLY)) || MUST(open("/proc/self/ns/mnt", O_RDONLY));
}

static int by_uring(void)
{
	int fd = uring_open("new", O_RDWR | O_CREAT, 0644);

	return fd >= 0 ? 0 : ROW_SKIP;
}

static const struct row opens[] = {
	ROW("flags", prepare_names, flags_of_all_kinds,
	    LINES(OPENED("%D/a", "\"O_RDONLY\""), OPENED("%D/a", "\"O_WRONLY\", \"O_APPEND\""),
		  OPENED("%D/a", "\"O_RDWR\", \"O_SYNC\", \"O_NONBLOCK\""),
		  OPENED("%D/a", "\"O_WRONLY\", \"O_DSYNC\""),
		  OPENED("%D/a", "\"O_RDWR\", \"O_TRUNC\""),
		  OPENED("%D/a", "\"O_RDONLY\", \"O_NOFOLLOW\", \"O_NOATIME\""),
		  OPENED("%D/a", "\"O_RDONLY\", \"O_PATH\""),
		  OPENED("%D/c", "\"O_RDONLY\", \"O_DIRECTORY\""),
		  OPENED("%D/b", "\"O_WRONLY\", \"O_CREAT\", \"O_TRUNC\""))),
	ROW("failures", prepare_names, failed_opens, LINES(NULL)),
	ROW("other ways", prepare_names, opened_in_other_ways,
	    LINES(OPENED("%D", "\"O_RDONLY\""), OPENED("%D/a", "\"O_RDWR\""),
		  OPENED("%D/d/e", "\"O_RDONLY\""), OPENED("%D/b", "\"O_WRONLY\""),
		  OPENED("pipefs:[*", "\"O_RDONLY\""), OPENED("nsfs:[*", "\"O_RDONLY\""))),
	ROW("io_uring", NULL, by_uring,
	    LINES(FILE_CREATED("%D/new"), OPENED("%D/new", "\"O_RDWR\", \"O_CREAT\"")),
	    TP_LINES(NULL)),
};

Test(file_system_monitor, reports_opens_with_their_flags)
{
	rows_run(MODULE, "opened", opens, COUNT(opens));
}

/* ---- programs that are opened, which the reader finds out ---- */

static void prepare_programs(void)
{
	int program = open("program", O_WRONLY | O_CREAT, 0644),
	    secret = open("secret", O_WRONLY | O_CREAT, 0600);

	cr_assert(write(program, "\177ELF", 4) == 4 && write(secret, "\177ELF", 4) == 4);
	close(program);
	close(secret);
	cr_assert(!make("script") && !mkfifo("fifo", 0644));
}

static int opened_programs(void)
{
	return MUST(open("program", O_RDONLY)) || MUST(open("script", O_RDONLY)) ||
	       MUST(open("program", O_WRONLY | O_APPEND)) || MUST(open("secret", O_RDONLY)) ||
	       MUST(open("fifo", O_RDWR)) || MUST(open("/proc/self/exe", O_PATH)) ||
	       MUST(open("/dev/null", O_RDONLY));
}

#define ELF_OPENED(path, flags) "ElfOpened {\"filename\": \"" path "\", \"flags\": [" flags "]}"

static const struct row programs[] = {
	ROW("programs", prepare_programs, opened_programs,
	    LINES(OPENED("%D/program", "\"O_RDONLY\""), ELF_OPENED("%D/program", "\"O_RDONLY\""),
		  OPENED("%D/script", "\"O_RDONLY\""),
		  OPENED("%D/program", "\"O_WRONLY\", \"O_APPEND\""),
		  ELF_OPENED("%D/program", "\"O_WRONLY\", \"O_APPEND\""),
		  OPENED("%D/secret", "\"O_RDONLY\""), OPENED("%D/fifo", "\"O_RDWR\""),
		  OPENED("/*", "\"O_RDONLY\", \"O_PATH\""),
		  ELF_OPENED("/*", "\"O_RDONLY\", \"O_PATH\""),
		  OPENED("/dev/null", "\"O_RDONLY\""))),
};

Test(file_system_monitor, reports_programs_that_are_opened)
{
	rows_run(MODULE, "opened", programs, COUNT(programs));
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
	ROW("hard", prepare_names, hard_links,
	    LINES(OPENED("%D/a", "\"O_RDONLY\", \"O_PATH\""), LINKED("%D/c/new", "%D/a"),
		  LINKED("%D/c/other", "%D/b"), LINKED("%D/third", "%D/a"))),
	ROW("symbolic", prepare_names, symbolic_links,
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
	ROW("plain", prepare_names, plain_renames,
	    LINES(RENAMED("%D/a", "%D/new"), RENAMED("%D/new", "%D/c/a"), RENAMED("%D/d", "%D/c/d"),
		  OPENED_FOLDER("%D/c"), RENAMED("%D/c/d/e", "%D/e"))),
	ROW("over another", prepare_names, renames_over,
	    LINES(RENAMED("%D/a", "%D/b"), RENAMED("%D/c", "%D/c"))),
	ROW("exchange", prepare_names, exchanges,
	    LINES(RENAMED("%D/a", "%D/d/e"), RENAMED("%D/d/e", "%D/a"), RENAMED("%D/c", "%D/b"),
		  RENAMED("%D/b", "%D/c"))),
	ROW("names of one file", prepare_names, one_file,
	    LINES(LINKED("%D/new", "%D/a"), RENAMED("%D/a", "%D/new"))),
};

Test(file_system_monitor, reports_renaming)
{
	rows_run(MODULE, "renamed", renames, COUNT(renames));
}

/* ---- executable mappings ---- */

static int map(const char *path, int flags, int prot)
{
	int fd = open(path, flags);
	void *at = mmap(NULL, 4096, prot, MAP_PRIVATE, fd, 0);

	return at == MAP_FAILED ? -1 : 0;
}

static void prepare_program(void)
{
	cr_assert(!make("a") && !truncate("a", 4096));
}

static int mapped(void)
{
	return MUST(map("a", O_RDONLY, PROT_READ | PROT_EXEC)) ||
	       MUST(map("a", O_RDONLY, PROT_READ)) ||
	       MUST_NOT(map("a", O_WRONLY, PROT_READ | PROT_EXEC));
}

static int made_executable(void)
{
	int fd = open("a", O_RDONLY);
	void *file = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	void *none = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return file == MAP_FAILED || none == MAP_FAILED ||
	       MUST(mprotect(file, 4096, PROT_READ | PROT_EXEC)) ||
	       MUST(mprotect(none, 4096, PROT_READ | PROT_EXEC)) ||
	       MUST(mprotect(file, 4096, PROT_READ));
}

static int mapped_memory(void)
{
	int fd = memfd_create("memory", 0);

	return ftruncate(fd, 4096) ||
	       mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0) == MAP_FAILED;
}

static void prepare_overlay(void)
{
	place_folders();
	cr_assert(!mkdir("lower/dir", 0755) && !make("lower/a") && !truncate("lower/a", 4096) &&
		  !make("lower/dir/b") && !make("lower/c"));
}

static int mapped_in_overlay(void)
{
	return place_overlay() ?: MUST(map("merged/a", O_RDONLY, PROT_READ | PROT_EXEC));
}

static const struct row mappings[] = {
	ROW("mmap", prepare_program, mapped,
	    LINES(OPENED("%D/a", "\"O_RDONLY\""), MAPPED("%D/a"), OPENED("%D/a", "\"O_RDONLY\""),
		  OPENED("%D/a", "\"O_WRONLY\""))),
	ROW("mprotect", prepare_program, made_executable,
	    LINES(OPENED("%D/a", "\"O_RDONLY\""), MAPPED("%D/a"))),
	ROW("memfd", NULL, mapped_memory, LINES(MAPPED("memfd:memory"))),
	ROW("overlay", prepare_overlay, mapped_in_overlay,
	    LINES(OPENED("%D/merged/a", "\"O_RDONLY\""), MAPPED("%D/merged/a"))),
};

Test(file_system_monitor, reports_executable_mappings)
{
	rows_run(MODULE, "mapped", mappings, COUNT(mappings));
}

#define PROGRAM PULSAR_TEST_BUILD "/pulsar-reader"

static void execute(void *pid)
{
	pid_t child = fork();
	int status;

	if (!child) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(126);
		execl(PROGRAM, PROGRAM, "--help", NULL);
		_exit(127);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	*(pid_t *)pid = child;
}

Test(file_system_monitor, reports_a_program_its_interpreter_and_its_libraries)
{
	pid_t pid;
	struct run *run = module_run(MODULE, execute, &pid);
	json_t *event;
	size_t index, interpreters = 0, libraries = 0;

	expect_events(run, 1, "FileMappedExec", from_pid(pid), str("filename", PROGRAM),
		      header_str("image", PROGRAM));
	json_array_foreach(run_events(run), index, event) {
		json_t *header = json_object_get(event, "header"),
		       *payload = json_object_get(event, "payload");
		const char *path = json_string_value(json_object_get(payload, "filename"));

		if (json_integer_value(json_object_get(header, "pid")) != pid ||
		    strcmp(json_string_value(json_object_get(header, "event")), "FileMappedExec"))
			continue;
		interpreters += strstr(path, "/ld-") ? 1 : 0;
		libraries += strstr(path, "/libc.so") ? 1 : 0;
	}
	cr_expect_eq(interpreters, 1);
	cr_expect_eq(libraries, 1);
	/* It is executed, which is not opening. */
	expect_no_event(run, "FileOpened", from_pid(pid), str("filename", PROGRAM));
	run_free(run);
}

/* ---- places ---- */

/* One of each, in the folder that is given without a slash at its end. */
static int all_in(const char *place)
{
	if (chdir(place))
		return 1;
	return make("a") || MUST(mkdir("b", 0755)) || MUST(link("a", "b/c")) ||
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
	ROW("lower layer of an overlay", prepare_overlay, in_lower,
	    LINES(FILE_DELETED("%D/merged/c"), DIR_CREATED("%D/merged/c"),
		  RENAMED("%D/merged/a", "%D/merged/dir/a"),
		  OPENED("%D/merged/dir/b", "\"O_WRONLY\", \"O_APPEND\""),
		  FILE_DELETED("%D/merged/dir/b"), FILE_DELETED("%D/merged/dir/a"),
		  DIR_DELETED("%D/merged/dir"))),
	ROW("mount namespace", place_folders, in_tmpfs, ALL_IN("%D/there")),
	ROW("chroot", place_folders, in_chroot, ALL_IN("")),
	ROW("deleted directory", prepare_names, in_deleted,
	    LINES(DIR_DELETED("%D/c"), OPENED("%D/c", "\"O_RDONLY\""), FILE_DELETED("%D/a"))),
	ROW("60 components", prepare_deep, in_deep, ALL_IN("%D/%DEEP")),
	ROW("4000 bytes", prepare_long, in_long, ALL_IN("%D/%LONG")),
};

Test(file_system_monitor, paths_are_those_that_the_process_sees)
{
	rows_run(MODULE, "renamed", places, COUNT(places));
}
