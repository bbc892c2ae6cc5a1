// SPDX-License-Identifier: Apache-2.0
/*
 * CPUs that really go off and on. It disturbs whatever else runs there, so it is
 * done in a virtual machine only, where PULSAR_TEST_HOTPLUG is set; and suspended only
 * where PULSAR_TEST_SUSPEND is.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "hotplug.h"
#include "serving.h"

#define CPU_ONLINE "/sys/devices/system/cpu/cpu1/online"
#define RTC_ALARM  "/sys/class/rtc/rtc0/wakealarm"
#define WAKEUPS	   "/sys/power/wakeup_count"

static struct hotplug *hotplug;
static int changes;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text), "%s: %s", path,
		     strerror(errno));
	close(fd);
}

static void set_online(bool online)
{
	write_file(CPU_ONLINE, online ? "1" : "0");
}

static void changed(void *arg)
{
	(void)arg;
	changes++;
}

static void setup(void)
{
	int lock;

	if (!getenv("PULSAR_TEST_HOTPLUG") || access(CPU_ONLINE, W_OK))
		cr_skip_test("CPUs may not be taken offline here (PULSAR_TEST_HOTPLUG)");
	/* One test at a time, until the end of the process. */
	lock = open(CPU_ONLINE, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(lock, 0);
	cr_assert_eq(flock(lock, LOCK_EX), 0);
	serving_setup();
	hotplug = hotplug_new(serving.event, changed, NULL);
	cr_assert(hotplug);
}

static void teardown(void)
{
	if (!hotplug)
		return;
	set_online(true);
	hotplug_free(hotplug);
	serving_teardown();
}

TestSuite(hotplug, .init = setup, .fini = teardown);

/* Does it, and waits until it is told. */
static void change(bool online)
{
	int before = changes;

	set_online(online);
	while (changes == before)
		cr_assert_geq(sd_event_run(serving.event, 60 * 1000000ull), 0);
}

Test(hotplug, a_cpu_that_comes_back_writes_to_the_ring_that_it_had)
{
	struct subscription_ring before = lab_ring(serving.stream, "default", 1), after;
	struct pulsar_counters counters;
	struct got got;
	__u64 last;
	int client;
	void *ring;

	lab_emit(&serving.lab, 1, 5);
	change(false);
	cr_expect_eq(stream_cpus_changed(serving.stream), 0);
	change(true);
	/* Until loaderd has seen to it, events are lost, and counted. */
	lab_emit(&serving.lab, 1, 3);
	counters = lab_counters(&serving.lab, 1);
	cr_expect_eq(lab_lost(&counters.lost[0]), 3);
	cr_expect_eq(stream_cpus_changed(serving.stream), 1);
	lab_emit(&serving.lab, 1, 4);
	counters = lab_counters(&serving.lab, 1);
	cr_expect_eq(lab_lost(&counters.lost[0]), 3);
	after = lab_ring(serving.stream, "default", 1);
	cr_expect_eq(after.ring_id, before.ring_id);
	cr_expect_eq(stream_cpus_changed(serving.stream), 0);
	client = serving_attach("default", &got);
	for (unsigned int i = 0; i < got_rings(&got)->count; i++) {
		if (got_rings(&got)->ring[i].cpu != 1)
			continue;
		ring = lab_map_ring(got.fds[1 + i], LAB_RING_BYTES);
		cr_expect_eq(lab_records(ring, LAB_RING_BYTES, 0, &last), 9);
		cr_expect_eq(last, 12);
		lab_unmap_ring(ring, LAB_RING_BYTES);
	}
	got_release(&got);
	close(client);
}

Test(hotplug, a_reader_is_told_of_a_cpu_that_comes_online_later)
{
	const struct pulsar_answer_rings *answer;
	struct pin_error error;
	unsigned int rings;
	struct got got;
	__u64 last;
	int client;
	void *ring;

	change(false);
	cr_assert_eq(stream_start(serving.stream, "siem", -1, &error), 0, "%s", error.text);
	client = serving_attach("siem", &got);
	rings = got_rings(&got)->count;
	got_release(&got);
	change(true);
	lab_emit(&serving.lab, 1, 2);
	cr_expect_eq(lab_counters(&serving.lab, 1).lost[1].no_ring, 2);
	cr_expect_geq(stream_cpus_changed(serving.stream), 1);
	cr_expect_eq(server_push_rings(serving.server, serving.stream), 1);
	client_get(serving.event, client, &got);
	answer = got_rings(&got);
	cr_assert_eq(answer->count, 1);
	cr_expect_eq(answer->first, 0);
	cr_expect_eq(answer->more, 0);
	cr_expect_eq(answer->slot, 1);
	cr_expect_eq(answer->ring[0].cpu, 1);
	cr_expect_eq(answer->ring[0].settled_seq, 2);
	lab_emit(&serving.lab, 1, 4);
	ring = lab_map_ring(got.fds[0], LAB_RING_BYTES);
	cr_expect_eq(lab_records(ring, LAB_RING_BYTES, 0, &last), 4);
	lab_unmap_ring(ring, LAB_RING_BYTES);
	got_release(&got);
	cr_expect_eq(server_push_rings(serving.server, serving.stream), 0);
	close(client);
	client = serving_attach("siem", &got);
	cr_expect_eq(got_rings(&got)->count, rings + 1);
	got_release(&got);
	close(client);
}

/* False: the alarm rang while the machine was still going to sleep. */
static bool suspend_for(unsigned int seconds)
{
	char count[32] = "", alarm[32];
	int fd = open(WAKEUPS, O_RDONLY | O_CLOEXEC);
	bool slept;

	cr_assert(fd >= 0 && read(fd, count, sizeof(count) - 1) > 0, "%s: %s", WAKEUPS,
		  strerror(errno));
	close(fd);
	/* From here on what wakes it up also keeps it from falling asleep, with EBUSY. */
	write_file(WAKEUPS, count);
	snprintf(alarm, sizeof(alarm), "+%u", seconds);
	write_file(RTC_ALARM, "0");
	write_file(RTC_ALARM, alarm);
	fd = open("/sys/power/state", O_WRONLY | O_CLOEXEC);
	slept = fd >= 0 && write(fd, "mem", 3) == 3;
	cr_assert(slept || errno == EBUSY, "suspend: %s", strerror(errno));
	close(fd);
	return slept;
}

/* Takes all CPUs but one off and back, and tells nobody of it. */
Test(hotplug, after_a_suspend_all_cpus_write_to_their_rings)
{
	struct subscription_ring before = lab_ring(serving.stream, "default", 1);
	struct pulsar_counters counters;

	if (!getenv("PULSAR_TEST_SUSPEND") || access(RTC_ALARM, W_OK))
		cr_skip_test("this machine may not be suspended (PULSAR_TEST_SUSPEND)");
	for (unsigned int seconds = 2; !suspend_for(seconds); seconds *= 2)
		cr_assert_lt(seconds, 60, "the machine does not fall asleep");
	while (!changes)
		cr_assert_geq(sd_event_run(serving.event, 60 * 1000000ull), 0);
	cr_expect_geq(stream_cpus_changed(serving.stream), 1);
	lab_emit(&serving.lab, 0, 2);
	lab_emit(&serving.lab, 1, 2);
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		counters = lab_counters(&serving.lab, cpu);
		cr_expect_eq(counters.produced, 2);
		cr_expect_eq(lab_lost(&counters.lost[0]), 0);
	}
	cr_expect_eq(lab_ring(serving.stream, "default", 1).ring_id, before.ring_id);
}
