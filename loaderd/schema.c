// SPDX-License-Identifier: Apache-2.0
/* Walks the structs of an object's BTF and writes the entries of `schema`. */
#include "schema.h"

#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "schema_enum.h"
#include "schema_kind.h"

#define SCHEMA_TAG	   "pulsar:"
#define SCHEMA_RECORD_MAX  65000u /* bytes; PULSAR_RECORD_MAX in bpf/record.bpf.h is no more */
/* No module comes near; they end the work on hostile BTF. */
#define SCHEMA_ENTRIES_MAX 4096u
#define SCHEMA_TAGS_MAX	   4096u

/* A tag of ours: what it says of which member (or variable: member -1). */
struct schema_tag {
	__u32 type;
	int member;
	const char *text; /* without "pulsar:" */
};

/* Enumerators are written once for each enum and use of it. */
struct schema_group {
	__u32 type;
	bool flags;
};

struct schema_builder {
	const struct btf *btf;
	struct schema out;
	struct schema_tag *tags;
	size_t tags_count;
	struct schema_group *groups; /* number g is groups[g - 1] */
	size_t groups_count;
	struct pin_error *error;
};

/* One more element at the end of an array, zeroed; NULL with -ENOMEM as the error. */
static void *schema_grow(struct schema_builder *b, void *array, size_t *count, size_t size)
{
	void **at = array;
	char *more = reallocarray(*at, *count + 1, size);

	if (!more) {
		error_set(b->error, -ENOMEM, "no memory");
		return NULL;
	}
	*at = more;
	return memset(more + (*count)++ * size, 0, size);
}

/* Names go into JSON keys and onto terminals: C identifiers and nothing else. */
static int schema_check_name(struct schema_builder *b, const char *name)
{
	if (!*name)
		return error_set(b->error, -EINVAL, "it has no name");
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			return error_set(b->error, -EINVAL, "its name is not one of C");
	if (strlen(name) >= PULSAR_FIELD_NAME_LEN)
		return error_set(b->error, -EINVAL, "its name is longer than %d bytes",
				 PULSAR_FIELD_NAME_LEN - 1);
	return 0;
}

static int schema_push(struct schema_builder *b, enum pulsar_kind kind, const char *name,
		       struct pulsar_field **field)
{
	struct pulsar_field *f;
	int err;

	err = schema_check_name(b, name);
	if (err)
		return err;
	if (b->out.count == SCHEMA_ENTRIES_MAX)
		return error_set(b->error, -EINVAL, "more than %u entries", SCHEMA_ENTRIES_MAX);
	f = schema_grow(b, &b->out.fields, &b->out.count, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->kind = kind;
	strcpy(f->name, name);
	*field = f;
	return 0;
}

/* ---- tags ---- */

static int schema_find_tags(struct schema_builder *b)
{
	const struct btf_type *t;
	struct schema_tag *tag;
	const char *text;

	for (__u32 id = 1; id < btf__type_cnt(b->btf); id++) {
		t = btf__type_by_id(b->btf, id);
		if (!t || !btf_is_decl_tag(t))
			continue;
		text = schema_name(b->btf, t);
		if (strncmp(text, SCHEMA_TAG, strlen(SCHEMA_TAG)))
			continue;
		if (b->tags_count == SCHEMA_TAGS_MAX)
			return error_set(b->error, -EINVAL, "more than %u tags", SCHEMA_TAGS_MAX);
		tag = schema_grow(b, &b->tags, &b->tags_count, sizeof(*tag));
		if (!tag)
			return -ENOMEM;
		tag->type = t->type;
		tag->member = btf_decl_tag(t)->component_idx;
		tag->text = text + strlen(SCHEMA_TAG);
	}
	return 0;
}

static int schema_apply_tags(struct schema_builder *b, __u32 type, int member,
			     struct pulsar_field *f)
{
	int err = 0;

	for (size_t i = 0; i < b->tags_count && !err; i++)
		if (b->tags[i].type == type && b->tags[i].member == member)
			err = schema_kind_of_tag(b->tags[i].text, &f->kind, f->size, &f->flags,
						 b->error);
	return err;
}

/* ---- fields ---- */

static int schema_group(struct schema_builder *b, __u32 type, bool flags, __u32 *number)
{
	struct schema_group *group;
	size_t i;

	for (i = 0; i < b->groups_count; i++)
		if (b->groups[i].type == type && b->groups[i].flags == flags)
			break;
	if (i == b->groups_count) {
		group = schema_grow(b, &b->groups, &b->groups_count, sizeof(*group));
		if (!group)
			return -ENOMEM;
		group->type = type;
		group->flags = flags;
	}
	*number = (__u32)i + 1;
	return 0;
}

static int schema_place(struct schema_builder *b, const struct btf_type *event, int member,
			struct pulsar_field *f)
{
	__u32 bits = btf_member_bit_offset(event, (__u32)member);

