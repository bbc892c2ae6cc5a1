// SPDX-License-Identifier: Apache-2.0
/* Lists of CPUs. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "cpus.h"
#include "hotplug.h"

Test(cpus, a_list_is_read_with_its_ranges)
{
	struct cpus cpus;

	cr_assert_eq(cpus_parse("0-3,8,10-11\n", &cpus), 0);
	cr_expect_eq(cpus_count(&cpus), 7);
	cr_expect_eq(cpus_end(&cpus), 12);
	cr_expect(cpus_has(&cpus, 0) && cpus_has(&cpus, 3) && cpus_has(&cpus, 8) &&
		  cpus_has(&cpus, 11));
	cr_expect(!cpus_has(&cpus, 4) && !cpus_has(&cpus, 9) && !cpus_has(&cpus, 12));
	cr_expect(!cpus_has(&cpus, CPUS_MAX) && !cpus_has(&cpus, ~0u));
}

Test(cpus, one_cpu_and_none_are_lists)
{
	struct cpus cpus;

	cr_assert_eq(cpus_parse("0\n", &cpus), 0);
	cr_expect_eq(cpus_end(&cpus), 1);
	cr_assert_eq(cpus_parse("\n", &cpus), 0);
	cr_expect_eq(cpus_count(&cpus), 0);
	cr_expect_eq(cpus_end(&cpus), 0);
	cr_assert_eq(cpus_parse("", &cpus), 0);
}

Test(cpus, the_highest_number_that_fits_is_taken)
{
	struct cpus cpus;

	cr_assert_eq(cpus_parse("0-8191", &cpus), 0);
	cr_expect_eq(cpus_count(&cpus), CPUS_MAX);
	cr_expect_eq(cpus_end(&cpus), CPUS_MAX);
	cr_expect_eq(cpus_parse("8192", &cpus), -ERANGE);
	cr_expect_eq(cpus_parse("99999999999999999999", &cpus), -ERANGE);
}

Test(cpus, what_is_not_a_list_is_refused_and_changes_nothing)
{
	static const char *const wrong[] = { ",",   "0,",    "-1",  "0-", "3-1",  "0--3",
					     "0 1", "0-1-2", "0x1", "a",  "\n\n", "0\n1" };
	struct cpus cpus, before;

	cr_assert_eq(cpus_parse("5", &cpus), 0);
	before = cpus;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_eq(cpus_parse(wrong[i], &cpus), -EINVAL, "\"%s\"", wrong[i]);
	cr_expect_eq(memcmp(&cpus, &before, sizeof(cpus)), 0);
}

Test(cpus, this_machine_has_possible_and_online_ones)
{
	struct cpus possible, online;

	cr_assert_eq(cpus_read("possible", &possible), 0);
	cr_assert_eq(cpus_read("online", &online), 0);
	cr_expect_eq(cpus_count(&online), (unsigned int)sysconf(_SC_NPROCESSORS_ONLN));
	cr_expect_eq(cpus_count(&possible), (unsigned int)sysconf(_SC_NPROCESSORS_CONF));
	cr_expect_lt(cpus_read("no such list", &possible), 0);
}

/* ---- when they change ---- */

static void count(void *arg)
{
	++*(int *)arg;
}

/* What the kernel sends, sent by us to the group, which takes CAP_NET_ADMIN. */
static void send_uevent(const char *text)
{
	struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	cr_assert_geq(fd, 0);
	cr_assert_gt(
		sendto(fd, text, strlen(text) + 1, 0, (struct sockaddr *)&group, sizeof(group)), 0);
	close(fd);
}

Test(cpus, a_uevent_of_a_cpu_is_a_change_and_others_are_not)
{
	struct hotplug *hotplug;
	sd_event *event;
	int changes = 0;

	if (geteuid())
		cr_skip_test("needs root");
	cr_assert_geq(sd_event_new(&event), 0);
	hotplug = hotplug_new(event, count, &changes);
	cr_assert(hotplug);
	send_uevent("online@/devices/system/cpu/cpu1");
	cr_assert_gt(sd_event_run(event, 10 * 1000000ull), 0);
	cr_expect_eq(changes, 1);
	send_uevent("add@/devices/virtual/net/veth0");
	send_uevent("change@/devices/system/cpu");
	send_uevent("online");
	while (sd_event_run(event, 0) > 0)
		;
	cr_expect_eq(changes, 1);
	send_uevent("add@/devices/virtual/net/veth0");
	send_uevent("offline@/devices/system/cpu/cpu1");
	send_uevent("online@/devices/system/cpu/cpu1");
	while (sd_event_run(event, 0) > 0)
		;
	cr_expect_eq(changes, 2);
	hotplug_free(hotplug);
	sd_event_unref(event);
}
