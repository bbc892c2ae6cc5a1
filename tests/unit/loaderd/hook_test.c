// SPDX-License-Identifier: Apache-2.0
/* Names of programs, and the choice between variants. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook.h"

struct name_row {
	const char *program;
	const char *hook; /* NULL: not a name */
	const char *variant;
	const char *part;
};

static const struct name_row name_rows[] = {
	{ "created__fentry", "created", "fentry", NULL },
	{ "created__tp__openat", "created", "tp", "openat" },
	{ "exec__tp_btf", "exec", "tp_btf", NULL },
	{ "a_b__c__d__e", "a_b", "c", "d__e" },
	{ "created", NULL, NULL, NULL },
	{ "created_fentry", NULL, NULL, NULL },
	{ "__fentry", NULL, NULL, NULL },
	{ "created__", NULL, NULL, NULL },
	{ "created__tp__", NULL, NULL, NULL },
	{ "", NULL, NULL, NULL },
	{ "a2345678901234567890123456789012__tp", NULL, NULL, NULL },
	{ "a234567890123456789012345678901__tp", "a234567890123456789012345678901", "tp", NULL },
	{ "a__v234567890123456", NULL, NULL, NULL },
	{ "a__v23456789012345", "a", "v23456789012345", NULL },
};

Test(hook, a_name_is_hook_variant_and_perhaps_part)
{
	for (size_t i = 0; i < sizeof(name_rows) / sizeof(*name_rows); i++) {
		const struct name_row *row = &name_rows[i];
		struct pin_error error = { "" };
		struct hook_name name;
		int err = hook_parse(row->program, &name, &error);

		if (!row->hook) {
			cr_expect_eq(err, -EINVAL, "'%s' was taken", row->program);
			cr_expect(strstr(error.text, row->program), "%s", error.text);
			continue;
		}
		cr_assert_eq(err, 0, "'%s': %s", row->program, error.text);
		cr_expect_str_eq(name.hook, row->hook);
		cr_expect_str_eq(name.variant, row->variant);
		if (row->part)
			cr_expect_str_eq(name.part, row->part);
		else
			cr_expect_null(name.part);
	}
}

static struct hooks *hooks_of(const char *const *programs)
{
	struct hooks *hooks = calloc(1, sizeof(*hooks));
	struct pin_error error;

	cr_assert(hooks);
	for (; *programs; programs++)
		cr_assert_eq(hooks_add(hooks, *programs, &error), 0, "%s", error.text);
	return hooks;
}

static const char *const file_created[] = {
	"created__fentry",
	"created__kprobe",
	"created__tp__open",
	"created__tp__openat",
	"made__fexit",
	"made__tp",
	NULL,
};

static const char *chosen(const struct hooks *hooks, unsigned int hook)
{
	return hooks->hook[hook].variants[hooks->hook[hook].chosen].name;
}

Test(hook, the_first_variant_in_source_order_is_chosen)
{
	struct hooks *hooks = hooks_of(file_created);

	cr_assert_eq(hooks->count, 2);
	cr_expect_eq(hooks->hook[0].variants_count, 3);
	cr_assert_eq(hooks_choose(hooks, NULL), 0);
	cr_expect_str_eq(chosen(hooks, 0), "fentry");
	cr_expect_str_eq(chosen(hooks, 1), "fexit");
	cr_expect(hooks_uses(hooks, "created__fentry"));
	cr_expect_not(hooks_uses(hooks, "created__tp__open"));
	cr_expect_not(hooks_uses(hooks, "other__fentry"));
	free(hooks);
}

Test(hook, a_variant_that_failed_gives_way_to_the_next)
{
	struct hooks *hooks = hooks_of(file_created);

	cr_expect_eq(hooks_fail(hooks, "created__fentry", "refused"), 1);
	cr_expect_eq(hooks_fail(hooks, "created__kprobe", "no kprobes"), 1);
	cr_assert_eq(hooks_choose(hooks, NULL), 0);
	cr_expect_str_eq(chosen(hooks, 0), "tp");
	cr_expect(hooks_uses(hooks, "created__tp__open"));
	cr_expect(hooks_uses(hooks, "created__tp__openat"));
	cr_expect_str_eq(chosen(hooks, 1), "fexit", "the other hook has its own choice");
	free(hooks);
}

Test(hook, one_part_that_fails_fails_its_variant_once)
{
	struct hooks *hooks = hooks_of(file_created);

	cr_expect_eq(hooks_fail(hooks, "created__tp__open", "first"), 1);
	cr_expect_eq(hooks_fail(hooks, "created__tp__openat", "second"), 0);
	cr_expect_str_eq(hooks->hook[0].variants[2].reason, "first");
	cr_expect_eq(hooks_fail(hooks, "other__tp", "x"), -ENOENT);
	cr_expect_eq(hooks_fail(hooks, "created__lsm", "x"), -ENOENT);
	free(hooks);
}

Test(hook, a_hook_with_no_variant_left_is_named_with_all_reasons)
{
	struct hooks *hooks = hooks_of(file_created);
	struct pin_error error = { "" };

	hooks_fail(hooks, "made__fexit", "refused");
	hooks_fail(hooks, "made__tp", "not there");
	cr_expect_eq(hooks_choose(hooks, &error), -EOPNOTSUPP);
	cr_expect_str_eq(error.text, "hook 'made' works in no way on this kernel "
				     "(fexit: refused; tp: not there)");
	free(hooks);
}

Test(hook, a_forced_variant_holds_for_every_hook_that_has_it)
{
	struct hooks *hooks = hooks_of(file_created);

	cr_expect_eq(hooks_force(hooks, "kprobe"), 1);
	cr_assert_eq(hooks_choose(hooks, NULL), 0);
	cr_expect_str_eq(chosen(hooks, 0), "kprobe");
	cr_expect_str_eq(chosen(hooks, 1), "fexit");
	free(hooks);
}

Test(hook, a_forced_variant_that_fails_has_no_substitute)
{
	struct hooks *hooks = hooks_of(file_created);
	struct pin_error error = { "" };

	hooks_force(hooks, "kprobe");
	hooks_fail(hooks, "created__kprobe", "no kprobes");
	cr_expect_eq(hooks_choose(hooks, &error), -EOPNOTSUPP);
	cr_expect(strstr(error.text, "kprobe: no kprobes"), "%s", error.text);
	cr_expect(strstr(error.text, "tp: another one is forced"), "%s", error.text);
	free(hooks);
}

Test(hook, more_hooks_or_variants_than_there_may_be_are_refused)
{
	struct hooks *hooks = calloc(1, sizeof(*hooks));
	struct pin_error error;
	char name[64];

	cr_assert(hooks);
	for (int i = 0; i < PULSAR_HOOKS_MAX; i++) {
		snprintf(name, sizeof(name), "h%d__tp", i);
		cr_assert_eq(hooks_add(hooks, name, &error), 0);
	}
	cr_expect_eq(hooks_add(hooks, "more__tp", &error), -E2BIG);
	for (int i = 1; i < HOOK_VARIANTS_MAX; i++) {
		snprintf(name, sizeof(name), "h0__v%d", i);
		cr_assert_eq(hooks_add(hooks, name, &error), 0);
	}
	cr_expect_eq(hooks_add(hooks, "h0__more", &error), -E2BIG);
	free(hooks);
}
