/* SPDX-License-Identifier: Apache-2.0 */
/* A Pulsar of the test's own: its folder, its configuration, its loaderd. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

#define LIMIT_MS 60000

/* Where the programs under test are; PULSAR_TEST_BUILD is the build folder of the tree. */
#ifdef PULSAR_TEST_BUILD
#define LOADERD PULSAR_TEST_BUILD "/pulsar-loaderd"
#define MODULES PULSAR_TEST_BUILD "/modules"
#else
#define LOADERD "/usr/sbin/pulsar-loaderd"
#define MODULES PULSAR_MODULES_DIR
#endif

static int notify_open(const struct kit *kit)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/notify", kit->folder);
	cr_assert(fd >= 0 && !bind(fd, (struct sockaddr *)&to, sizeof(to)), "%s: %s", to.sun_path,
		  strerror(errno));
	return fd;
}

struct kit *kit_make(const char *modules, const char *config, const char *shared)
{
	struct kit *kit;

	if (geteuid())
		cr_skip_test("needs root: loads BPF programs");
	kit = calloc(1, sizeof(*kit));
	cr_assert(kit);
	strcpy(kit->folder, "/tmp/pulsar-test-XXXXXX");
	cr_assert(mkdtemp(kit->folder), "%s: %s", kit->folder, strerror(errno));
	chmod(kit->folder, 0755);
	if (shared) {
		snprintf(kit->pins, sizeof(kit->pins), "%s/bpf/pins", shared);
		snprintf(kit->socket, sizeof(kit->socket), "%s/socket", shared);
		snprintf(kit->config, sizeof(kit->config), "%s/conf", shared);
		snprintf(kit->log, sizeof(kit->log), "%s/log", shared);
		snprintf(kit->subscription, sizeof(kit->subscription), "test-%d", getpid());
	} else {
		snprintf(kit->pins, sizeof(kit->pins), "/sys/fs/bpf/pulsar-test-%s",
			 kit->folder + 17);
		snprintf(kit->socket, sizeof(kit->socket), "%s/socket", kit->folder);
		snprintf(kit->config, sizeof(kit->config), "%s/pulsar.conf", kit->folder);
		snprintf(kit->log, sizeof(kit->log), "%s/log", kit->folder);
	}
	snprintf(kit->mount, sizeof(kit->mount), "%s/mount", kit->folder);
	janitor_start(kit);
	snprintf(kit->open, sizeof(kit->open), "%s/open", kit->folder);
	cr_assert(!mkdir(kit->open, 0777) && !chmod(kit->open, 01777));
	snprintf(kit->modules, sizeof(kit->modules), "%s", modules);
	snprintf(kit->modules_dir, sizeof(kit->modules_dir), "%s", MODULES);
	kit->notify = notify_open(kit);
	if (!shared)
		kit_set_config(kit, config);
	return kit;
}

struct kit *kit_new(const char *modules, const char *config)
{
	return kit_make(modules, config, NULL);
}

void kit_free(struct kit *kit)
{
	if (!kit)
		return;
	shared_release(kit);
	if (kit->pid)
		kit_stop(kit, SIGKILL);
	close(kit->notify);
	janitor_dismiss(kit);
	free(kit);
}

const char *kit_pin_root(const struct kit *kit)
{
	return kit->pins;
}

const char *kit_socket(const struct kit *kit)
{
	return kit->socket;
}

const char *kit_config_path(const struct kit *kit)
{
	return kit->config;
}

const char *kit_folder(const struct kit *kit)
{
	return kit->open;
}

pid_t kit_pid(const struct kit *kit)
{
	return kit->pid;
}

void kit_set_config(struct kit *kit, const char *config)
{
	FILE *f = fopen(kit->config, "w");

	cr_assert(f, "%s: %s", kit->config, strerror(errno));
	if (*kit->subscription)
		shared_write_base(kit, f);
	else
		fprintf(f, "[loaderd]\npin_root = %s\nsocket = %s\ngroup = nogroup\nmodules = %s\n",
			kit->pins, kit->socket, kit->modules);
	fprintf(f, "%s\n", config ? config : "");
	fclose(f);
}

void kit_set_pin_root(struct kit *kit, const char *path)
{
	cr_assert_lt(strlen(path), sizeof(kit->pins));
	strcpy(kit->pins, path);
}

const char *kit_mount(struct kit *kit, const char *type, const char *options)
{
	cr_assert(!mkdir(kit->mount, 0755) || errno == EEXIST, "%s: %s", kit->mount,
		  strerror(errno));
	cr_assert(!mount(type, kit->mount, type, MS_NOSUID | MS_NODEV | MS_NOEXEC, options),
		  "%s on %s: %s", type, kit->mount, strerror(errno));
	return kit->mount;
}

static void copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t n;

	cr_assert(in >= 0 && out >= 0, "%s: %s", from, strerror(errno));
	do {
		n = sendfile(out, in, NULL,
			     1 << 30); /* unlike copy_file_range(), between any two file systems */
	} while (n > 0);
	cr_assert(n == 0, "%s: %s", to, strerror(errno));
	close(in);
	close(out);
}

