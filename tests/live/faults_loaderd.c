/* SPDX-License-Identifier: Apache-2.0 */
/* loaderd without its socket, descriptors or memory, and two of them at once: what it says, and that it goes on. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exact.h"

#define MODULE	  "file-created"
#define ROOMY	  "[file-created]\nring_size = 8M\n"
#define FEW_FILES 500
#define ROUNDS	  5
#define CROWDED	  "no client can be let in: Too many open files"

Test(faults_loaderd, a_socket_that_was_removed_is_there_after_the_next_start, .timeout = 300)
{
	struct kit *kit = kit_started(MODULE, ROOMY);
	struct storm storm = { .folder = kit_folder(kit), .processes = 2, .files = FEW_FILES };
	struct kit_reader *reader = kit_read(kit, MODULE, NULL), *next;
	struct tally tally;
	char said[256];

	kit_attached(kit, MODULE, "default");
	tally_init(&tally, &storm);
	cr_assert(!unlink(kit_socket(kit)));
	exact_storm(&storm);
	kit_caught_up(kit, MODULE, "default");
	next = kit_read(kit, MODULE, NULL);
	cr_expect_eq(kit_reader_wait(next), W_EXITCODE(1, 0));
	snprintf(said, sizeof(said), "no loaderd at %s: No such file or directory",
		 kit_socket(kit));
	exact_said(next, said);
	kit_reader_free(next);
	cr_expect_eq(kit_stop(kit, SIGTERM), 0);
	kit_must_start(kit);
	exact_said(reader, "connected to loaderd again");
	exact_storm(&storm);
	kit_caught_up(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	exact_collect(&tally, reader);
	for (unsigned int i = 0; i < tally.files; i++)
		cr_expect_eq(tally.seen[i], 2, "file %u: %u times", i, tally.seen[i]);
	cr_expect_eq(exact_expect(kit, MODULE, "default", &tally), 0);
	tally_release(&tally);
	kit_free(kit);
}

/* ---- two owners ---- */

/* One that runs and one that does not, and the second has said why and changed nothing. */
static struct kit *expect_one_owner(struct kit *const kit[2], unsigned int refused[2])
{
	bool ready[2];
	int other;

	kit_launch(kit[0]);
	kit_launch(kit[1]);
	ready[0] = kit_await(kit[0]);
	ready[1] = kit_await(kit[1]);
	cr_assert_neq(ready[0], ready[1], "ready: %d, %d\n%s\n%s", ready[0], ready[1],
		      kit_log(kit[0]), kit_log(kit[1]));
	other = ready[0] ? 1 : 0;
	refused[other]++;
	cr_expect_eq(kit_status(kit[other]), W_EXITCODE(1, 0));
	cr_expect_eq(exact_count(kit_log(kit[other]), "error: "), refused[other], "%s",
		     kit_log(kit[other]));
	cr_expect_eq(exact_count(kit_log(kit[other]), "locked by another owner"), refused[other],
		     "%s", kit_log(kit[other]));
	cr_expect(access(kit_socket(kit[other]), F_OK), "the socket of the other was left");
	return kit[!other];
}

/* All of a storm is read; to be released. */
static struct tally expect_storm_read(struct kit *kit)
{
	struct storm storm = { .folder = kit_folder(kit), .processes = 2, .files = FEW_FILES };
	struct kit_reader *reader = kit_read(kit, MODULE, NULL);
	struct tally tally;

	kit_attached(kit, MODULE, "default");
	tally_init(&tally, &storm);
	exact_storm(&storm);
	kit_caught_up(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	exact_collect(&tally, reader);
	tally_close(&tally);
	cr_expect_eq(tally.missing, 0);
	return tally;
}

Test(faults_loaderd, of_two_owners_that_start_at_once_one_runs, .timeout = 300)
{
	struct kit *kit[2] = { kit_new(MODULE, ROOMY), kit_new(MODULE, ROOMY) };
	unsigned int refused[2] = { 0 };

	kit_set_pin_root(kit[1], kit_pin_root(kit[0]));
	kit_set_config(kit[1], ROOMY);
	for (unsigned int round = 0; round < scaled(ROUNDS); round++) {
		struct kit *owner = expect_one_owner(kit, refused);
		struct tally tally = expect_storm_read(owner);

		tally_release(&tally);
		cr_expect_eq(kit_stop(owner, SIGTERM), 0);
	}
	printf("  refused: %u and %u times\n", refused[0], refused[1]);
	kit_free(kit[1]);
	kit_free(kit[0]);
}

/* ---- descriptors ---- */

#define SPARE \
	4 /* descriptors that loaderd may still open: a reader, what it sends, and a question */
#define CLIENTS 16 /* which is more, and fewer than wait to be let in */

/* A limit holds for the numbers of new ones, and there are gaps below those that are open. */
static void limit_descriptors(pid_t pid)
{
	struct rlimit limit = { 0 };
	struct stat st;
	char path[64];

	for (int spare = 0;; limit.rlim_cur++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, (int)limit.rlim_cur);
		if (lstat(path, &st) && spare++ == SPARE)
			break;
	}
	limit.rlim_max = limit.rlim_cur;
	cr_assert(!prlimit(pid, RLIMIT_NOFILE, &limit, NULL));
}

