// SPDX-License-Identifier: Apache-2.0
/* Objects opened: programs in source order, places of maps, layouts of values. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"
#include "layout.h"
#include "object.h"
#include "place.h"

/* In memory rather than by object_read(): who owns the build folder is not what is tested here. */
static struct object *read_object(const char *name)
{
	struct object *object = calloc(1, sizeof(*object));
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.bpf.o", PULSAR_TEST_BPF_DIR, name);
	file = fopen(path, "re");
	cr_assert(object && file, "%s: %s", path, strerror(errno));
	strcpy(object->name, name);
	object->path = strdup(path);
	object->data = malloc(1 << 20);
	cr_assert(object->path && object->data);
	object->size = fread(object->data, 1, 1 << 20, file);
	fclose(file);
	return object;
}

struct opened {
	struct object *object;
	struct image *image;
};

static struct opened open_image(const char *name)
{
	struct opened o = { .object = read_object(name) };
	struct pin_error error;

	o.image = image_open(o.object, &error);
	cr_assert(o.image, "%s", error.text);
	return o;
}

static void close_image(struct opened *o)
{
	image_free(o->image);
	object_free(o->object);
}

Test(image, programs_are_in_source_order_although_hooks_share_sections)
{
	static const char *const order[] = { "one__tp", "two__fentry", "two__tp__mkdir",
					     "two__tp__other" };
	struct opened o = open_image("every-kind");

	cr_assert_eq(o.image->count, 4);
	for (size_t i = 0; i < 4; i++)
		cr_expect_str_eq(o.image->programs[i].name, order[i]);
	cr_expect_eq(o.image->programs[0].kind, KIND_TP);
	cr_expect_eq(o.image->programs[1].kind, KIND_FENTRY);
	close_image(&o);
}

Test(image, bytes_that_are_no_object_are_told_so)
{
	static char bytes[] =
		"this is not ELF, but it is long enough to look for a header in it .....";
	struct object object = {
		.name = "x", .path = "dir/x.bpf.o", .data = bytes, .size = sizeof(bytes)
	};
	struct pin_error error = { "" };

	cr_expect_null(image_open(&object, &error));
	cr_expect_eq(errno, EINVAL);
	cr_expect(strstr(error.text, "dir/x.bpf.o: not a BPF object: "), "%s", error.text);
}

Test(image, maps_have_their_places)
{
	static const struct {
		const char *map;
		enum place_owner owner;
		const char *pin;
		bool public, keep;
	} rows[] = {
		{ "events", PLACE_MODULE, "events", true, true },
		{ "counters", PLACE_MODULE, "counters", true, true },
		{ "schema", PLACE_MODULE, "schema", true, false },
		{ "meta", PLACE_MODULE, "meta", true, false },
		{ "control", PLACE_MODULE, "maps/control", false, true },
		{ "subscriptions", PLACE_MODULE, "maps/subscriptions", false, true },
		{ "scratch", PLACE_NOWHERE, "", false, false },
		{ ".rodata", PLACE_NOWHERE, "", false, false },
		{ "numbers", PLACE_MODULE, "maps/numbers", true, true },
		{ "private_map", PLACE_MODULE, "maps/private_map", false, true },
		{ "public_map", PLACE_MODULE, "maps/public_map", true, true },
		/* Without a pin root there is no core to take it from. */
		{ "core_processes", PLACE_MODULE, "maps/core_processes", false, true },
	};
	struct opened o = open_image("every-kind");

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bpf_map *map = image_map(o.image, rows[i].map);
		struct place place;

		cr_assert(map, "%s", rows[i].map);
		place_of(o.image, map, NULL, &place);
		cr_expect_eq(place.owner, rows[i].owner, "%s", rows[i].map);
		cr_expect_str_eq(place.pin, rows[i].pin);
		cr_expect_eq(place.keep, rows[i].keep, "%s", rows[i].map);
		if (place.owner == PLACE_MODULE && strncmp(rows[i].map, "core_", 5))
			cr_expect_eq(place.public, rows[i].public, "%s", rows[i].map);
	}
	close_image(&o);
}

/* ---- layouts ---- */

/* struct value { a; b[count]; } with a member of that name and size. */
static struct btf *value_btf(const char *name, __u32 bytes, __u32 count, int *id)
{
	struct btf *btf = btf__new_empty();
	int number, array, outer;

	cr_assert(btf);
	number = btf__add_int(btf, "unsigned", bytes, 0);
	outer = btf__add_typedef(btf, "number", number);
	array = btf__add_array(btf, number, number, count);
	*id = btf__add_struct(btf, "value", 64);
	cr_assert_eq(btf__add_field(btf, name, outer, 0, 0), 0);
	cr_assert_eq(btf__add_field(btf, "b", array, 64, 0), 0);
	return btf;
}

Test(layout, values_are_equal_down_to_the_names_of_their_members)
{
	static const struct {
		const char *name;
		__u32 bytes, count;
		bool equal;
	} rows[] = {
		{ "a", 4, 3, true },
		{ "other", 4, 3, false },
		{ "a", 8, 3, false },
		{ "a", 4, 4, false },
	};
	struct btf *first, *second;
	int first_id, second_id;

	first = value_btf("a", 4, 3, &first_id);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		second = value_btf(rows[i].name, rows[i].bytes, rows[i].count, &second_id);
		cr_expect_eq(layout_equal(first, (__u32)first_id, second, (__u32)second_id),
			     rows[i].equal, "row %zu", i);
		btf__free(second);
	}
	cr_expect_not(layout_equal(first, (__u32)first_id, first, 999), "a type that is not there");
	btf__free(first);
}
