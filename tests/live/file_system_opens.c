/* SPDX-License-Identifier: Apache-2.0 */
/* file-system-monitor: files that are opened, programs among them, and executable mappings. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"
#include "places.h"
#include "pulsar-test.h"
#include "rows.h"

#define MODULE	    "file-system-monitor"
#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

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
	ROW("flags", file_prepare_names, flags_of_all_kinds,
	    LINES(OPENED("%D/a", "\"O_RDONLY\""), OPENED("%D/a", "\"O_WRONLY\", \"O_APPEND\""),
		  OPENED("%D/a", "\"O_RDWR\", \"O_SYNC\", \"O_NONBLOCK\""),
		  OPENED("%D/a", "\"O_WRONLY\", \"O_DSYNC\""),
		  OPENED("%D/a", "\"O_RDWR\", \"O_TRUNC\""),
		  OPENED("%D/a", "\"O_RDONLY\", \"O_NOFOLLOW\", \"O_NOATIME\""),
		  OPENED("%D/a", "\"O_RDONLY\", \"O_PATH\""),
		  OPENED("%D/c", "\"O_RDONLY\", \"O_DIRECTORY\""),
		  OPENED("%D/b", "\"O_WRONLY\", \"O_CREAT\", \"O_TRUNC\""))),
	ROW("failures", file_prepare_names, failed_opens, LINES(NULL)),
	ROW("other ways", file_prepare_names, opened_in_other_ways,
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
	cr_assert(!file_make("script") && !mkfifo("fifo", 0644));
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

/* ---- executable mappings ---- */

static int map(const char *path, int flags, int prot)
{
	int fd = open(path, flags);
	void *at = mmap(NULL, 4096, prot, MAP_PRIVATE, fd, 0);

	return at == MAP_FAILED ? -1 : 0;
}

static void prepare_program(void)
{
	cr_assert(!file_make("a") && !truncate("a", 4096));
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
	ROW("overlay", file_prepare_overlay, mapped_in_overlay,
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
