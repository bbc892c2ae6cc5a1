// SPDX-License-Identifier: Apache-2.0
/* Runs rows of network-monitor and writes their lines short: see talks.h. */
#include "talks.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulsar-test.h"

#define LETTERS 16

/* ---- the process of a row ---- */

void talk_must(bool condition, const char *text, int line)
{
	if (condition)
		return;
	fprintf(stderr, "line %d: %s: %s\n", line, text, strerror(errno));
	_exit(1);
}

union address talk_address(const char *ip, uint16_t port)
{
	union address a = { 0 };

	if (inet_pton(AF_INET, ip, &a.v4.sin_addr) == 1) {
		a.v4.sin_family = AF_INET;
		a.v4.sin_port = htons(port);
		return a;
	}
	a.v6.sin6_family = AF_INET6;
	a.v6.sin6_port = htons(port);
	TALK_MUST(inet_pton(AF_INET6, ip, &a.v6.sin6_addr) == 1);
	return a;
}

socklen_t talk_address_len(const union address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

uint16_t talk_port(const union address *address)
{
	return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port
						       : address->v6.sin6_port);
}

int talk_socket(int type, const char *ip, uint16_t port, bool bound)
{
	union address a = talk_address(ip, port);
	int fd = socket(a.any.sa_family, type | SOCK_CLOEXEC, 0);

	TALK_MUST(fd >= 0);
	if (bound)
		TALK_MUST(!bind(fd, &a.any, talk_address_len(&a)));
	return fd;
}

union address talk_local(int fd)
{
	union address a = { 0 };
	socklen_t len = sizeof(a);

	TALK_MUST(!getsockname(fd, &a.any, &len));
	return a;
}

int talk_listen(const char *ip, uint16_t port)
{
	int fd = talk_socket(SOCK_STREAM, ip, port, true);

	TALK_MUST(!listen(fd, 16));
	return fd;
}

int talk_connect(int type, const char *ip, uint16_t port)
{
	union address a = talk_address(ip, port);
	int fd = talk_socket(type, ip, 0, false);

	TALK_MUST(!connect(fd, &a.any, talk_address_len(&a)));
	return fd;
}

int talk_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	TALK_MUST(fd >= 0);
	return fd;
}

void talk_send(int fd, const char *text)
{
	TALK_MUST(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

void talk_send_to(int fd, const void *bytes, size_t len, const char *ip, uint16_t port)
{
	union address to = talk_address(ip, port);

	TALK_MUST(sendto(fd, bytes, len, 0, &to.any, talk_address_len(&to)) == (ssize_t)len);
}

void talk_receive(int fd, size_t len)
{
	char buffer[65536];

	TALK_MUST(len <= sizeof(buffer));
	TALK_MUST(recv(fd, buffer, len, MSG_WAITALL) == (ssize_t)len);
}

void talk_end(int fd)
{
	char byte;

	TALK_MUST(recv(fd, &byte, 1, 0) == 0);
}

static void enter_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	TALK_MUST(!unshare(CLONE_NEWNET));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	TALK_MUST(fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &lo));
	close(fd);
}

/* All rows, one after the other. */
struct talks {
	const struct talk *talks;
	size_t count;
	pid_t *pids;
};

static void talks_act(void *arg)
{
	struct talks *t = arg;
	int status;

	for (size_t i = 0; i < t->count; i++) {
		t->pids[i] = fork();
		cr_assert(t->pids[i] >= 0);
		if (!t->pids[i]) {
			enter_network();
			_exit(t->talks[i].act());
		}
		cr_assert_eq(waitpid(t->pids[i], &status, 0), t->pids[i]);
		cr_expect(WIFEXITED(status) && !WEXITSTATUS(status), "%s: status %#x",
			  t->talks[i].what, status);
	}
}

/* ---- lines ---- */

/* What was written of one row so far. */
struct writer {
	pid_t pid;
	int ports[LETTERS]; /* whose letter is 'A' and so on; 0: not in use */
	pid_t children[LETTERS];
	char *text;
	size_t len;
	FILE *out;
	char last[256]; /* of the line before: all of it but the number at its end */
	long long sum;
};

static long long integer(json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "?";
}

/* The letter of a port or a process, from the first one on. */
static char letter(int *known, int value, char first)
{
	for (int i = 0; i < LETTERS; i++) {
		if (!known[i])
			known[i] = value;
		if (known[i] == value)
			return (char)(first + i);
	}
	return '?';
}

static void write_address(struct writer *w, char *to, size_t size, json_t *address)
{
	long long port = integer(address, "port");
	const char *ip = text(address, "ip");
	const char *open = strchr(ip, ':') ? "[" : "", *close = strchr(ip, ':') ? "]" : "";

	if (!json_is_object(address))
		snprintf(to, size, "-");
	else if (port < 32768) /* below what the kernel chooses from */
		snprintf(to, size, "%s%s%s:%lld", open, ip, close, port);
	else
		snprintf(to, size, "%s%s%s:%c", open, ip, close, letter(w->ports, (int)port, 'A'));
}

