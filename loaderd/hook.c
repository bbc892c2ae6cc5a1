// SPDX-License-Identifier: Apache-2.0
/* The naming rule of programs, and the choice between variants. */
#include "hook.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

#define HOOK_SEPARATOR "__"

/* One part of a name: not empty, and short enough for its field. */
static int hook_part(char *to, size_t room, const char *from, size_t len)
{
	if (!len || len >= room)
		return -EINVAL;
	memcpy(to, from, len);
	to[len] = '\0';
	return 0;
}

int hook_parse(const char *program, struct hook_name *name, struct pin_error *error)
{
	const char *variant = strstr(program, HOOK_SEPARATOR);
	struct hook_name n;
	const char *end;

	if (!variant)
		goto wrong;
	variant += strlen(HOOK_SEPARATOR);
	end = strstr(variant, HOOK_SEPARATOR);
	n.part = end ? end + strlen(HOOK_SEPARATOR) : NULL;
	if (!end)
		end = variant + strlen(variant);
	if (hook_part(n.hook, sizeof(n.hook), program,
		      (size_t)(variant - program) - strlen(HOOK_SEPARATOR)) < 0 ||
	    hook_part(n.variant, sizeof(n.variant), variant, (size_t)(end - variant)) < 0 ||
	    (n.part && !*n.part))
		goto wrong;
	*name = n;
	return 0;
wrong:
	return error_set(error, -EINVAL,
			 "program '%s' is not named HOOK__VARIANT or HOOK__VARIANT__PART, with at "
			 "most %d and %d bytes for HOOK and VARIANT",
			 program, PULSAR_HOOK_LEN - 1, PULSAR_VARIANT_LEN - 1);
}

static struct hook *hooks_find(const struct hooks *hooks, const char *name)
{
	for (unsigned int i = 0; i < hooks->count; i++)
		if (!strcmp(hooks->hook[i].name, name))
			return (struct hook *)&hooks->hook[i];
	return NULL;
}

static struct hook_variant *hook_find(const struct hook *hook, const char *name)
{
	for (unsigned int i = 0; i < hook->variants_count; i++)
		if (!strcmp(hook->variants[i].name, name))
			return (struct hook_variant *)&hook->variants[i];
	return NULL;
}

int hooks_add(struct hooks *hooks, const char *program, struct pin_error *error)
{
	struct hook_name name;
	struct hook *hook;
	int err;

	err = hook_parse(program, &name, error);
	if (err)
		return err;
	hook = hooks_find(hooks, name.hook);
	if (!hook) {
		if (hooks->count == PULSAR_HOOKS_MAX)
			return error_set(error, -E2BIG, "more than %d hooks", PULSAR_HOOKS_MAX);
		hook = &hooks->hook[hooks->count++];
		memset(hook, 0, sizeof(*hook));
		strcpy(hook->name, name.hook);
	}
	if (hook_find(hook, name.variant))
		return 0;
	if (hook->variants_count == HOOK_VARIANTS_MAX)
		return error_set(error, -E2BIG, "hook '%s' has more than %d variants", hook->name,
				 HOOK_VARIANTS_MAX);
	strcpy(hook->variants[hook->variants_count++].name, name.variant);
	return 0;
}

static void hook_variant_fail(struct hook_variant *variant, const char *reason)
{
	variant->failed = true;
	snprintf(variant->reason, sizeof(variant->reason), "%s", reason);
}

int hooks_fail(struct hooks *hooks, const char *program, const char *reason)
{
	struct hook_variant *variant;
	struct hook_name name;
	struct hook *hook;

	if (hook_parse(program, &name, NULL) < 0)
		return -ENOENT;
	hook = hooks_find(hooks, name.hook);
	variant = hook ? hook_find(hook, name.variant) : NULL;
	if (!variant)
		return -ENOENT;
	if (variant->failed)
		return 0;
	hook_variant_fail(variant, reason);
	return 1;
}

unsigned int hooks_force(struct hooks *hooks, const char *variant)
{
	unsigned int have = 0;

	for (unsigned int i = 0; i < hooks->count; i++) {
		struct hook *hook = &hooks->hook[i];

		if (!hook_find(hook, variant))
			continue;
		have++;
		for (unsigned int v = 0; v < hook->variants_count; v++)
			if (strcmp(hook->variants[v].name, variant) && !hook->variants[v].failed)
				hook_variant_fail(&hook->variants[v], HOOK_FORCED);
	}
	return have;
}

static int hook_none_left(const struct hook *hook, struct pin_error *error)
{
	struct pin_error why = { "" };
	size_t len = 0;

	for (unsigned int v = 0; v < hook->variants_count && len < sizeof(why.text); v++)
		len += (size_t)snprintf(why.text + len, sizeof(why.text) - len, "%s%s: %s",
					v ? "; " : "", hook->variants[v].name,
					hook->variants[v].reason);
	return error_set(error, -EOPNOTSUPP, "hook '%s' works in no way on this kernel (%s)",
			 hook->name, why.text);
}

int hooks_choose(struct hooks *hooks, struct pin_error *error)
{
	for (unsigned int i = 0; i < hooks->count; i++) {
		struct hook *hook = &hooks->hook[i];

		hook->chosen = 0;
		while (hook->chosen < hook->variants_count && hook->variants[hook->chosen].failed)
			hook->chosen++;
		if (hook->chosen == hook->variants_count)
			return hook_none_left(hook, error);
	}
	return 0;
}

bool hooks_uses(const struct hooks *hooks, const char *program)
{
	struct hook_name name;
	struct hook *hook;

	if (hook_parse(program, &name, NULL) < 0)
		return false;
	hook = hooks_find(hooks, name.hook);
	return hook && hook->chosen < hook->variants_count &&
	       !strcmp(hook->variants[hook->chosen].name, name.variant);
}
