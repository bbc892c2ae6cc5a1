// SPDX-License-Identifier: Apache-2.0
/* Finds variables in .rodata by BTF, and enters values by their type. */
#include "settings.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "value.h"

#define SETTINGS_OWN "pulsar_"

/* One variable: where its value lies, and what it is. */
struct setting {
	const struct btf *btf;
	const struct btf_type *type; /* without const, volatile and typedef */
	char *data;
	size_t size;
};

/* What surrounds all variables: the section's BTF and its bytes. */
struct settings {
	const struct btf *btf;
	const struct btf_type *section;
	char *data;
	size_t size;
};

static int settings_open(struct bpf_object *object, struct settings *s)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	int id;

	s->btf = bpf_object__btf(object);
	if (!map || !s->btf)
		return -ENOENT;
	id = btf__find_by_name_kind(s->btf, ".rodata", BTF_KIND_DATASEC);
	if (id < 0)
		return -ENOENT;
	s->section = btf__type_by_id(s->btf, (__u32)id);
	/* Until the object is loaded this is memory of ours, const only by its declaration. */
	s->data = (char *)bpf_map__initial_value(map, &s->size);
	return s->section && s->data ? 0 : -ENOENT;
}

/* Strips qualifiers and typedefs; *is_volatile tells whether volatile was among them. */
static const struct btf_type *settings_strip(const struct btf *btf, __u32 id, bool *is_volatile)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	/* A chain of qualifiers is short; a longer one is a circle. */
	for (int i = 0; i < 16 && t && (btf_is_mod(t) || btf_is_typedef(t)); i++) {
		if (btf_is_volatile(t) && is_volatile)
			*is_volatile = true;
		t = btf__type_by_id(btf, t->type);
	}
	return t;
}

/*
 * The variable at `index`, its name in *name. Constants that are not volatile are
 * left out: the compiler has used their values already.
 */
static bool settings_at(const struct settings *s, unsigned int index, struct setting *setting,
			const char **name)
{
	const struct btf_var_secinfo *place = btf_var_secinfos(s->section) + index;
	const struct btf_type *var = btf__type_by_id(s->btf, place->type);
	bool is_volatile = false;

	if (!var || !btf_is_var(var))
		return false;
	*name = btf__name_by_offset(s->btf, var->name_off);
	setting->btf = s->btf;
	setting->type = settings_strip(s->btf, var->type, &is_volatile);
	/* An array's elements carry the qualifiers, not the array. */
	if (setting->type && btf_is_array(setting->type))
		settings_strip(s->btf, btf_array(setting->type)->type, &is_volatile);
	if (!*name || !setting->type || !is_volatile)
		return false;
	if (place->offset > s->size || place->size > s->size - place->offset)
		return false;
	setting->data = s->data + place->offset;
	setting->size = place->size;
	return true;
}

static bool settings_find(const struct settings *s, const char *wanted, struct setting *setting)
{
	const char *name;

	for (unsigned int i = 0; i < btf_vlen(s->section); i++)
		if (settings_at(s, i, setting, &name) && !strcmp(name, wanted))
			return true;
	return false;
}

/* ---- values by type ---- */

static int setting_out_of_range(const char *value, size_t size, bool is_signed,
				struct pin_error *error)
{
	unsigned long long max = UINT64_MAX >> (64 - 8 * size);

	if (is_signed)
		return error_set(error, -EINVAL, "'%s' is not between %lld and %lld", value,
				 -(long long)(max >> 1) - 1, (long long)(max >> 1));
	return error_set(error, -EINVAL, "'%s' is not between 0 and %llu", value, max);
}

/* Objects are built for the machine they run on, so the low bytes are at the right end. */
static void setting_store(char *to, size_t size, uint64_t n)
{
	__u32 n32 = (__u32)n;
	__u16 n16 = (__u16)n;
	__u8 n8 = (__u8)n;

	switch (size) {
	case 1:
		memcpy(to, &n8, 1);
		break;
	case 2:
		memcpy(to, &n16, 2);
		break;
	case 4:
		memcpy(to, &n32, 4);
		break;
	default:
		memcpy(to, &n, 8);
		break;
	}
}

static int setting_integer(const struct btf_type *type, char *to, const char *value,
			   struct pin_error *error)
{
	bool is_signed = btf_int_encoding(type) & BTF_INT_SIGNED;
	size_t size = type->size;
	uint64_t u = 0;
	int64_t i = 0;
	int err;

	if (size != 1 && size != 2 && size != 4 && size != 8)
		return error_set(error, -EOPNOTSUPP, "an integer of %zu bytes", size);
	if (is_signed) {
		err = value_signed(value, &i);
		if (!err && (i < INT64_MIN >> (64 - 8 * size) || i > INT64_MAX >> (64 - 8 * size)))
			err = -ERANGE;
		u = (uint64_t)i;
	} else {
		err = value_unsigned(value, &u);
		if (!err && u > UINT64_MAX >> (64 - 8 * size))
			err = -ERANGE;
	}
	if (err == -EINVAL)
		return error_set(error, err, "'%s' is not a number", value);
	if (err)
		return setting_out_of_range(value, size, is_signed, error);
	setting_store(to, size, u);
	return 0;
}