	if (btf_member_bitfield_size(event, (__u32)member) || bits % 8)
		return error_set(b->error, -EINVAL, "a bit field cannot be a field");
	f->offset = bits / 8;
	if (f->offset < sizeof(struct pulsar_event) || f->size > event->size ||
	    f->offset > event->size - f->size)
		return error_set(b->error, -EINVAL, "it lies outside its struct");
	return 0;
}

static bool schema_padding(const char *name)
{
	return *name == '_' || !strncmp(name, "reserved", strlen("reserved"));
}

static int schema_field(struct schema_builder *b, __u32 event_id, const struct btf_type *event,
			int index)
{
	const struct btf_member *member = btf_members(event) + index;
	const char *name = btf__name_by_offset(b->btf, member->name_off);
	__u32 type = member->type;
	struct pulsar_field *f;
	int err;

	if (name && schema_padding(name))
		return 0;
	err = schema_push(b, PULSAR_KIND_NONE, name ? name : "", &f);
	if (err)
		return err;
	f->event = event_id;
	err = schema_kind_of_type(b->btf, type, &f->kind, &f->size, b->error);
	if (!err)
		err = schema_place(b, event, index, f);
	if (!err)
		err = schema_apply_tags(b, event_id, index, f);
	if (!err && (f->kind == PULSAR_KIND_ENUM || f->kind == PULSAR_KIND_FLAGS)) {
		schema_strip(b->btf, &type);
		err = schema_group(b, type, f->kind == PULSAR_KIND_FLAGS, &f->group);
	}
	return err;
}

/* ---- events ---- */

/* The struct begins with a struct pulsar_event and is not that itself. */
static bool schema_is_event(const struct btf *btf, const struct btf_type *t)
{
	const struct btf_type *first;
	__u32 id;

	if (!t || !btf_is_struct(t) || !btf_vlen(t))
		return false;
	id = btf_members(t)->type;
	first = schema_strip(btf, &id);
	return first && btf_is_struct(first) && !strcmp(schema_name(btf, first), "pulsar_event");
}

static int schema_check_event(struct schema_builder *b, __u32 id, const struct btf_type *t,
			      const char *name)
{
	__u32 first = btf_members(t)->type;

	/* pulsar_event.type has 16 bits. */
	if (id > 0xffff)
		return error_set(b->error, -EINVAL, "its BTF id %u is above 65535", id);
	if (btf_member_bit_offset(t, 0) ||
	    schema_strip(b->btf, &first)->size != sizeof(struct pulsar_event))
		return error_set(b->error, -EINVAL,
				 "its struct pulsar_event is not that of this ABI");
	if (t->size < sizeof(struct pulsar_event) || t->size > SCHEMA_RECORD_MAX)
		return error_set(b->error, -EINVAL, "it has %u bytes", t->size);
	for (size_t i = 0; i < b->out.count; i++)
		if (b->out.fields[i].kind == PULSAR_KIND_EVENT &&
		    !strcmp(b->out.fields[i].name, name))
			return error_set(b->error, -EINVAL, "there are two events %s", name);
	return 0;
}

static int schema_event(struct schema_builder *b, __u32 id, const struct btf_type *t)
{
	/* One longer than may be, so that a name too long is seen. */
	char camel[PULSAR_FIELD_NAME_LEN + 1];
	const char *name = schema_name(b->btf, t);
	struct pulsar_field *f;
	size_t first, mains = 0;
	int err;

	schema_camel(name, camel, sizeof(camel));
	err = schema_check_event(b, id, t, camel);
	if (!err)
		err = schema_push(b, PULSAR_KIND_EVENT, camel, &f);
	if (err)
		return error_prefix(b->error, err, "struct %s", name);
	f->event = id;
	f->size = t->size;
	b->out.events++;
	first = b->out.count;
	for (int i = 1; i < btf_vlen(t); i++) {
		err = schema_field(b, id, t, i);
		if (err)
			return error_prefix(b->error, err, "struct %s: member %s", name,
					    btf__name_by_offset(b->btf, btf_members(t)[i].name_off)
						    ?: "");
	}
	for (size_t i = first; i < b->out.count; i++)
		mains += b->out.fields[i].flags & PULSAR_FIELD_MAIN ? 1 : 0;
	if (mains > 1)
		return error_set(b->error, -EINVAL,
				 "struct %s: more than one member is pulsar:main", name);
	return 0;
}

static int schema_events(struct schema_builder *b)
{
	const struct btf_type *t;
	int err = 0;

	for (__u32 id = 1; id < btf__type_cnt(b->btf) && !err; id++) {
		t = btf__type_by_id(b->btf, id);
		if (schema_is_event(b->btf, t))
			err = schema_event(b, id, t);
	}
	return err;
}

/* ---- tables ---- */

/* A value is an event, or begins with one: then there is room for its strings behind. 0: neither. */
static __u32 schema_table_event(const struct btf *btf, __u32 value)
{
	const struct btf_type *t = btf__type_by_id(btf, value);

	if (schema_is_event(btf, t))
		return value;
	if (!t || !btf_is_struct(t) || !btf_vlen(t) || btf_member_bit_offset(t, 0))
		return 0;
	value = btf_members(t)->type;
	return schema_is_event(btf, schema_strip(btf, &value)) ? value : 0;
}

static int schema_tables(struct schema_builder *b)
{
	const struct btf_type *var;
	struct pulsar_field *f;
	__u32 value;
	int err;

	for (size_t i = 0; i < b->tags_count; i++) {
		var = btf__type_by_id(b->btf, b->tags[i].type);
		if (strcmp(b->tags[i].text, "table") || !var || !btf_is_var(var))
			continue;
		value = schema_table_event(b->btf, schema_map_value(b->btf, var));
		if (!value)
			err = error_set(b->error, -EINVAL, "its values are not events");
		else
			err = schema_push(b, PULSAR_KIND_TABLE, schema_name(b->btf, var), &f);
		if (err)
			return error_prefix(b->error, err, "map %s: tag pulsar:table",
					    schema_name(b->btf, var));
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): errors are never 0, which it cannot see */
		f->event = value;
	}
	return 0;
}

