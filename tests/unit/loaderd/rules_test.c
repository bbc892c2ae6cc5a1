// SPDX-License-Identifier: Apache-2.0
/* Rules of filters: what is one, lists of them, and as JSON. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "config.h"
#include "rules.h"

static struct rules rules;

static void clear(void)
{
	rules_release(&rules);
}

TestSuite(rules, .fini = clear);

Test(rules, each_kind_is_found_by_its_name)
{
	for (int kind = 0; kind < RULE_KINDS; kind++)
		cr_expect_eq(rules_kind(rules_name((enum rule_kind)kind)), kind);
	cr_expect_eq(rules_kind("target"), -ENOENT);
}

static const struct {
	enum rule_kind kind;
	const char *item;
	int err;
} judged[] = {
	{ RULE_TARGETS, "/usr/bin/x", 0 },
	{ RULE_TARGETS, "usr/bin/x", -EINVAL },
	{ RULE_TARGETS, "", -EINVAL },
	{ RULE_WHITELIST_CHILDREN, "/opt/a b, c/d", 0 },
	{ RULE_PID_TARGETS, "1", 0 },
	{ RULE_PID_TARGETS, "4194304", 0 },
	{ RULE_PID_TARGETS, "4194305", -EINVAL },
	{ RULE_PID_TARGETS_CHILDREN, "-1", -EINVAL },
	{ RULE_UID_TARGETS, "0", 0 },
	{ RULE_UID_TARGETS, "4294967295", 0 },
	{ RULE_UID_TARGETS, "4294967296", -EINVAL },
	{ RULE_UID_TARGETS, "root", -EINVAL },
	{ RULE_CGROUP_TARGETS, "/", 0 },
	{ RULE_CGROUP_TARGETS, "/system.slice/x.service", 0 },
	{ RULE_CGROUP_TARGETS, "18446744073709551615", 0 },
	{ RULE_CGROUP_TARGETS, "system.slice", -EINVAL },
};

Test(rules, an_item_is_judged_by_its_kind)
{
	struct pin_error error;

	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++)
		cr_expect_eq(rules_add(&rules, judged[i].kind, judged[i].item, &error),
			     judged[i].err, "%s = %s", rules_name(judged[i].kind), judged[i].item);
}

Test(rules, a_path_is_as_long_as_an_image_can_be)
{
	char path[PULSAR_IMAGE_LEN + 1];
	struct pin_error error;

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[PULSAR_IMAGE_LEN] = '\0';
	cr_expect_eq(rules_add(&rules, RULE_TARGETS, path, &error), -EINVAL);
	path[PULSAR_IMAGE_LEN - 1] = '\0';
	cr_expect_eq(rules_add(&rules, RULE_TARGETS, path, &error), 0);
}

Test(rules, a_list_is_parted_by_commas_and_blanks_within_a_path_stay)
{
	struct pin_error error;

	cr_assert_eq(rules_parse(&rules, RULE_TARGETS, " /a b ,/c,, /c\t, ", &error), 0);
	cr_assert_eq(rules.lists[RULE_TARGETS].count, 2, "each once");
	cr_expect_str_eq(rules.lists[RULE_TARGETS].items[0], "/a b");
	cr_expect_str_eq(rules.lists[RULE_TARGETS].items[1], "/c");
	cr_expect_eq(rules_parse(&rules, RULE_TARGETS, "/d, e", &error), -EINVAL);
}

Test(rules, targets_of_any_kind_make_everything_else_uninteresting)
{
	struct pin_error error;

	cr_expect(rules_empty(&rules) && !rules_targeted(&rules));
	rules_add(&rules, RULE_WHITELIST, "/x", &error);
	cr_expect(!rules_empty(&rules) && !rules_targeted(&rules));
	rules_add(&rules, RULE_UID_TARGETS, "7", &error);
	cr_expect(rules_targeted(&rules));
}

Test(rules, what_was_read_from_json_becomes_the_same_json)
{
	const char *text =
		"{\"targets\":[\"/usr/bin/x\"],\"pid_targets\":[7],\"uid_targets\":[1000],"
		"\"cgroup_targets\":[\"/a\",42]}";
	json_t *in = json_loads(text, 0, NULL), *out;
	struct pin_error error;

	cr_assert_eq(rules_from_json(&rules, in, &error), 0, "%s", error.text);
	out = rules_to_json(&rules);
	cr_expect(json_equal(in, out), "%s", json_dumps(out, 0));
	json_decref(in);
	json_decref(out);
}

Test(rules, json_that_is_wrong_leaves_no_rule)
{
	static const char *const wrong[] = {
		"[]",
		"{\"targets\":\"/x\"}",
		"{\"targets\":[\"/x\",\"y\"]}",
		"{\"targets\":[\"/x\\u0000y\"]}",
		"{\"uid_targets\":[-1]}",
		"{\"uid_targets\":[1.5]}",
		"{\"pid_targets\":[true]}",
		"{\"targets\":[\"/x\"],\"other\":[]}",
	};
	struct pin_error error;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		json_t *json = json_loads(wrong[i], JSON_ALLOW_NUL, NULL);

		cr_assert(json, "%s", wrong[i]);
		cr_expect_eq(rules_from_json(&rules, json, &error), -EINVAL, "%s", wrong[i]);
		cr_expect(rules_empty(&rules), "%s", wrong[i]);
		json_decref(json);
	}
}

/* ---- in a configuration ---- */

Test(rules, a_section_has_rules_and_a_list_goes_on_in_the_next_line)
{
	const char *text = "[file-created]\ntargets = /a,\n  /b\nuid_targets = 1, 2\n";
	struct config *config = config_new();
	const struct config_module *section;
	struct pin_error error;

	cr_assert_eq(config_parse(config, "test", text, strlen(text), &error), 0, "%s", error.text);
	section = config_section(config, "file-created");
	cr_assert(section);
	cr_expect_eq(section->rules.lists[RULE_TARGETS].count, 2);
	cr_expect_eq(section->rules.lists[RULE_UID_TARGETS].count, 2);
	config_free(config);
}

Test(rules, a_rule_that_is_wrong_is_told_with_its_line)
{
	const char *text = "[file-created]\nring_size = 64K\nwhitelist = x\n";
	struct config *config = config_new();
	struct pin_error error;

	cr_expect_eq(config_parse(config, "test", text, strlen(text), &error), -EINVAL);
	cr_expect_str_eq(error.text, "test:3: whitelist: 'x' is not the path of a program");
	config_free(config);
}
