/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile clients beside a reader that loses nothing; readers that do not observe themselves. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pulsar/wire.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulsar-test.h"
#include "storm.h"

#define CLIENTS	   1000
#define PROCESSES  4
#define ROUNDS_MAX 10

/* ---- what loaderd holds ---- */

struct holdings {
	unsigned int descriptors;
	unsigned long rss_kib;
};

static struct holdings holdings_of(pid_t pid)
{
	struct holdings h = { 0 };
	char path[64], line[256];
	DIR *dir;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	cr_assert(dir);
	while (readdir(dir))
		h.descriptors++;
	closedir(dir);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	cr_assert(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "VmRSS: %lu", &h.rss_kib);
	fclose(f);
	return h;
}

/* ---- one bad client ---- */

static int client_connect(const char *socket_path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", socket_path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Sends bytes with up to 250 descriptors that do not belong there. */
static void client_send(int fd, const void *bytes, size_t len, unsigned int descriptors)
{
	char control[CMSG_SPACE(PULSAR_WIRE_FDS_MAX * sizeof(int))] = { 0 };
	struct iovec part = { (void *)bytes, len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (descriptors) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
		for (unsigned int i = 0; i < descriptors; i++)
			((int *)CMSG_DATA(c))[i] = fd;
	}
	sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void be_bad(const char *socket_path, unsigned int number)
{
	struct pulsar_ask_rings ask = {
		.wire = { PULSAR_WIRE_MAGIC, PULSAR_WIRE_VERSION, PULSAR_ASK_RINGS, sizeof(ask),
			  0 },
		.subscription = "default",
	};
	int fd = client_connect(socket_path);

	if (fd < 0)
		return;
	switch (number % 8) {
	case 0: /* nothing, and away */
		break;
	case 1: /* too short for anything */
		client_send(fd, "x", 1, 0);
		break;
	case 2: /* another magic */
		ask.wire.magic ^= 1;
		client_send(fd, &ask, sizeof(ask), 1);
		break;
	case 3: /* another version */
		ask.wire.version++;
		client_send(fd, &ask, sizeof(ask), 1);
		break;
	case 4: /* a length that is not that of the type */
		client_send(fd, &ask, sizeof(ask) - 4, 1);
		break;
	case 5: /* no descriptor */
		client_send(fd, &ask, sizeof(ask), 0);
		break;
	case 6: /* a flood of them */
		client_send(fd, &ask, sizeof(ask), PULSAR_WIRE_FDS_MAX);
		break;
	case 7: /* one that is no map, and a control request that is none */
		client_send(fd, &ask, sizeof(ask), 1);
		ask.wire.type = PULSAR_ASK_CONTROL;
		client_send(fd, &ask, sizeof(ask), 0);
		break;
	}
	close(fd);
}

/* As nobody: what root may do is not the question. */
static pid_t start_bad_clients(const char *socket_path, unsigned int count)
{
	pid_t pid = fork();

	cr_assert(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		_exit(1);
	for (unsigned int i = 0; i < count; i++)
		be_bad(socket_path, i);
	_exit(0);
}

/* A thousand of them, from several processes at once. */
static void thousand_bad_clients(const char *socket_path)
{
	pid_t clients[PROCESSES];

	for (int p = 0; p < PROCESSES; p++)
		clients[p] = start_bad_clients(socket_path, CLIENTS / PROCESSES);
	for (int p = 0; p < PROCESSES; p++) {
		int status;

		cr_assert(waitpid(clients[p], &status, 0) == clients[p]);
		cr_assert_eq(status, 0);
	}
}

static bool has_let_go(void *arg)
{
	struct {
		pid_t pid;
		unsigned int descriptors;
	} *want = arg;

	return holdings_of(want->pid).descriptors <= want->descriptors;
}

/* What loaderd holds when it has closed all that the clients left. */
static struct holdings settled_holdings(void *want)
{
	wait_until(has_let_go, want, "loaderd to close what the clients left");
	return holdings_of(*(pid_t *)want);
}

Test(clients, a_thousand_malformed_ones_cost_the_reader_nothing, .timeout = 300)
{
	struct kit *kit = kit_new("file-created", "[file-created]\nring_size = 8M\n");
	struct storm storm = { .folder = kit_folder(kit), .processes = 2, .files = scaled(20000) };
	struct holdings before, after;
	struct kit_reader *reader;
	unsigned int rounds = 0;
	struct tally tally;
	json_t *events;
	struct {
		pid_t pid;
		unsigned int descriptors;
	} want;

	kit_must_start(kit);
	reader = kit_read(kit, "file-created", NULL);
	kit_attached(kit, "file-created", "default");
	want.pid = kit_pid(kit);
	want.descriptors = holdings_of(want.pid).descriptors;
	tally_init(&tally, &storm);
	storm_start(&storm);
	thousand_bad_clients(kit_socket(kit));
	storm_wait(&storm);
	kit_caught_up(kit, "file-created", "default");
	/*
	 * The first ones make the allocator take what it needs, so it is the growth from one
	 * thousand to the next that tells: a leak of 100 bytes a client never stops.
	 */
	after = settled_holdings(&want);
	do {
		before = after;
		thousand_bad_clients(kit_socket(kit));
		after = settled_holdings(&want);
	} while (after.rss_kib > before.rss_kib + 100 && ++rounds < ROUNDS_MAX);
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	events = kit_reader_events(reader);
	tally_add(&tally, events);
	json_decref(events);
	tally_close(&tally);
	printf("  %d clients: descriptors %u before, %u after; RSS %lu KiB before, %lu KiB after; "
	       "%u files missing\n",
	       CLIENTS, before.descriptors, after.descriptors, before.rss_kib, after.rss_kib,
	       tally.missing);
	cr_expect_eq(tally.missing, 0);
	cr_expect_leq(after.rss_kib, before.rss_kib + 100);
	tally_release(&tally);
	kit_reader_free(reader);
	kit_free(kit);
}

/* ---- readers do not see themselves ---- */

Test(clients, a_reader_that_opens_files_does_not_feed_itself, .timeout = 120)
{
	struct kit *kit = kit_new("file-system-monitor", NULL);
	struct kit_reader *reader;
	char path[128];
	json_t *events, *event;
	unsigned int ours = 0, its_own = 0;
	size_t i;

	kit_must_start(kit);
	/* It looks into each file that is opened, to tell which are programs. */
	reader = kit_read(kit, "file-system-monitor", NULL);
	kit_attached(kit, "file-system-monitor", "default");
	for (int n = 0; n < 100; n++) {
		snprintf(path, sizeof(path), "%s/looked-at-%d", kit_folder(kit), n);
		close(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644));
	}
	kit_caught_up(kit, "file-system-monitor", "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	events = kit_reader_events(reader);
	json_array_foreach(events, i, event) {
		const char *name = json_string_value(
			json_object_get(json_object_get(event, "payload"), "filename"));
		json_int_t pid = json_integer_value(
			json_object_get(json_object_get(event, "header"), "pid"));

		if (!name || !strstr(name, "/looked-at-"))
			continue;
		ours += pid == getpid();
		its_own += pid != getpid();
	}
	printf("  %u events of 100 files, %u of the reader itself\n", ours, its_own);
	cr_expect_geq(ours, 200); /* created and opened */
	cr_expect_eq(its_own, 0);
	json_decref(events);
	kit_reader_free(reader);
	kit_free(kit);
}
