// SPDX-License-Identifier: Apache-2.0
/* What is an ELF file, and which lines come of that. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decode_lab.h"
#include "derive/derive.h"
#include "derive/elf.h"
#include "options.h"

#define PROGRAM "\177ELF and more"

/* A folder with one of each, which is the current one. */
struct zoo {
	char folder[64];
	struct elf *elf;
};

static void put(const char *name, const char *bytes)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
	close(fd);
}

static void zoo_init(struct zoo *zoo, const char *whitelist)
{
	strcpy(zoo->folder, "/tmp/derive-elf-XXXXXX");
	cr_assert(mkdtemp(zoo->folder) && !chdir(zoo->folder));
	put("program", PROGRAM);
	put("script", "#!/bin/sh");
	put("short", "\177EL");
	put("empty", "");
	cr_assert(!mkdir("dir", 0755) && !mkfifo("fifo", 0644) && !symlink("program", "link"));
	zoo->elf = elf_new(whitelist);
	cr_assert(zoo->elf);
}

static void zoo_release(struct zoo *zoo)
{
	const char *names[] = { "program", "script", "short", "empty", "fifo", "link", "\xff" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(names[i]);
	cr_assert(!rmdir("dir") && !chdir("/") && !rmdir(zoo->folder));
	elf_free(zoo->elf);
}

static bool is_elf(struct zoo *zoo, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", zoo->folder, name);
	return elf_is(zoo->elf, (const uint8_t *)path, strlen(path));
}

static bool is_elf_at(struct zoo *zoo, const char *path)
{
	return elf_is(zoo->elf, (const uint8_t *)path, strlen(path));
}

/* ---- files ---- */

Test(derive_elf, an_elf_file_is_one_by_its_first_four_bytes)
{
	struct zoo zoo;

	zoo_init(&zoo, "");
	put("\xff", PROGRAM);
	cr_expect(is_elf(&zoo, "program"));
	cr_expect(is_elf(&zoo, "\xff"));
	cr_expect_not(is_elf(&zoo, "script"));
	cr_expect_not(is_elf(&zoo, "short"));
	cr_expect_not(is_elf(&zoo, "empty"));
	cr_expect_not(is_elf(&zoo, "none"));
	zoo_release(&zoo);
}

Test(derive_elf, what_is_no_regular_file_is_not_opened, .timeout = 30)
{
	struct zoo zoo;

	zoo_init(&zoo, "");
	cr_expect_not(is_elf(&zoo, "dir"));
	cr_expect_not(is_elf(&zoo, "fifo"));
	cr_expect_not(is_elf(&zoo, "link"));
	cr_expect_not(is_elf_at(&zoo, "/dev/zero"));
	cr_expect_eq(elf_looks(zoo.elf), 0);
	zoo_release(&zoo);
}

Test(derive_elf, what_is_no_path_is_no_file)
{
	char longest[5000];
	struct zoo zoo;

	zoo_init(&zoo, "");
	memset(longest, '/', sizeof(longest));
	cr_expect_not(elf_is(zoo.elf, (const uint8_t *)"", 0));
	cr_expect_not(is_elf_at(&zoo, "program"));
	cr_expect_not(is_elf_at(&zoo, "memfd:program"));
	cr_expect_not(elf_is(zoo.elf, (const uint8_t *)longest, sizeof(longest)));
	cr_expect_not(elf_is(zoo.elf, (const uint8_t *)"/bin\0/x", 7));
	zoo_release(&zoo);
}

Test(derive_elf, a_file_is_read_once_until_it_changes)
{
	struct zoo zoo;

	zoo_init(&zoo, "");
	for (int i = 0; i < 3; i++) {
		cr_expect(is_elf(&zoo, "program"));
		cr_expect_not(is_elf(&zoo, "script"));
	}
	cr_expect_eq(elf_looks(zoo.elf), 2);
	unlink("program");
	put("program", "#!/bin/sh");
	cr_expect_not(is_elf(&zoo, "program"));
	put("script", PROGRAM);
	/* Where the clock of files has not moved on, the size of a tick is what it cannot see. */
	utimensat(AT_FDCWD, "script", (struct timespec[]){ { 1, 0 }, { 1, 0 } }, 0);
	cr_expect(is_elf(&zoo, "script"));
	zoo_release(&zoo);
}

Test(derive_elf, the_whitelist_is_matched_by_components)
{
	struct {
		const char *list, *path;
		bool looked_at;
	} rows[] = {
		{ "/proc,/sys,/dev", "/proc/self/exe", false },
		{ "/usr/bin", "/usr/bin", false },
		{ "/usr/bin/", "/usr/bin/x", false },
		{ "/", "/usr/bin/x", false },
		{ "/usr/bi", "/usr/bin/x", true },
		{ "/usr/bin/x", "/usr/bin", true },
		{ "/a,/usr", "/usr/x", false },
		{ "/a,/usr", "/usrx", true },
		{ "", "/usr", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cr_expect(elf_whitelist_valid(rows[i].list));
		cr_expect_eq(elf_whitelists(rows[i].list, rows[i].path), !rows[i].looked_at,
			     "%s in %s", rows[i].path, rows[i].list);
	}
	cr_expect_not(elf_whitelist_valid("/proc,sys"));
	cr_expect_not(elf_whitelist_valid("/proc,"));
}

Test(derive_elf, what_is_whitelisted_is_not_looked_at)
{
	struct zoo zoo;

	zoo_init(&zoo, "/tmp");
	cr_expect_not(is_elf(&zoo, "program"));
	cr_expect_eq(elf_looks(zoo.elf), 0);
	zoo_release(&zoo);
}

/* ---- lines ---- */

static struct lab *lab_of(const char *path, size_t full)
{
	struct lab *lab = lab_new();

	lab_span(lab, PULSAR_KIND_STRING, "filename", path, strlen(path), full)->flags =
		PULSAR_FIELD_MAIN | PULSAR_FIELD_ELF;
	lab_number(lab, PULSAR_KIND_UINT, "flags", 4, 5);
	lab_build(lab);
	return lab;
}

static const struct plan_event *derived(struct lab *lab, struct elf *elf)
{
	return derive(lab->plan, elf, lab->record, lab->len);
}

Test(derive_elf, the_other_line_has_the_same_fields_and_no_seq)
{
	char path[256], expected[1024];
	struct zoo zoo;
	struct lab *lab;

	zoo_init(&zoo, "");
	snprintf(path, sizeof(path), "%s/program", zoo.folder);
	lab = lab_of(path, strlen(path));
	cr_expect(derive_wanted(lab->plan));
	cr_assert(derived(lab, zoo.elf));
	cr_expect_eq(encode_json(lab->plan, &lab->clock, lab->record, lab->len, 1, &lab->out),
		     LINE_OK);
	snprintf(expected, sizeof(expected),
		 "{\"header\":{\"schema\":1,\"module\":\"test-module\",\"event\":\"ElfOpened\","
		 "\"time\":\"2026-11-22T15:04:05.123456789Z\",\"seq\":null,\"cpu\":null,\"pid\":42,"
		 "\"tid\":43,\"ppid\":1,\"uid\":1000,\"gid\":100,\"comm\":\"touch\","
		 "\"image\":\"/usr/bin/touch\",\"start_time\":\"2026-11-22T15:04:05.001000000Z\","
		 "\"cgroup_id\":77,\"generation\":3},\"payload\":{\"filename\":\"%s\",\"flags\":5}}"
		 "\n",
		 path);
	lab->out.data[lab->out.len] = '\0';
	cr_expect_str_eq(lab->out.data, expected);
	lab_free(lab);
	zoo_release(&zoo);
}

Test(derive_elf, there_is_no_other_line_without_an_elf_file)
{
	char path[256];
	struct zoo zoo;
	struct lab *lab;

	zoo_init(&zoo, "");
	snprintf(path, sizeof(path), "%s/script", zoo.folder);
	lab = lab_of(path, strlen(path));
	cr_expect_not(derived(lab, zoo.elf));
	lab_free(lab);
	snprintf(path, sizeof(path), "%s/program", zoo.folder);
	lab = lab_of(path, strlen(path) + 1); /* cut: its name is longer */
	cr_expect_not(derived(lab, zoo.elf));
	lab_free(lab);
	lab = lab_of(path, strlen(path));
	cr_expect_not(derived(lab, NULL));
	cr_expect(plan_select(lab->plan, "Sample"));
	cr_expect_not(derive_wanted(lab->plan));
	cr_expect_not(derived(lab, zoo.elf));
	cr_expect(plan_select(lab->plan, "ElfOpened"));
	cr_expect(derived(lab, zoo.elf));
	lab_free(lab);
	zoo_release(&zoo);
}

Test(derive_elf, a_span_outside_of_the_record_is_not_read)
{
	struct zoo zoo;
	struct lab *lab;
	struct pulsar_bytes span = { .offset = 65535, .len = 65535, .full = 65535 };

	zoo_init(&zoo, "");
	lab = lab_of("/x", 2);
	memcpy(lab->record + sizeof(struct pulsar_event), &span, sizeof(span));
	cr_expect_not(derived(lab, zoo.elf));
	cr_expect_not(derive(lab->plan, zoo.elf, lab->record, sizeof(struct pulsar_event)));
	lab_free(lab);
	zoo_release(&zoo);
}

Test(derive_elf, a_schema_that_cannot_be_meant_is_refused)
{
	struct lab *lab = lab_new();
	char error[200] = "";

	lab_number(lab, PULSAR_KIND_UINT, "filename", 4, 1)->flags = PULSAR_FIELD_ELF;
	lab->fields[1].size = lab->fixed_len;
	cr_expect_null(plan_new(lab->fields, lab->count, error, sizeof(error)));
	cr_expect(strstr(error, "filename is not the path of a file"), "%s", error);
	lab_free(lab);

	lab = lab_new();
	strcpy(lab->fields[1].name, "ElfOpened");
	lab_span(lab, PULSAR_KIND_STRING, "filename", "/x", 2, 2)->flags = PULSAR_FIELD_ELF;
	lab->fields[1].size = lab->fixed_len;
	cr_expect_null(plan_new(lab->fields, lab->count, error, sizeof(error)));
	cr_expect(strstr(error, "a second event ElfOpened"), "%s", error);
	lab_free(lab);
}

/* ---- options ---- */

static int parse(struct options *options, const char *a, const char *b, char *error)
{
	char *argv[] = { "pulsar-reader", (char *)a, (char *)b, "files", NULL };

	return options_parse(options, 4, argv, error, 256);
}

Test(derive_elf, options_say_whether_to_look_and_where_not)
{
	struct options options;
	char error[256];

	cr_expect_eq(parse(&options, "--elf-check", "no", error), 0);
	cr_expect_not(options.elf_check);
	cr_expect_str_eq(options.elf_check_whitelist, "/proc,/sys,/dev");
	cr_expect_eq(parse(&options, "--elf-check-whitelist", "/usr/lib", error), 0);
	cr_expect(options.elf_check);
	cr_expect_str_eq(options.elf_check_whitelist, "/usr/lib");
	cr_expect(parse(&options, "--elf-check", "perhaps", error));
	cr_expect_str_eq(error, "--elf-check is yes or no, not 'perhaps'");
	cr_expect(parse(&options, "--elf-check-whitelist", "usr", error));
	cr_expect_str_eq(error,
			 "--elf-check-whitelist wants absolute paths with commas, not 'usr'");
}
