// SPDX-License-Identifier: Apache-2.0
/*
 * Subscriptions of a module that is pinned.
 */
#include <errno.h>

#include <criterion/criterion.h>

#include "world.h"

TestSuite(subscription, .init = world_mounted);

Test(subscription, comes_and_goes_while_the_module_stays)
{
	struct pin_root *root = root_own();
	int fd = map_new(BPF_MAP_TYPE_ARRAY), opened;
	struct pin_error error;

	module_new(root, "m", GROUP);
	umask(0777);
	cr_assert_eq(pin_subscription_add(root, "m", "audit", fd, &error), 0, "%s", error.text);
	cr_assert_eq(look_at("m/subscriptions/audit").st_mode, S_IFREG | 0600);
	cr_assert_eq(pin_module_verify(root, "m", &error), 1, "%s", error.text);
	opened = pin_map_open(root, "m", "subscriptions/audit", NULL, &error);
	cr_assert_eq(map_id(opened), map_id(fd));
	cr_assert_eq(pin_subscription_add(root, "m", "audit", fd, &error), -EEXIST);
	cr_assert_eq(pin_subscription_remove(root, "m", "audit", &error), 0, "%s", error.text);
	cr_assert_eq(pin_subscription_remove(root, "m", "audit", &error), -ENOENT);
	assert_text(&error, "%s/m/subscriptions/audit: not there", ROOT);
	cr_assert(is_there("m/subscriptions/default"));
	pin_root_free(root);
}

Test(subscription, with_a_name_that_leads_elsewhere_is_refused)
{
	static const char *const bad[] = { "",	  "..",	    "../events",
					   "a/b", "A",	    "a.b",
					   "-a",  "audit/", "a2345678901234567890123456789012" };
	struct pin_root *root = root_own();
	int fd = map_new(BPF_MAP_TYPE_ARRAY);
	struct pin_error error;

	module_new(root, "m", GROUP);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cr_expect_eq(pin_subscription_add(root, "m", bad[i], fd, &error), -EINVAL, "%s",
			     bad[i]);
		cr_expect_eq(pin_subscription_remove(root, "m", bad[i], &error), -EINVAL, "%s",
			     bad[i]);
	}
	cr_assert_eq(pin_module_verify(root, "m", &error), 1, "%s", error.text);
	pin_root_free(root);
}

Test(subscription, of_no_module_or_by_no_owner_is_refused)
{
	struct pin_root *root = root_own(), *reader = root_look();
	int fd = map_new(BPF_MAP_TYPE_ARRAY), link = link_new();
	struct pin_error error;

	cr_assert_eq(pin_subscription_add(root, "m", "audit", fd, &error), -ENOENT);
	assert_text(&error, "%s/m: not there", ROOT);
	module_new(root, "m", GROUP);
	cr_assert_eq(pin_subscription_add(reader, "m", "audit", fd, &error), -EPERM);
	cr_assert_eq(pin_subscription_remove(reader, "m", "siem", &error), -EPERM);
	cr_assert_eq(pin_subscription_add(root, "m", "audit", link, &error), -EINVAL);
	assert_text(&error, "%s/m/subscriptions/audit: a link, expected a map", ROOT);
	pin_root_free(reader);
	pin_root_free(root);
}
