// SPDX-License-Identifier: Apache-2.0
/* Starts, reloads and deaths, in a mount namespace of the test's own. */
#include "life.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "config.h"
#include "cpus.h"

void life_copy_object(const struct life *life, const char *from, const char *name)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	char to[96], next[104], bytes[4096];
	ssize_t n;
	int out;

	snprintf(to, sizeof(to), "%s/%s.bpf.o", life->folder, name);
	snprintf(next, sizeof(next), "%s.next", to);
	out = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	cr_assert(in >= 0 && out >= 0, "%s: %s", from, strerror(errno));
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		cr_assert_eq(write(out, bytes, (size_t)n), n);
	close(in);
	close(out);
	cr_assert(!rename(next, to));
}

/* The configuration of a start or a reload. */
static struct config *life_configure(const struct life *life, const char *text)
{
	struct config *config = config_new();
	struct pin_error error;

	cr_assert(config);
	snprintf(config->modules_dir, sizeof(config->modules_dir), "%s", life->folder);
	strcpy(config->path, "pulsar.conf");
	strcpy(config->group, "0");
	config->ring_size = 64 << 10;
	cr_assert_eq(config_parse(config, "pulsar.conf", text, strlen(text), &error), 0, "%s",
		     error.text);
	return config;
}

void life_init(struct life *life)
{
	memset(life, 0, sizeof(*life));
	if (geteuid())
		cr_skip_test("needs root: loads BPF programs");
	cr_assert(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	cr_assert(!mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0711"), "%s", strerror(errno));
	strcpy(life->folder, "/tmp/pulsar-test-XXXXXX");
	cr_assert(mkdtemp(life->folder));
	life_copy_object(life, LIFE_OBJECT, "life");
}

int life_start(struct life *life, const char *text, struct pin_error *error)
{
	struct pin_prepared prepared;
	struct cpus cpus;

	cr_assert(!cpus_read("possible", &cpus));
	life->config = life_configure(life, text);
	life->pins = pin_root_open(LIFE_ROOT, PIN_OWN, 0, 0, &prepared, error);
	cr_assert(life->pins, "%s", error->text);
	life->modules = modules_new(life->pins, cpus_end(&cpus));
	cr_assert(life->modules);
	return modules_apply(life->modules, life->config, true, error);
}

struct module *life_started(struct life *life, const char *text)
{
	struct pin_error error = { "" };
	struct module *m;

	cr_assert_eq(life_start(life, text, &error), 0, "%s", error.text);
	m = modules_find(life->modules, "life");
	cr_assert(m && m->state == MODULE_RUNNING, "%s", m ? m->error.text : "no module");
	return m;
}

void life_die(struct life *life)
{
	modules_free(life->modules);
	pin_root_free(life->pins);
	config_free(life->config);
	life->modules = NULL;
	life->pins = NULL;
	life->config = NULL;
}

int life_reload(struct life *life, const char *text)
{
	struct config *config = life_configure(life, text);
	struct pin_error error = { "" };
	int wrong = modules_apply(life->modules, config, false, &error);

	cr_assert(wrong >= 0, "%s", error.text);
	config_free(life->config);
	life->config = config;
	return wrong;
}

void life_release(struct life *life)
{
	char command[64];

	life_die(life);
	snprintf(command, sizeof(command), "rm -rf %s", life->folder);
	cr_assert_eq(system(command), 0);
}

/* ---- what is pinned and counted ---- */

bool life_pinned(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), LIFE_ROOT "/%s", name);
	return access(path, F_OK) == 0;
}

int life_open_pin(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), LIFE_ROOT "/%s", name);
	fd = bpf_obj_get(path);
	cr_assert(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

void life_count(__u64 *produced, __u64 *lost)
{
	struct pulsar_counters *values;
	__u32 zero = 0;
	struct cpus cpus;
	int fd = life_open_pin("life/counters");

	cr_assert(!cpus_read("possible", &cpus));
	values = calloc(cpus_count(&cpus), sizeof(*values));
	cr_assert(values && !bpf_map_lookup_elem(fd, &zero, values));
	*produced = *lost = 0;
	for (unsigned int i = 0; i < cpus_count(&cpus); i++) {
		const struct pulsar_losses *l = &values[i].lost[0];

		*produced += values[i].produced;
		*lost += l->no_ring + l->busy + l->other;
	}
	free(values);
	close(fd);
}

/* It fails, as the directory is there; the call is what counts. */
void life_make_directories(int n)
{
	char command[80];

	snprintf(command, sizeof(command), "for i in $(seq %d); do mkdir /tmp; done 2>/dev/null",
		 n);
	cr_assert(system(command) != -1);
}