/* ---- enumerators ---- */

/* What schema_enumerator() adds to. */
struct schema_group_at {
	struct schema_builder *b;
	__u32 number;
};

static int schema_enumerator(const char *name, __s64 value, __u64 mask, void *arg)
{
	struct schema_group_at *at = arg;
	struct pulsar_field *f;
	int err;

	err = schema_push(at->b, PULSAR_KIND_ENUMERATOR, name, &f);
	if (err)
		return error_prefix(at->b->error, err, "enumerator %s", name);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): as above */
	f->group = at->number;
	f->value = value;
	f->mask = mask;
	return 0;
}

static int schema_enumerators(struct schema_builder *b)
{
	int err = 0;

	for (size_t i = 0; i < b->groups_count && !err; i++) {
		struct schema_group_at at = { .b = b, .number = (__u32)i + 1 };

		err = schema_enum_each(b->btf, b->groups[i].type, b->groups[i].flags,
				       schema_enumerator, &at);
	}
	return err;
}

int schema_build(const struct btf *btf, const char *module, __u32 generation, struct schema *schema,
		 struct pin_error *error)
{
	struct schema_builder b = { .btf = btf, .error = error };
	struct pulsar_field *f;
	int err;

	f = schema_grow(&b, &b.out.fields, &b.out.count, sizeof(*f));
	if (!f) {
		err = -ENOMEM;
		goto out;
	}
	f->kind = PULSAR_KIND_SCHEMA;
	f->event = PULSAR_ABI;
	f->value = generation;
	/* The name of a module is not one of C: it may have a '-'. */
	strncpy(f->name, module, sizeof(f->name) - 1);
	err = schema_find_tags(&b);
	if (!err)
		err = schema_events(&b);
	if (!err)
		err = schema_tables(&b);
	if (!err)
		err = schema_enumerators(&b);
out:
	free(b.tags);
	free(b.groups);
	if (err)
		schema_release(&b.out);
	else
		*schema = b.out;
	return err;
}

void schema_release(struct schema *schema)
{
	if (!schema)
		return;
	free(schema->fields);
	memset(schema, 0, sizeof(*schema));
}
