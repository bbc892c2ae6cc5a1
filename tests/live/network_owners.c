// SPDX-License-Identifier: Apache-2.0
/* network-monitor: whose socket it is, when threads share one, processes inherit one, or die. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulsar-test.h"
#include "talks.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

#define POOL 4

static int pool_listener;

static void *pool_serve(void *arg)
{
	char byte;

	for (int i = 0; i < 4; i++) {
		int fd = talk_accept(pool_listener);

		TALK_MUST(recv(fd, &byte, 1, 0) == 1);
		close(fd);
	}
	return arg;
}

/* Threads that wait in accept(), as servers have them: which one gets which connection is left to the kernel. */
static void pool(void *arg)
{
	uint16_t *port = arg;
	pthread_t threads[POOL];
	union address at;

	pool_listener = talk_listen("127.0.0.1", 0);
	at = talk_local(pool_listener);
	*port = talk_port(&at);
	for (int i = 0; i < POOL; i++)
		TALK_MUST(!pthread_create(&threads[i], NULL, pool_serve, NULL));
	for (int i = 0; i < 4 * POOL; i++) {
		int fd = talk_connect(SOCK_STREAM, "127.0.0.1", *port);

		talk_send(fd, "x");
		talk_end(fd);
		close(fd);
	}
	for (int i = 0; i < POOL; i++)
		TALK_MUST(!pthread_join(threads[i], NULL));
	close(pool_listener);
}

Test(network_monitor, a_pool_of_threads_accepts_each_connection_once)
{
	uint16_t port;
	struct run *run = module_run("network-monitor", pool, &port);

	expect_events(run, 4 * POOL, "Accept", from_self(), num("destination.port", port));
	expect_events(run, 4 * POOL, "Connect", from_self(), num("destination.port", port),
		      num("result", 0));
	expect_events(run, 4 * POOL, "Receive", from_self(), num("source.port", port),
		      num("len", 1));
	/* Each end of each connection, and the listener. */
	expect_events(run, 4 * POOL, "Close", from_self(), num("destination.port", port));
	expect_events(run, 4 * POOL + 1, "Close", from_self(), num("source.port", port));
	run_free(run);
}

static pid_t child_of(int (*act)(void))
{
	pid_t pid = fork();

	TALK_MUST(pid >= 0);
	if (!pid)
		_exit(act());
	return pid;
}

static void child_wait(pid_t pid)
{
	TALK_MUST(waitpid(pid, NULL, 0) == pid);
}

static int connect_and_wait(void)
{
	talk_connect(SOCK_STREAM, "127.0.0.1", 7000);
	return pause();
}

static int client_killed(void)
{
	int listener = talk_listen("127.0.0.1", 7000), server;
	pid_t client = child_of(connect_and_wait);

	server = talk_accept(listener);
	/* The listener is open in the child as well, and so closed here. */
	TALK_MUST(!kill(client, SIGKILL));
	child_wait(client);
	talk_end(server);
	close(server);
	close(listener);
	return 0;
}

static int inherited;

static int close_inherited(void)
{
	talk_send(inherited, "child");
	close(inherited);
	return 0;
}

/* The child has the last descriptor of the socket that its parent has accepted. */
static int inherited_by_child(void)
{
	int listener = talk_listen("127.0.0.1", 7000);
	int client = talk_connect(SOCK_STREAM, "127.0.0.1", 7000), go[2];
	pid_t child;

	inherited = talk_accept(listener);
	TALK_MUST(!pipe2(go, O_CLOEXEC));
	child = fork();
	if (!child) {
		char byte;

		close(client);
		close(listener);
		TALK_MUST(read(go[0], &byte, 1) == 1);
		_exit(close_inherited());
	}
	close(inherited);
	TALK_MUST(write(go[1], "", 1) == 1);
	child_wait(child);
	talk_receive(client, 5);
	talk_end(client);
	close(client);
	close(listener);
	return 0;
}

static const struct talk owners[] = {
	{ "a client that is killed", client_killed,
	  .lines = { LISTENING, "Connect T 127.0.0.1:A > 127.0.0.1:7000 0 by P",
		     "Accept T 127.0.0.1:A > 127.0.0.1:7000",
		     "Close T 127.0.0.1:A > 127.0.0.1:7000 by P",
		     "Close T 127.0.0.1:7000 > 127.0.0.1:A", "Close T 127.0.0.1:7000 > -" } },
	{ "the last descriptor is that of a child", inherited_by_child,
	  .lines = { CONNECTED, "Send T 127.0.0.1:7000 > 127.0.0.1:A 5 by P",
		     "Close T 127.0.0.1:7000 > 127.0.0.1:A",
		     "Receive T 127.0.0.1:A > 127.0.0.1:7000 5",
		     "Close T 127.0.0.1:A > 127.0.0.1:7000", "Close T 127.0.0.1:7000 > -" } },
};

Test(network_monitor, a_close_names_the_owner_and_comes_once_whoever_closes_first)
{
	talks_run(NULL, owners, COUNT(owners));
}
