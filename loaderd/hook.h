/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the names of an object's programs say: <hook>__<variant>[__<part>], in
 * the source order of preference. Pure logic: which variant of each hook is to
 * be tried next, and why others are not.
 */
#ifndef LOADERD_HOOK_H
#define LOADERD_HOOK_H

#include <stdbool.h>
#include <stddef.h>

#include <pulsar/schema.h>

#include "pin.h"

/* A hook has at most as many ways as this; an index in hook.chosen. */
#define HOOK_VARIANTS_MAX 8
#define HOOK_REASON_LEN	  200
/* The reason of those that hooks_force() rules out. */
#define HOOK_FORCED	  "another one is forced"

struct hook_variant {
	char name[PULSAR_VARIANT_LEN];
	bool failed;
	char reason[HOOK_REASON_LEN]; /* why it failed, or why it may not be used */
};

struct hook {
	char name[PULSAR_HOOK_LEN];
	unsigned int variants_count;
	unsigned int chosen;				 /* index of the variant to use */
	struct hook_variant variants[HOOK_VARIANTS_MAX]; /* best first */
};

/* All hooks of one object. Zeroed is empty. */
struct hooks {
	unsigned int count;
	struct hook hook[PULSAR_HOOKS_MAX];
};

/* What one program's name says. */
struct hook_name {
	char hook[PULSAR_HOOK_LEN];
	char variant[PULSAR_VARIANT_LEN];
	const char *part; /* into the program's name; NULL: the variant is one program */
};

/**
 * hook_parse() - takes a program's name apart.
 *
 * Return: 0, or -EINVAL with the reason in *error.
 */
int hook_parse(const char *program, struct hook_name *name, struct pin_error *error);

/**
 * hooks_add() - notes a program; call it in source order.
 *
 * Return: 0, -EINVAL not a name, -E2BIG more hooks or variants than there may be.
 */
int hooks_add(struct hooks *hooks, const char *program, struct pin_error *error);

/**
 * hooks_fail() - marks the variant that a program belongs to as unusable.
 * @reason: cut to HOOK_REASON_LEN; the first one given for a variant stays.
 *
 * Return: 1 if this was news, 0 if it was marked already, -ENOENT no such program.
 */
int hooks_fail(struct hooks *hooks, const char *program, const char *reason);

/**
 * hooks_force() - leaves only the variant of this name to every hook that has it.
 *
 * Hooks without it keep their choice.
 *
 * Return: how many hooks have it.
 */
unsigned int hooks_force(struct hooks *hooks, const char *variant);

/**
 * hooks_choose() - for each hook, the first variant that has not failed.
 * @error: the hook that has none left, with the reason of each variant.
 *
 * Return: 0, or -EOPNOTSUPP a hook has none left.
 */
int hooks_choose(struct hooks *hooks, struct pin_error *error);

/** hooks_uses() - whether a program belongs to a chosen variant. */
bool hooks_uses(const struct hooks *hooks, const char *program);

#endif
