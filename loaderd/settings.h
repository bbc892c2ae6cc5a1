/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of an object: its `const volatile` variables, entered into .rodata
 * before load. What a variable takes is what its BTF says: integers (range
 * checked), bool, char[N], and arrays of integers ("53, 5353"; the rest is 0).
 */
#ifndef LOADERD_SETTINGS_H
#define LOADERD_SETTINGS_H

#include <linux/types.h>

#include "pin.h"

struct bpf_object;

/**
 * settings_set() - enters one value.
 * @object: opened, not loaded.
 * @name: of the variable; those that begin with pulsar_ are loaderd's own.
 * @value: as text.
 * @error: what is wrong, with the names of the variables if there is none of that name.
 *
 * Return: 0, -ENOENT no such variable, -EINVAL not a value for it, -EOPNOTSUPP its
 * type is not one of those above.
 */
int settings_set(struct bpf_object *object, const char *name, const char *value,
		 struct pin_error *error);

/**
 * settings_set_own() - enters one of loaderd's own values.
 *
 * An object that has no such variable does not need it.
 *
 * Return: 0, or -EINVAL it is not a __u32.
 */
int settings_set_own(struct bpf_object *object, const char *name, __u32 value,
		     struct pin_error *error);

/**
 * settings_number() - the value that a variable has now, as declared or as entered.
 * @value: untouched on failure.
 *
 * Return: 0, or -ENOENT there is no __u32 of that name.
 */
int settings_number(struct bpf_object *object, const char *name, __u32 *value);

#endif