/* Ticks of CPU time that a process has taken: utime and stime of proc_pid_stat(5). */
static unsigned long cpu_ticks(pid_t pid)
{
	unsigned long user, system;
	char path[64], text[1024];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	cr_assert(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	cr_assert_eq(sscanf(strrchr(text, ')'),
			    ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			    &system),
		     2);
	return user + system;
}

static int client_connect(const char *socket_path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", socket_path);
	cr_assert(fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof(to)), "%s",
		  strerror(errno));
	return fd;
}

static bool is_ended(void *arg)
{
	struct pollfd end = { .fd = *(int *)arg, .events = POLLIN };

	return poll(&end, 1, 0) > 0;
}

Test(faults_loaderd, without_descriptors_clients_wait_and_loaderd_does_not_spin, .timeout = 300)
{
	struct kit *kit = kit_started(MODULE, ROOMY);
	pid_t pid = kit_pid(kit);
	unsigned long ticks;
	struct kit_reader *reader;
	int client[CLIENTS];
	json_t *answer;

	limit_descriptors(pid);
	for (int i = 0; i < CLIENTS; i++)
		client[i] = client_connect(kit_socket(kit));
	exact_logged(kit, CROWDED);
	/* From here on until loaderd ends the first, which is silent for too long, there is nothing to do. */
	ticks = cpu_ticks(pid);
	wait_until(is_ended, &client[0], "loaderd to end a silent client");
	ticks = cpu_ticks(pid) - ticks;
	printf("  %lu ms of CPU time while nobody could be let in\n",
	       ticks * 1000 / (unsigned long)sysconf(_SC_CLK_TCK));
	cr_expect_lt(ticks, (unsigned long)sysconf(_SC_CLK_TCK));
	for (int i = 0; i < CLIENTS; i++)
		close(client[i]);
	exact_logged(kit, "clients are let in again");
	answer = kit_control(kit, "{\"request\":\"subscriptions\"}");
	cr_expect(json_object_get(answer, "subscriptions"));
	json_decref(answer);
	reader = kit_read(kit, MODULE, NULL);
	kit_attached(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	kit_reader_free(reader);
	cr_expect_eq(exact_count(kit_log(kit), CROWDED), 1, "%s", kit_log(kit));
	kit_free(kit);
}

/* ---- memory ---- */

#define MIB 1048576ull

/* All of a module or nothing: what is there has its schema, and what is not is a stage or the lock. */
static void expect_nothing_half(struct kit *kit)
{
	DIR *root = opendir(kit_pin_root(kit));
	struct dirent *entry;
	char path[600];

	while (root && (entry = readdir(root))) {
		if (entry->d_name[0] == '.' || strchr(entry->d_name, '~') ||
		    !strcmp(entry->d_name, "core"))
			continue;
		snprintf(path, sizeof(path), "%s/%s/schema", kit_pin_root(kit), entry->d_name);
		cr_expect(!access(path, F_OK), "%s", path);
	}
	if (root)
		closedir(root);
}

/* Starts with more and more memory until it works; returns how often it did not. */
static unsigned int start_with_little(struct kit *kit)
{
	unsigned int failed = 0;

	for (unsigned long long mib = 1; mib <= 256; mib *= 2) {
		if (!kit_limit_memory(kit, mib * MIB))
			cr_skip_test("no memory controller of cgroups that a test can use");
		if (kit_start(kit)) {
			printf("  killed or refused %u times, ready with %llu MiB\n", failed, mib);
			return failed;
		}
		failed++;
		cr_expect((WIFSIGNALED(kit_status(kit)) && WTERMSIG(kit_status(kit)) == SIGKILL) ||
				  kit_status(kit) == W_EXITCODE(1, 0),
			  "%llu MiB: %#x\n%s", mib, (unsigned int)kit_status(kit), kit_log(kit));
		expect_nothing_half(kit);
	}
	cr_assert_fail("loaderd never started:\n%s", kit_log(kit));
	return failed;
}

Test(faults_loaderd, without_memory_it_ends_and_the_next_start_is_whole, .timeout = 300)
{
	struct kit *kit = kit_new(MODULE, ROOMY);
	struct tally tally;

	cr_expect_gt(start_with_little(kit), 0);
	cr_expect_eq(kit_stop(kit, SIGTERM), 0);
	kit_limit_memory(kit, 0);
	kit_must_start(kit);
	tally = expect_storm_read(kit);
	cr_expect_eq(exact_expect(kit, MODULE, "default", &tally), 0);
	tally_release(&tally);
	kit_free(kit);
}
