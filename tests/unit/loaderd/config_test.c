// SPDX-License-Identifier: Apache-2.0
/* The configuration: what it takes, and every error with its line. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pulsar/config.h>

#include "config.h"
#include "config_key.h"

static int parse(struct config *config, const char *text, struct pin_error *error)
{
	return config_parse(config, "pulsar.conf", text, strlen(text), error);
}

static struct config *parsed(const char *text)
{
	struct config *config = config_new();
	struct pin_error error;

	cr_assert(config);
	cr_assert_eq(parse(config, text, &error), 0, "%s", error.text);
	return config;
}

Test(config, defaults_need_no_file)
{
	struct config *c = config_new();

	cr_assert(c);
	cr_expect_str_eq(c->pin_root, "/sys/fs/bpf/pulsar");
	cr_expect_str_eq(c->socket, "/run/pulsar/loaderd.sock");
	cr_expect_str_eq(c->group, "pulsar");
	cr_expect_not(config_group_given(c));
	cr_expect_str_eq(c->modules_dir, PULSAR_MODULES_DIR);
	cr_expect_eq(c->ring_size, 1 << 20);
	cr_expect_eq(c->memory_limit, 64 << 20);
	cr_expect(c->keep_pins && c->bpffs_traverse);
	cr_expect_eq(c->subscriptions_max, PULSAR_SUBSCRIPTIONS_MAX);
	cr_expect_eq(c->max_clients, 64);
	cr_expect(config_wants(c, "core") && config_wants(c, "anything"));
	config_free(c);
}

static void expect_keys(const struct config_key *taken, const struct pulsar_config_key *known)
{
	for (; taken->name && known->name; taken++, known++)
		cr_expect_str_eq(taken->name, known->name);
	cr_expect(!taken->name && !known->name);
}

Test(config, keys_that_are_taken_are_those_that_others_know)
{
	expect_keys(config_keys_loaderd, pulsar_config_loaderd);
	expect_keys(config_keys_module, pulsar_config_module);
}

Test(config, every_key_of_loaderd_is_taken)
{
	struct config *c = parsed("[loaderd]\n"
				  "pin_root = /sys/fs/bpf/x\n"
				  "socket=/tmp/s\n"
				  "group = readers\n"
				  "admin_group = wheel\n"
				  "variant = tp\n"
				  "modules_dir = /opt/modules\n"
				  "modules = file-created, network-monitor\n"
				  "ring_size = 2M\n"
				  "memory_limit = 1G\n"
				  "keep_pins = no\n"
				  "bpffs_traverse = off\n"
				  "subscriptions_max = 3\n"
				  "max_clients = 9\n");

	cr_expect_str_eq(c->pin_root, "/sys/fs/bpf/x");
	cr_expect_str_eq(c->socket, "/tmp/s");
	cr_expect_str_eq(c->group, "readers");
	cr_expect(config_group_given(c));
	cr_expect_str_eq(c->admin_group, "wheel");
	cr_expect_str_eq(c->variant, "tp");
	cr_expect_str_eq(c->modules_dir, "/opt/modules");
	cr_assert_eq(c->modules_count, 2);
	cr_expect_str_eq(c->modules[1], "network-monitor");
	cr_expect_eq(c->ring_size, 2 << 20);
	cr_expect_eq(c->memory_limit, 1ull << 30);
	cr_expect(!c->keep_pins && !c->bpffs_traverse);
	cr_expect_eq(c->subscriptions_max, 3);
	cr_expect_eq(c->max_clients, 9);
	config_free(c);
}

Test(config, a_module_has_its_own_keys_and_the_variables_of_its_object)
{
	struct config *c = parsed("; a comment\n"
				  "# another\n"
				  "\n"
				  "[network-monitor]\n"
				  "group = net ; behind a value too\n"
				  "ring_size = 64K\n"
				  "variant = kprobe\n"
				  "dns_ports = 53, 5353\n");
	const struct config_module *m = config_section(c, "network-monitor");

	cr_assert(m);
	cr_expect(m->enabled);
	cr_expect_eq(m->line, 5);
	cr_expect_str_eq(m->group, "net");
	cr_expect_str_eq(m->variant, "kprobe");
	cr_expect_eq(m->ring_size, 65536);
	cr_assert_eq(m->variables_count, 1);
	cr_expect_str_eq(m->variables[0].name, "dns_ports");
	cr_expect_str_eq(m->variables[0].value, "53, 5353");
	cr_expect_eq(m->variables[0].line, 8);
	cr_expect_null(config_section(c, "file-created"));
	config_free(c);
}

Test(config, a_list_goes_on_in_lines_that_begin_with_a_space)
{
	struct config *c = parsed("[loaderd]\n"
				  "modules = file-created,\n"
				  "\tprocess-monitor\n"
				  "  network-monitor file-created\n"
				  "ring_size = 64K\n");

	cr_expect_eq(c->modules_count, 3, "each once");
	cr_expect_eq(c->ring_size, 65536);
	config_free(c);
}

Test(config, an_indented_key_is_a_key)
{
	struct config *c = parsed("  [loaderd]\n"
				  "  group = a\n"
				  "\tring_size = 64K\n");

	cr_expect_str_eq(c->group, "a");
	cr_expect_eq(c->ring_size, 65536);
	config_free(c);
}

Test(config, only_wanted_modules_run_and_core)
{
	struct config *c = parsed("[loaderd]\nmodules = a b\n[b]\nenabled = no\n");

	cr_expect(config_wants(c, "a"));
	cr_expect_not(config_wants(c, "b"), "it is disabled");
	cr_expect_not(config_wants(c, "c"), "it is not in the list");
	cr_expect(config_wants(c, "core"));
	config_free(c);
}

static const struct {
	const char *text;
	const char *error;
} wrong_rows[] = {
	{ "group = x\n", "pulsar.conf:1: 'group' stands before the first [section]" },
	{ "[loaderd]\nno_such_key = 1\n", "pulsar.conf:2: [loaderd] has no key 'no_such_key'" },
	{ "[loaderd]\n\n# x\nkeep_pins = perhaps\n",
	  "pulsar.conf:4: keep_pins: 'perhaps' is neither yes nor no" },
	{ "[loaderd]\nring_size = 100000\n",
	  "pulsar.conf:2: ring_size: '100000' is not a power of two" },
	{ "[loaderd]\nring_size = 2K\n",
	  "pulsar.conf:2: ring_size: '2K' is not between 4096 and 1073741824" },
	{ "[loaderd]\nring_size = big\n", "pulsar.conf:2: ring_size: 'big' is not a number" },
	{ "[loaderd]\nmemory_limit = -1\n", "pulsar.conf:2: memory_limit: '-1' is not a number" },
	{ "[loaderd]\nsubscriptions_max = 9\n",
	  "pulsar.conf:2: subscriptions_max: '9' is not between 1 and 8" },
	{ "[loaderd]\nmax_clients = 0\n",
	  "pulsar.conf:2: max_clients: '0' is not between 1 and 65536" },
	{ "[loaderd]\nmodules = ok, Not/Ok\n",
	  "pulsar.conf:2: modules: 'Not/Ok' is not the name of a module" },
	{ "[loaderd]\npin_root = relative\n",
	  "pulsar.conf:2: pin_root: 'relative' is not an absolute path" },
	{ "[loaderd]\ngroup = a\nring_size = 64K\ngroup = b\n",
	  "pulsar.conf:4: group: set a second time" },
	{ "[loaderd]\nmodules = a\nmodules = b\n", "pulsar.conf:3: modules: set a second time" },
	{ "[x]\nvariant = tp-btf\n",
	  "pulsar.conf:2: variant: 'tp-btf' is not the name of a variant" },
	{ "[x]\nvariant = longer_than_a_variant\n",
	  "pulsar.conf:2: variant: longer than 15 bytes" },
	{ "[x]\nv = 1\nv = 2\n", "pulsar.conf:3: v: set a second time" },
	{ "[No Module]\nv = 1\n",
	  "pulsar.conf:2: [No Module] is neither [loaderd] nor the name of a module" },
	{ "[x]\n= 1\n", "pulsar.conf:2: no key stands before the value" },
	{ "[loaderd]\nwhat is this\n", "pulsar.conf:2: neither [section] nor key = value" },
	{ "[loaderd\ngroup = x\n", "pulsar.conf:1: neither [section] nor key = value" },
	{ "[loaderd]\ngroup = a\n  b\n", "pulsar.conf:3: neither [section] nor key = value" },
};

Test(config, every_error_names_file_and_line)
{
	for (size_t i = 0; i < sizeof(wrong_rows) / sizeof(*wrong_rows); i++) {
		struct config *config = config_new();
		struct pin_error error = { "" };

		cr_assert(config);
		cr_expect_eq(parse(config, wrong_rows[i].text, &error), -EINVAL);
		cr_expect_str_eq(error.text, wrong_rows[i].error);
		config_free(config);
	}
}

Test(config, a_line_too_long_is_refused_rather_than_cut_in_two)
{
	struct config *config = config_new();
	struct pin_error error = { "" };
	char text[8192];

	cr_assert(config);
	memset(text, 'x', sizeof(text));
	memcpy(text, "[loaderd]\ngroup = ", 18);
	cr_expect_eq(config_parse(config, "c", text, sizeof(text), &error), -EINVAL);
	cr_expect(strstr(error.text, "c:2: longer than"), "%s", error.text);
	config_free(config);
}

Test(config, a_nul_byte_is_refused)
{
	static const char text[] = "[loaderd]\ngroup = a\0b\n";
	struct config *config = config_new();
	struct pin_error error = { "" };

	cr_assert(config);
	cr_expect_eq(config_parse(config, "c", text, sizeof(text) - 1, &error), -EINVAL);
	cr_expect_str_eq(error.text, "c:2: has a NUL byte in it");
	config_free(config);
}

/* ---- file and command line ---- */

