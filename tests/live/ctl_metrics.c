// SPDX-License-Identifier: Apache-2.0
/* pulsarctl metrics: judged by promtool, served, and scraped by a real Prometheus. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulsarctl.h"

#define MODULE	   "file-created"
#define PROMTOOL   "/usr/bin/promtool"
#define PROMETHEUS "/usr/bin/prometheus"

static void create_files(struct kit *kit, int count)
{
	char path[256];

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/file-%d", kit_folder(kit), i);
		close(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
		unlink(path);
	}
}

/* ---- HTTP ---- */

static int local_socket(unsigned short port, struct sockaddr_in *address)
{
	*address = (struct sockaddr_in){ .sin_family = AF_INET,
					 .sin_port = htons(port),
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* What a server on this port answers, head and all, malloc'ed; NULL: nobody does. */
static char *http(unsigned short port, const char *method, const char *path)
{
	struct sockaddr_in address;
	int fd = local_socket(port, &address);
	char request[512], *text = calloc(1, 1);
	size_t len = 0;
	ssize_t n = 1;

	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		free(text);
		return NULL;
	}
	snprintf(request, sizeof(request),
		 "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method, path);
	cr_assert_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	while (n > 0) {
		text = realloc(text, len + 65537);
		n = recv(fd, text + len, 65536, 0);
		len += n > 0 ? (size_t)n : 0;
		text[len] = '\0';
	}
	close(fd);
	return text;
}

/* pulsarctl metrics --listen, and the port that it says that it has. */
static struct pulsarctl serve(struct kit *kit, unsigned short *port)
{
	struct pulsarctl ctl = pulsarctl_start(kit, KIT_ROOT, WORDS("metrics", "--listen", "0"));
	char text[256];
	ssize_t n;

	pulsarctl_wait_for(&ctl, "/metrics\n");
	n = pread(ctl.err_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	cr_assert_eq(sscanf(text, "pulsarctl: serving http://127.0.0.1:%hu/metrics", port), 1, "%s",
		     text);
	return ctl;
}

/* ---- what the figures are ---- */

/* The value of a sample, "name{labels}". */
static double value_of(const char *text, const char *sample)
{
	char line[256];
	const char *at;

	snprintf(line, sizeof(line), "\n%s ", sample);
	at = strstr(text, line);
	cr_assert(at, "no %s in\n%s", sample, text);
	return strtod(at + strlen(line), NULL);
}

#define LABELS	   "{module=\"" MODULE "\"}"
#define OF_DEFAULT "{module=\"" MODULE "\",subscription=\"default\"}"

Test(ctl_metrics, figures_are_those_of_the_kernel)
{
	struct kit *kit = kit_started(MODULE, NULL);
	struct kit_reader *reader = kit_read(kit, MODULE, NULL);
	struct kit_account before, after;
	double n;
	char *text;

	kit_attached(kit, MODULE, "default");
	create_files(kit, 100);
	kit_caught_up(kit, MODULE, "default");
	before = kit_account(kit, MODULE, "default", -1);
	text = pulsarctl_text(kit, WORDS("metrics"));
	after = kit_account(kit, MODULE, "default", -1);
	n = value_of(text, "pulsar_events_produced_total" LABELS);
	cr_expect(n >= (double)before.produced && n <= (double)after.produced);
	n = value_of(text, "pulsar_events_delivered_total" OF_DEFAULT);
	cr_expect(n >= (double)before.delivered && n <= (double)after.delivered && n >= 1);
	cr_expect_eq(value_of(text, "pulsar_loaderd_up"), 1);
	cr_expect_eq(value_of(text, "pulsar_module_running" LABELS), 1);
	cr_expect_eq(value_of(text, "pulsar_module_pinned" LABELS), 1);
	cr_expect_eq(value_of(text, "pulsar_subscription_held" OF_DEFAULT), 1);
	cr_expect_gt(value_of(text, "pulsar_ring_size_bytes" OF_DEFAULT), 0);
	cr_expect_gt(value_of(text, "pulsar_loaderd_resident_memory_bytes"), 1 << 20);
	cr_expect_gt(
		value_of(text, "pulsar_map_memory_bytes{module=\"" MODULE "\",map=\"events\"}"), 0);
	cr_expect(
		strstr(text, "pulsar_program_missed_runs_total{module=\"" MODULE "\",program=\""));
	free(text);
	kit_reader_free(reader);
	kit_free(kit);
}

/* What the kernel counts only while it is told to. */
Test(ctl_metrics, run_time_of_programs_is_there_while_the_kernel_counts_it)
{
	static const char path[] = "/proc/sys/kernel/bpf_stats_enabled";
	struct kit *kit = kit_started(MODULE, NULL);
	char was, *text, *at;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	double seconds = 0;

	cr_assert(fd >= 0 && pread(fd, &was, 1, 0) == 1);
	if (was == '0' && pwrite(fd, "1", 1, 0) != 1)
		cr_skip_test("the kernel cannot be told to count the run time of programs");
	create_files(kit, 100);
	text = pulsarctl_text(kit, WORDS("metrics"));
	for (at = text; (at = strstr(at, "\npulsar_program_run_seconds_total{module=\"" MODULE));
	     at++)
		seconds += strtod(strstr(at, "} ") + 2, NULL);
	/* Another test of the same machine may have turned it off meanwhile. */
	if (strstr(text, "pulsar_program_run_seconds_total"))
		cr_expect_gt(seconds, 0, "%s", text);
	free(text);
	if (was == '0')
		cr_expect_eq(pwrite(fd, "0", 1, 0), 1);
	close(fd);
	kit_free(kit);
}

Test(ctl_metrics, json_has_the_same_families)
{
	struct kit *kit = kit_started(MODULE, NULL);
	json_t *metrics = pulsarctl_json(kit, WORDS("metrics"));
	json_t *family = json_find(json_object_get(metrics, "families"), "name",
				   "pulsar_events_produced_total");

	cr_expect_str_eq(json_string_value(json_object_get(family, "type")), "counter");
	cr_expect_eq(json_array_size(json_object_get(family, "samples")), 1);
	json_decref(metrics);
	kit_free(kit);
}

static void promtool_check(struct kit *kit, const char *text)
{
	char path[256], command[512], *said;
	int fd, status;

	snprintf(path, sizeof(path), "%s/metrics", kit_folder(kit));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	snprintf(command, sizeof(command), PROMTOOL " check metrics < %s", path);
	said = program_run(KIT_ROOT, WORDS("/bin/sh", "-c", command), &status);
	cr_expect_eq(status, 0, "promtool: %s", said);
	cr_expect_str_eq(said, "");
	free(said);
}

Test(ctl_metrics, promtool_has_nothing_to_say)
{
	struct kit *kit;
	char *text;

	if (access(PROMTOOL, X_OK))
		cr_skip_test("promtool is not installed (package prometheus)");
	kit = kit_started(MODULE ",process-monitor", NULL);
	text = pulsarctl_text(kit, WORDS("metrics"));
	promtool_check(kit, text);
	free(text);
	kit_stop(kit, SIGKILL);
	text = pulsarctl_text(kit, WORDS("metrics"));
	cr_expect_eq(value_of(text, "pulsar_loaderd_up"), 0);
	promtool_check(kit, text);
	free(text);
	kit_free(kit);
}

/* ---- over HTTP ---- */

static void expect_head(unsigned short port, const char *method, const char *path, const char *head)
{
	char *text = http(port, method, path);

	cr_assert(text);
	cr_expect(!strncmp(text, head, strlen(head)), "%s %s: %s", method, path, text);
	free(text);
}

static void expect_few_capabilities(pid_t pid)
{
	char path[64], line[256];
	unsigned long long caps = ~0ull;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "CapPrm: %llx", &caps) == 1)
			break;
	fclose(file);
	cr_expect_eq(caps & ~(1ull << 2 | 1ull << 21), 0, "%llx", caps);
}

Test(ctl_metrics, a_server_answers_each_request_anew_with_few_privileges)
{
	struct kit *kit = kit_started(MODULE, NULL);
	unsigned short port;
	struct pulsarctl ctl = serve(kit, &port);
	char *text = http(port, "GET", "/metrics"), *later;

	expect_few_capabilities(ctl.pid);
	cr_expect(strstr(text, "Content-Type: text/plain; version=0.0.4"), "%s", text);
	cr_expect(strstr(text, "pulsar_program_missed_runs_total{module=\"" MODULE),
		  "what it keeps is not enough");
	create_files(kit, 10);
	later = http(port, "GET", "/metrics");
	cr_expect_gt(value_of(later, "pulsar_events_produced_total" LABELS),
		     value_of(text, "pulsar_events_produced_total" LABELS));
	free(text);
	free(later);
	expect_head(port, "HEAD", "/metrics", "HTTP/1.1 200");
	expect_head(port, "GET", "/", "HTTP/1.1 200");
	expect_head(port, "GET", "/../etc/passwd", "HTTP/1.1 404");
	expect_head(port, "DELETE", "/metrics", "HTTP/1.1 405");
	kit_stop(kit, SIGKILL);
	text = http(port, "GET", "/metrics");
	cr_expect_eq(value_of(text, "pulsar_loaderd_up"), 0);
	free(text);
	pulsarctl_stop(&ctl, SIGTERM);
	cr_expect_eq(ctl.status, 0);
	pulsarctl_release(&ctl);
	kit_free(kit);
}

Test(ctl_metrics, an_address_in_use_is_named)
{
	struct kit *kit = kit_started(MODULE, NULL);
	unsigned short port;
	struct pulsarctl ctl = serve(kit, &port);
	char address[16];

	snprintf(address, sizeof(address), ":%hu", port);
	pulsarctl_fails(kit, WORDS("metrics", "--listen", address), address);
	pulsarctl_stop(&ctl, SIGINT);
	pulsarctl_release(&ctl);
	kit_free(kit);
}

/* ---- Prometheus ---- */

struct prometheus {
	pid_t pid;
	unsigned short port;
	const char *query; /* of what is waited for */
	double value;	   /* what it has */
};

/* A port that was free a moment ago. */
static unsigned short free_port(void)
{
	struct sockaddr_in address;
	int fd = local_socket(0, &address);
	socklen_t len = sizeof(address);

	cr_assert(!bind(fd, (struct sockaddr *)&address, len) &&
		  !getsockname(fd, (struct sockaddr *)&address, &len));
	close(fd);
	return ntohs(address.sin_port);
}

static void prometheus_start(struct prometheus *p, struct kit *kit, unsigned short target)
{
	char config[256], storage[256], address[64], config_option[300];
	char *argv[] = { "prometheus", config_option, storage, address, "--log.level=error", NULL };
	FILE *file;

	p->port = free_port();
	snprintf(config, sizeof(config), "%s/prometheus.yml", kit_folder(kit));
	snprintf(config_option, sizeof(config_option), "--config.file=%s", config);
	snprintf(storage, sizeof(storage), "--storage.tsdb.path=%s/tsdb", kit_folder(kit));
	snprintf(address, sizeof(address), "--web.listen-address=127.0.0.1:%hu", p->port);
	file = fopen(config, "we");
	fprintf(file,
		"global:\n  scrape_interval: 500ms\n  scrape_timeout: 500ms\nscrape_configs:\n"
		"  - job_name: pulsar\n    static_configs:\n      - targets: ['127.0.0.1:%hu']\n",
		target);
	fclose(file);
	p->pid = fork();
	cr_assert(p->pid >= 0);
	if (!p->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		execv(PROMETHEUS, argv);
		_exit(127);
	}
}

static bool prometheus_has(void *arg)
{
	struct prometheus *p = arg;
	char path[256], *text, *body;
	json_t *answer, *result;

	snprintf(path, sizeof(path), "/api/v1/query?query=%s", p->query);
	text = http(p->port, "GET", path);
	body = text ? strstr(text, "\r\n\r\n") : NULL;
	answer = body ? json_loads(body + 4, 0, NULL) : NULL;
	result = json_object_get(json_object_get(answer, "data"), "result");
	result = json_object_get(json_array_get(result, 0), "value");
	p->value = 0;
	if (json_array_size(result) == 2)
		p->value = strtod(json_string_value(json_array_get(result, 1)), NULL);
	json_decref(answer);
	free(text);
	return p->value > 0;
}

static double prometheus_wait(struct prometheus *p, const char *query)
{
	p->query = query;
	wait_until(prometheus_has, p, query);
	return p->value;
}

Test(ctl_metrics, prometheus_scrapes_figures_that_are_not_zero)
{
	struct prometheus p;
	struct pulsarctl ctl;
	struct kit_reader *reader;
	unsigned short port;
	struct kit *kit;
	int status;

	if (access(PROMETHEUS, X_OK))
		cr_skip_test("prometheus is not installed");
	kit = kit_started(MODULE, NULL);
	reader = kit_read(kit, MODULE, NULL);
	kit_attached(kit, MODULE, "default");
	create_files(kit, 100);
	ctl = serve(kit, &port);
	prometheus_start(&p, kit, port);
	cr_expect_eq(prometheus_wait(&p, "up"), 1);
	cr_expect_geq(prometheus_wait(&p, "pulsar_events_produced_total"), 100);
	cr_expect_geq(prometheus_wait(&p, "pulsar_events_delivered_total"), 1);
	cr_expect_gt(prometheus_wait(&p, "sum(pulsar_map_memory_bytes)"), 0);
	create_files(kit, 1000);
	prometheus_wait(&p, "increase(pulsar_events_produced_total%5B1m%5D)");
	kill(p.pid, SIGTERM);
	cr_assert_eq(waitpid(p.pid, &status, 0), p.pid);
	pulsarctl_stop(&ctl, SIGTERM);
	pulsarctl_release(&ctl);
	kit_reader_free(reader);
	kit_free(kit);
}
