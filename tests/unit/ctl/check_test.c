// SPDX-License-Identifier: Apache-2.0
/* What doctor makes of what files say. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "check.h"
#include "doctor_hooks.h"

static const struct {
	void (*judge)(struct check *check, const char *text);
	const char *text;
	enum check_level level;
	const char *found; /* part of it */
} rows[] = {
	{ check_kernel, "6.18.44-x", CHECK_OK, "6.18.44-x" },
	{ check_kernel, "6.1.0-18-amd64", CHECK_OK, "6.1.0" },
	{ check_kernel, "6.0.12", CHECK_WARNING, "6.1" },
	{ check_kernel, "5.15.0-91-generic", CHECK_FAILED, "needs 5.16" },
	{ check_kernel, "5.17", CHECK_WARNING, "CAP_BPF" },
	{ check_kernel, "4.19.0", CHECK_FAILED, "4.19.0" },
	{ check_kernel, "weird", CHECK_UNKNOWN, "weird" },
	{ check_btf, "\x9f\xeb", CHECK_OK, "types" },
	{ check_btf, NULL, CHECK_FAILED, "/sys/kernel/btf/vmlinux" },
	{ check_lockdown, "[none] integrity confidentiality\n", CHECK_OK, "none" },
	{ check_lockdown, "none [integrity] confidentiality\n", CHECK_OK, "integrity" },
	{ check_lockdown, "none integrity [confidentiality]\n", CHECK_FAILED, "may not read" },
	{ check_lockdown, NULL, CHECK_UNKNOWN, "not mounted" },
	{ check_lsm, "lockdown,capability,landlock,bpf", CHECK_OK, "active" },
	{ check_lsm, "bpf,lockdown", CHECK_OK, "active" },
	{ check_lsm, "lockdown,bpfilter,xbpf", CHECK_NOTE, "not among" },
	{ check_lsm, NULL, CHECK_UNKNOWN, "not mounted" },
	{ check_unprivileged_bpf, "2\n", CHECK_OK, "2" },
	{ check_unprivileged_bpf, "0\n", CHECK_NOTE, "any user" },
	{ check_unprivileged_bpf, NULL, CHECK_UNKNOWN, "cannot be read" },
	{ check_perf_paranoid, "2\n", CHECK_OK, "CAP_PERFMON" },
	{ check_perf_paranoid, "-1\n", CHECK_OK, "-1" },
	{ check_perf_paranoid, "4\n", CHECK_NOTE, "CAP_SYS_ADMIN" },
	{ check_perf_paranoid, "", CHECK_UNKNOWN, "cannot be read" },
	{ check_jit, "1\n", CHECK_OK, "compiled" },
	{ check_jit, "0\n", CHECK_WARNING, "interpreted" },
	{ check_bpf_stats, "1\n", CHECK_OK, "counts" },
	{ check_bpf_stats, "0\n", CHECK_NOTE, "does not count" },
	{ check_bpf_stats, NULL, CHECK_NOTE, "does not count" },
};

Test(check, each_thing_is_judged_by_what_its_file_says)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct check check = { .name = "x" };

		rows[i].judge(&check, rows[i].text);
		cr_expect_eq(check.level, rows[i].level, "row %zu: %s: %s", i,
			     check_level_name(check.level), check.found);
		cr_expect(strstr(check.found, rows[i].found), "row %zu: %s", i, check.found);
		if (check.level == CHECK_WARNING || check.level == CHECK_FAILED)
			cr_expect(check.advice, "row %zu says nothing of what to do", i);
	}
}

Test(check, a_mount_is_found_by_its_type)
{
	static const char mounts[] = "none / ext4 rw 0 0\n"
				     "bpf /sys/fs/bpf bpf rw,mode=700 0 0\n"
				     "cgroup /x/bpf cgroup rw 0 0";
	struct check check = { .name = "x" };

	check_mount(&check, mounts, "bpf", "none");
	cr_expect_str_eq(check.found, "/sys/fs/bpf");
	check_mount(&check, mounts, "cgroup", "none");
	cr_expect_str_eq(check.found, "/x/bpf");
	check_mount(&check, mounts, "tracefs", "none");
	cr_expect_str_eq(check.found, "none");
	check_mount(&check, NULL, "bpf", "none");
	cr_expect_str_eq(check.found, "none");
}

Test(check, a_hostile_release_does_not_reach_the_terminal)
{
	struct check check = { .name = "x" };

	check_kernel(&check, "6.1.0-\033[2J");
	cr_expect_str_eq(check.found, "6.1.0-?[2J");
}

/* ---- hooks ---- */

static json_t *json(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);

	cr_assert(value, "%s", text);
	return value;
}

static void expect_why(const char *hook, const char *expected)
{
	json_t *kinds = json("[{\"kind\": \"fentry\", \"available\": false, \"reason\": \"EPERM\"},"
			     " {\"kind\": \"tp\", \"available\": true, \"reason\": null}]");
	json_t *h = json(hook);
	char why[64];

	doctor_why(h, kinds, why, sizeof(why));
	cr_expect_str_eq(why, expected, "%s", hook);
	json_decref(h);
	json_decref(kinds);
}

Test(check, why_a_hook_has_no_better_variant)
{
	expect_why("{\"variant\": \"fentry\", \"variants\": [\"fentry\", \"tp\"]}", "");
	expect_why("{\"variant\": \"tp\", \"variants\": [\"fentry\", \"tp\"]}", "fentry: EPERM");
	expect_why("{\"variant\": \"tp\", \"variants\": [\"fentry\", \"tp\"], \"refused\":"
		   " [{\"variant\": \"fentry\", \"reason\": \"no such function\"}]}",
		   "fentry: no such function");
	expect_why("{\"variant\": \"b\", \"variants\": [\"a\", \"b\"]}",
		   "a: not tried: taken over as it was; restart the module to try");
	expect_why("{}", "");
	expect_why("{\"variant\": 5, \"variants\": [5, {}]}", "");
}

Test(check, a_reason_too_long_is_cut)
{
	expect_why("{\"variant\": \"b\", \"variants\": [\"a\", \"b\"], \"refused\": [{\"variant\": "
		   "\"a\","
		   " \"reason\": "
		   "\"0123456789012345678901234567890123456789012345678901234567890123456789\"}]}",
		   "a: 012345678901234567890123456789012345678901234567890123456789");
}