struct config_file {
	char folder[32];
	char path[64];
};

static void config_file_make(struct config_file *f, const char *text, mode_t mode)
{
	int fd;

	strcpy(f->folder, "/tmp/pulsar-test-XXXXXX");
	cr_assert(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/pulsar.conf", f->folder);
	fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	cr_assert(!fchmod(fd, mode));
	close(fd);
}

static void config_file_remove(struct config_file *f)
{
	unlink(f->path);
	rmdir(f->folder);
}

Test(config, the_command_line_goes_over_the_file)
{
	const char *modules[] = { "one" };
	struct options options = { .group = "cmd",
				   .variant = "tp",
				   .pin_root = "relative/pins",
				   .modules = modules,
				   .modules_count = 1 };
	struct config_file file;
	struct pin_error error;
	struct config *c;
	char expected[4096];

	if (geteuid())
		cr_skip_test("needs root: the file must be root's");
	config_file_make(&file, "[loaderd]\ngroup = file\nsocket = /s\nmodules = two\n", 0644);
	options.config = file.path;
	c = config_load(&options, &error);
	cr_assert(c, "%s", error.text);
	cr_expect_str_eq(c->path, file.path);
	cr_expect_str_eq(c->group, "cmd");
	cr_expect_str_eq(c->variant, "tp");
	cr_expect_str_eq(c->socket, "/s");
	cr_assert_eq(c->modules_count, 1);
	cr_expect_str_eq(c->modules[0], "one");
	cr_assert(getcwd(expected, sizeof(expected) - 20));
	strcat(expected, "/relative/pins");
	cr_expect_str_eq(c->pin_root, expected);
	config_free(c);
	config_file_remove(&file);
}

Test(config, a_wrong_value_on_the_command_line_is_named)
{
	const char *modules[] = { "No/Module" };
	struct options options = { .config = "/dev/null", .modules = modules, .modules_count = 1 };
	struct config_file file;
	struct pin_error error = { "" };

	if (geteuid())
		cr_skip_test("needs root: the file must be root's");
	config_file_make(&file, "", 0600);
	options.config = file.path;
	cr_expect_null(config_load(&options, &error));
	cr_expect_eq(errno, EINVAL);
	cr_expect_str_eq(error.text,
			 "command line: modules: 'No/Module' is not the name of a module");
	config_file_remove(&file);
}

Test(config, a_file_that_others_can_write_is_not_trusted)
{
	struct options options = { 0 };
	struct config_file file;
	struct pin_error error = { "" };

	if (geteuid())
		cr_skip_test("needs root: the file must be root's");
	config_file_make(&file, "", 0664);
	options.config = file.path;
	cr_expect_null(config_load(&options, &error));
	cr_expect(strstr(error.text, "mode 0664, writable by others than root"), "%s", error.text);
	cr_assert(!chmod(file.path, 0644) && !chown(file.path, 65534, 0));
	cr_expect_null(config_load(&options, &error));
	cr_expect(strstr(error.text, "owned by uid 65534, not root"), "%s", error.text);
	config_file_remove(&file);
}

Test(config, a_file_that_was_named_must_exist)
{
	struct options options = { .config = "/no/such/file" };
	struct pin_error error = { "" };

	cr_expect_null(config_load(&options, &error));
	cr_expect_eq(errno, ENOENT);
	cr_expect_str_eq(error.text, "/no/such/file: No such file or directory");
}