const char *kit_own_modules(struct kit *kit)
{
	char to[512];
	glob_t all;

	snprintf(kit->modules_dir, sizeof(kit->modules_dir), "%s/modules", kit->folder);
	cr_assert(!mkdir(kit->modules_dir, 0755));
	cr_assert(!glob(MODULES "/*.bpf.o", 0, NULL, &all), "no modules in " MODULES);
	for (size_t i = 0; i < all.gl_pathc; i++) {
		snprintf(to, sizeof(to), "%s/%s", kit->modules_dir,
			 strrchr(all.gl_pathv[i], '/') + 1);
		copy_file(all.gl_pathv[i], to);
	}
	globfree(&all);
	return kit->modules_dir;
}

void kit_add_module(struct kit *kit, const char *object)
{
	char to[512];

	snprintf(to, sizeof(to), "%s%s", kit->modules_dir, strrchr(object, '/'));
	copy_file(object, to);
}

void kit_change_module(struct kit *kit, const char *module)
{
	char path[512], next[520];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.bpf.o", kit->modules_dir, module);
	snprintf(next, sizeof(next), "%s.next", path);
	copy_file(path, next);
	/* Bytes behind the last section: nobody reads them, but the file is another one. */
	fd = open(next, O_WRONLY | O_APPEND | O_CLOEXEC);
	cr_assert(fd >= 0 && write(fd, "changed", 8) == 8);
	close(fd);
	cr_assert(!rename(next, path));
}

char *kit_log(const struct kit *kit)
{
	int fd = open(kit->log, O_RDONLY | O_CLOEXEC);
	char *text;

	cr_assert(fd >= 0, "%s: %s", kit->log, strerror(errno));
	text = file_text(fd);
	close(fd);
	return text;
}

/* Reads what loaderd notifies until it says `word`; false: it ended. */
static bool notified(struct kit *kit, const char *word)
{
	int pidfd = syscall(SYS_pidfd_open, kit->pid, 0);
	struct pollfd fds[2] = { { .fd = kit->notify, .events = POLLIN },
				 { .fd = pidfd, .events = POLLIN } };
	char text[512];
	bool said = false;

	cr_assert(pidfd >= 0);
	while (!said) {
		ssize_t n;

		cr_assert(poll(fds, 2, LIMIT_MS) > 0, "loaderd did not say %s; log:\n%s", word,
			  kit_log(kit));
		if (!(fds[0].revents & POLLIN))
			break;
		n = recv(kit->notify, text, sizeof(text) - 1, 0);
		if (n < 0)
			break;
		text[n] = '\0';
		said = strstr(text, word);
	}
	close(pidfd);
	return said;
}

void kit_launch(struct kit *kit)
{
	const char *variant = getenv("PULSAR_TEST_VARIANT");
	const char *argv[] = { "pulsar-loaderd",
			       "--config",
			       kit->config,
			       "--modules",
			       kit->modules_dir,
			       "-v",
			       NULL,
			       NULL,
			       NULL };
	char notify[128];
	const char *env[] = { notify, NULL };
	int log = open(kit->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	cr_assert(log >= 0);
	if (variant && *variant) {
		argv[6] = "--variant";
		argv[7] = variant;
	}
	snprintf(notify, sizeof(notify), "NOTIFY_SOCKET=%s/notify", kit->folder);
	kit->pid = process_spawn(&(struct spawn){ .path = LOADERD,
						  .argv = argv,
						  .env = env,
						  .out = log,
						  .err = log,
						  .cgroup = *kit->cgroup ? kit->cgroup : NULL });
	close(log);
}

bool kit_await(struct kit *kit)
{
	if (notified(kit, "READY=1"))
		return true;
	kit->status = process_wait(kit->pid);
	kit->pid = 0;
	return false;
}

int kit_status(const struct kit *kit)
{
	return kit->status;
}

bool kit_start(struct kit *kit)
{
	kit_launch(kit);
	return kit_await(kit);
}

void kit_must_start(struct kit *kit)
{
	cr_assert(kit_start(kit), "loaderd did not start:\n%s", kit_log(kit));
}

struct kit *kit_started(const char *modules, const char *config)
{
	struct kit *kit = kit_new(modules, config);

	kit_must_start(kit);
	return kit;
}

int kit_stop(struct kit *kit, int signal)
{
	pid_t pid = kit->pid;

	cr_assert(pid > 0);
	cr_assert(!kill(pid, signal));
	kit->pid = 0;
	return process_wait(pid);
}

void kit_reload(struct kit *kit)
{
	if (*kit->subscription) {
		shared_reload(kit);
		return;
	}
	cr_assert(!kill(kit->pid, SIGHUP));
	cr_assert(notified(kit, "RELOADING=1"), "loaderd ended:\n%s", kit_log(kit));
	cr_assert(notified(kit, "READY=1"), "loaderd ended:\n%s", kit_log(kit));
}