static int setting_scalar(const struct btf_type *type, char *to, const char *value,
			  struct pin_error *error)
{
	bool truth;

	if (!btf_is_int(type))
		return error_set(
			error, -EOPNOTSUPP,
			"neither an integer nor a bool, a char array or an array of these");
	if (!(btf_int_encoding(type) & BTF_INT_BOOL))
		return setting_integer(type, to, value, error);
	if (value_bool(value, &truth) < 0)
		return error_set(error, -EINVAL, "'%s' is neither yes nor no", value);
	setting_store(to, type->size, truth);
	return 0;
}

static int setting_text(const struct setting *s, const char *value, struct pin_error *error)
{
	size_t len = strlen(value);

	if (len >= s->size)
		return error_set(error, -EINVAL, "longer than %zu bytes", s->size - 1);
	memset(s->data, 0, s->size);
	memcpy(s->data, value, len);
	return 0;
}

static int setting_list(const struct setting *s, const struct btf_type *element, const char *value,
			struct pin_error *error)
{
	size_t count = s->size / element->size;
	char *copy, *item, *rest;
	size_t i = 0;
	int err = 0;

	copy = strdup(value);
	if (!copy)
		return error_set(error, -ENOMEM, "no memory");
	memset(s->data, 0, s->size);
	for (item = strtok_r(copy, ", \t", &rest); item && !err;
	     item = strtok_r(NULL, ", \t", &rest)) {
		if (i == count)
			err = error_set(error, -EINVAL, "more than %zu values", count);
		else
			err = setting_scalar(element, s->data + i++ * element->size, item, error);
	}
	free(copy);
	return err;
}

/* Plain `char` is what C has for text; clang's BTF tells it from __u8 by the name. */
static bool setting_is_char(const struct btf *btf, const struct btf_type *t)
{
	const char *name = btf__name_by_offset(btf, t->name_off);

	return btf_is_int(t) && t->size == 1 && name && !strcmp(name, "char");
}

static int setting_enter(const struct setting *s, const char *value, struct pin_error *error)
{
	const struct btf_type *element;

	if (!btf_is_array(s->type)) {
		if (btf_is_int(s->type) && s->type->size != s->size)
			return error_set(error, -EOPNOTSUPP, "its size is unclear");
		return setting_scalar(s->type, s->data, value, error);
	}
	element = settings_strip(s->btf, btf_array(s->type)->type, NULL);
	if (!element || !btf_is_int(element) || !element->size)
		return error_set(error, -EOPNOTSUPP, "an array of neither char nor integers");
	if (setting_is_char(s->btf, element))
		return setting_text(s, value, error);
	return setting_list(s, element, value, error);
}

/* ---- the two ways in ---- */

static int settings_unknown(const struct settings *s, struct pin_error *error)
{
	struct pin_error list = { "" };
	struct setting setting;
	const char *name;
	size_t len = 0;

	for (unsigned int i = 0; i < btf_vlen(s->section) && len < sizeof(list.text); i++)
		if (settings_at(s, i, &setting, &name) &&
		    strncmp(name, SETTINGS_OWN, strlen(SETTINGS_OWN)))
			len += (size_t)snprintf(list.text + len, sizeof(list.text) - len, " %s",
						name);
	return error_set(error, -ENOENT, "the module has no such setting; it has%s",
			 len ? list.text : " none");
}

int settings_set(struct bpf_object *object, const char *name, const char *value,
		 struct pin_error *error)
{
	struct setting setting;
	struct settings s;
	int err;

	if (settings_open(object, &s) < 0)
		err = error_set(error, -ENOENT, "the module has no settings");
	else if (!strncmp(name, SETTINGS_OWN, strlen(SETTINGS_OWN)) ||
		 !settings_find(&s, name, &setting))
		err = settings_unknown(&s, error);
	else
		err = setting_enter(&setting, value, error);
	return err ? error_prefix(error, err, "%s", name) : 0;
}

int settings_set_own(struct bpf_object *object, const char *name, __u32 value,
		     struct pin_error *error)
{
	struct setting setting;
	struct settings s;

	if (settings_open(object, &s) < 0 || !settings_find(&s, name, &setting))
		return 0;
	if (!btf_is_int(setting.type) || setting.size != sizeof(value))
		return error_set(error, -EINVAL, "%s is not a __u32", name);
	setting_store(setting.data, sizeof(value), value);
	return 0;
}

int settings_number(struct bpf_object *object, const char *name, __u32 *value)
{
	struct setting setting;
	struct settings s;

	if (settings_open(object, &s) < 0 || !settings_find(&s, name, &setting) ||
	    !btf_is_int(setting.type) || setting.size != sizeof(*value))
		return -ENOENT;
	memcpy(value, setting.data, sizeof(*value));
	return 0;
}
