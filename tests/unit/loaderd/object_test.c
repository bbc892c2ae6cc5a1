// SPDX-License-Identifier: Apache-2.0
/* Files of modules: which are taken, and which are not trusted. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "object.h"

static char folder[32];

static void make_folder(void)
{
	if (geteuid())
		cr_skip_test("needs root: files of modules are root's");
	strcpy(folder, "/tmp/pulsar-test-XXXXXX");
	cr_assert(mkdtemp(folder));
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void remove_folder(void)
{
	static const char *const names[] = { "a.bpf.o",	  "b.bpf.o",	"core.bpf.o",
					     "z-9.bpf.o", "a.o",	"Big.bpf.o",
					     ".bpf.o",	  "fifo.bpf.o", "dir.bpf.o" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (unlink(path_of(names[i])) && errno == EISDIR)
			rmdir(path_of(names[i]));
	rmdir(folder);
}

static void make_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	cr_assert(!fchmod(fd, mode));
	close(fd);
}

static void expect_refused(const char *module, int err, const char *text)
{
	struct pin_error error = { "" };
	struct object *object = object_read(folder, module, &error);

	cr_expect_null(object);
	cr_expect_eq(errno, err, "%s: %s", module, strerror(errno));
	cr_expect(strstr(error.text, text), "expected \"%s\", found \"%s\"", text, error.text);
	object_free(object);
}

TestSuite(object, .init = make_folder, .fini = remove_folder);

Test(object, a_file_of_root_is_read_whole)
{
	struct object *object, *same;
	struct pin_error error;

	make_file("a.bpf.o", "bytes", 0644);
	make_file("b.bpf.o", "bytes", 0400);
	object = object_read(folder, "a", &error);
	cr_assert(object, "%s", error.text);
	cr_expect_str_eq(object->name, "a");
	cr_expect_str_eq(object->path, path_of("a.bpf.o"));
	cr_expect_eq(object->size, 5);
	cr_expect_arr_eq(object->data, "bytes", 6, "and a NUL behind it");
	same = object_read(folder, "b", &error);
	cr_assert(same, "%s", error.text);
	cr_expect_arr_eq(object->digest, same->digest, sizeof(same->digest));
	object_free(same);
	make_file("b.bpf.o", "bytez", 0400);
	same = object_read(folder, "b", &error);
	cr_assert(same, "%s", error.text);
	cr_expect(memcmp(object->digest, same->digest, sizeof(same->digest)));
	object_free(same);
	object_free(object);
}

Test(object, an_unknown_module_is_named)
{
	expect_refused("a", ENOENT, "module 'a' is unknown: there is no ");
	expect_refused("Not/Ok", EINVAL, "'Not/Ok' is not the name of a module");
	expect_refused("../a", EINVAL, "is not the name of a module");
}

Test(object, what_others_could_have_written_is_refused)
{
	make_file("a.bpf.o", "x", 0644);
	cr_assert(!chown(path_of("a.bpf.o"), 65534, 0));
	expect_refused("a", EPERM, "a.bpf.o: owned by uid 65534, not root");
	cr_assert(!chown(path_of("a.bpf.o"), 0, 0));
	cr_assert(!chmod(path_of("a.bpf.o"), 0664));
	expect_refused("a", EPERM, "a.bpf.o: mode 0664, writable by others than root");
	cr_assert(!chmod(path_of("a.bpf.o"), 0646));
	expect_refused("a", EPERM, "mode 0646");
}

Test(object, a_directory_that_others_can_write_is_refused)
{
	make_file("a.bpf.o", "x", 0644);
	cr_assert(!chmod(folder, 0777));
	expect_refused("a", EPERM, "mode 0777, writable by others than root");
	cr_assert(!chmod(folder, 0755) && !chown(folder, 65534, 0));
	expect_refused("a", EPERM, "owned by uid 65534, not root");
	cr_assert(!chown(folder, 0, 0));
}

Test(object, only_a_regular_file_is_one)
{
	cr_assert(!mkfifo(path_of("fifo.bpf.o"), 0600));
	expect_refused("fifo", EINVAL, "fifo.bpf.o: not a regular file");
	cr_assert(!mkdir(path_of("dir.bpf.o"), 0700));
	expect_refused("dir", EINVAL, "dir.bpf.o: not a regular file");
}

Test(object, a_symbolic_link_counts_as_what_it_leads_to)
{
	struct pin_error error = { "" };
	struct object *object;

	make_file("a.bpf.o", "x", 0644);
	cr_assert(!symlink("a.bpf.o", path_of("b.bpf.o")));
	object = object_read(folder, "b", &error);
	cr_expect(object, "%s", error.text);
	object_free(object);
	cr_assert(!chown(path_of("a.bpf.o"), 65534, 0));
	expect_refused("b", EPERM, "b.bpf.o: owned by uid 65534, not root");
}

static int note(const char *name, void *arg)
{
	strcat(arg, name);
	strcat(arg, " ");
	return strcmp(name, "b") ? 0 : 42;
}

Test(object, modules_are_listed_core_first)
{
	char names[64] = "";
	struct pin_error error = { "" };

	make_file("z-9.bpf.o", "x", 0644);
	make_file("a.bpf.o", "x", 0644);
	make_file("core.bpf.o", "x", 0644);
	make_file("a.o", "x", 0644);
	make_file("Big.bpf.o", "x", 0644);
	make_file(".bpf.o", "x", 0644);
	cr_expect_eq(object_each(folder, note, names, &error), 0, "%s", error.text);
	cr_expect_str_eq(names, "core a z-9 ");
	make_file("b.bpf.o", "x", 0644);
	*names = '\0';
	cr_expect_eq(object_each(folder, note, names, &error), 42);
	cr_expect_str_eq(names, "core a b ");
	cr_expect_eq(object_each("/no/such/folder", note, names, &error), -ENOENT);
	cr_expect_str_eq(error.text, "/no/such/folder: No such file or directory");
}