static void write_dns(char *to, size_t size, json_t *payload)
{
	json_t *question = json_array_get(json_object_get(payload, "questions"), 0);
	json_t *answer = json_array_get(json_object_get(payload, "answers"), 0);
	int n;

	if (json_object_get(payload, "malformed"))
		n = snprintf(to, size, " malformed");
	else
		n = snprintf(to, size, " %s/%s", text(question, "name"), text(question, "type"));
	if (json_object_get(payload, "rcode"))
		n += snprintf(to + n, size - n, " %s", text(payload, "rcode"));
	if (answer)
		n += snprintf(to + n, size - n, " %s", text(answer, "data"));
	if (json_array_size(json_object_get(payload, "answers")) > 1)
		n += snprintf(to + n, size - n, " and %zu more",
			      json_array_size(json_object_get(payload, "answers")) - 1);
	if (json_object_get(payload, "truncated"))
		snprintf(to + n, size - n, " truncated");
}

/* The line up to what comes last: a length, a result, or nothing. */
static void write_ends(struct writer *w, char *to, size_t size, const char *event, json_t *payload)
{
	bool dns = !strncmp(event, "Dns", 3);
	char source[80], destination[80] = "";
	const char *kind = dns						      ? ""
			   : json_is_true(json_object_get(payload, "is_tcp")) ? "T "
									      : "U ";

	if (json_object_get(payload, "address")) {
		write_address(w, source, sizeof(source), json_object_get(payload, "address"));
		snprintf(to, size, "%s %s%s", event, kind, source);
		return;
	}
	write_address(w, source, sizeof(source), json_object_get(payload, "source"));
	write_address(w, destination, sizeof(destination), json_object_get(payload, "destination"));
	snprintf(to, size, "%s %s%s > %s", event, kind, source, destination);
	if (dns)
		write_dns(to + strlen(to), size - strlen(to), payload);
}

static void write_line(struct writer *w, bool sum, json_t *event)
{
	json_t *header = json_object_get(event, "header"),
	       *payload = json_object_get(event, "payload");
	const char *name = text(header, "event");
	json_t *len = json_object_get(payload, "len"), *result = json_object_get(payload, "result");
	pid_t pid = (pid_t)integer(header, "pid");
	char line[256];

	write_ends(w, line, sizeof(line), name, payload);
	if (len && sum && !strcmp(line, w->last)) {
		w->sum += json_integer_value(len);
		return;
	}
	if (*w->last && w->sum)
		fprintf(w->out, " %lld\n", w->sum);
	w->sum = 0;
	snprintf(w->last, sizeof(w->last), "%s", len && sum ? line : "");
	fprintf(w->out, "%s", line);
	if (len && sum) {
		w->sum = json_integer_value(len);
		return;
	}
	if (len)
		fprintf(w->out, " %lld", json_integer_value(len));
	if (json_is_string(result))
		fprintf(w->out, " %s", json_string_value(result));
	else if (result)
		fprintf(w->out, " %lld", json_integer_value(result));
	if (pid != w->pid)
		fprintf(w->out, " by %c", letter((int *)w->children, pid, 'P'));
	if (json_object_get(payload, "original_pid") && integer(payload, "original_pid") != pid)
		fprintf(w->out, " of %c",
			letter((int *)w->children, (int)integer(payload, "original_pid"), 'P'));
	fprintf(w->out, "\n");
}

static bool of_row(json_t *event, pid_t pid)
{
	json_t *header = json_object_get(event, "header");

	return integer(header, "pid") == pid || integer(header, "ppid") == pid;
}

/* The way that closes are found out without fentry, kprobes and cgroups knows TCP alone. */
static bool expected_here(const char *line)
{
	const char *variant = getenv("PULSAR_TEST_VARIANT");

	return !variant || strcmp(variant, "tcp") || strncmp(line, "Close U", 7);
}

static void talk_compare(const struct talk *talk, pid_t pid, json_t *events)
{
	struct writer w = { .pid = pid };
	char *wanted = NULL;
	size_t size, i;
	json_t *event;
	FILE *out;

	w.out = open_memstream(&w.text, &w.len);
	json_array_foreach(events, i, event)
		if (of_row(event, pid))
			write_line(&w, talk->sum, event);
	if (w.sum)
		fprintf(w.out, " %lld\n", w.sum);
	fclose(w.out);
	out = open_memstream(&wanted, &size);
	for (i = 0; i < TALK_LINES_MAX && talk->lines[i]; i++)
		if (expected_here(talk->lines[i]))
			fprintf(out, "%s\n", talk->lines[i]);
	fclose(out);
	cr_expect(!strcmp(w.text, wanted), "%s: expected\n%s---- found\n%s", talk->what, wanted,
		  w.text);
	free(wanted);
	free(w.text);
}

void talks_run(const char *config, const struct talk *talks, size_t count)
{
	struct talks t = { talks, count, calloc(count, sizeof(pid_t)) };
	struct run *run;

	cr_assert(t.pids);
	run = module_run_config("network-monitor", config, talks_act, &t);
	for (size_t i = 0; i < count; i++)
		talk_compare(&talks[i], t.pids[i], run_events(run));
	run_free(run);
	free(t.pids);
}
