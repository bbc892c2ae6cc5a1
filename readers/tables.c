// SPDX-License-Identifier: Apache-2.0
/* Reads tables with BPF_MAP_LOOKUP_BATCH, bpf(2). */
#include "tables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "log.h"
#include "map.h"
#include "now.h"
#include "plan_event.h"
#include "rows.h"

#define BATCH_FIRST 64
#define BATCH_MAX   65536
/* A row that has been away for so long will not come as an event any more. */
#define FORGET_NS   (60 * NSEC_PER_SEC)

/* One table while it is looked at. */
struct look {
	struct tables *tables;
	const struct plan *plan;
	const struct plan_table *table;
	struct lines *lines;
	int (*flush)(void *arg);
	void *arg;
	__u64 *left;
	__u64 now_ns; /* CLOCK_BOOTTIME */
	int fd;
	__u32 key_size, value_size; /* as in the map */
	__u32 stride;		    /* of the values */
	__u32 batch;		    /* entries for one system call */
	bool bad;		    /* a row made no sense */
	int failed;		    /* what flush() returned */
};

void tables_init(struct tables *tables, const char *pin_root, const char *module, __u64 interval_ns,
		 __u64 now_ns)
{
	*tables = (struct tables){
		.pin_root = pin_root,
		.module = module,
		.interval_ns = interval_ns,
		.due_ns = now_ns + interval_ns,
	};
}

void tables_release(struct tables *tables)
{
	free(tables->keys);
	free(tables->values);
	memset(tables, 0, sizeof(*tables));
}

bool tables_wanted(const struct plan *plan)
{
	for (size_t i = 0; i < plan->table_count; i++) {
		if (plan->tables[i].event->selected)
			return true;
	}
	return false;
}

/* ---- one table ---- */

static int look_open(struct look *look, struct pin_error *error)
{
	const struct tables *t = look->tables;
	char pin[PULSAR_FIELD_NAME_LEN + 8];
	struct bpf_map_info info;
	int err;

	snprintf(pin, sizeof(pin), "maps/%s", look->table->name);
	look->fd = pin_reader_open(t->pin_root, t->module, pin, NULL, error);
	if (look->fd < 0)
		return look->fd;
	err = map_info(look->fd, &info);
	/* Those of a CPU each have several values, and some cannot be read through. */
	if (!err && ((info.type != BPF_MAP_TYPE_HASH && info.type != BPF_MAP_TYPE_ARRAY &&
		      info.type != BPF_MAP_TYPE_LRU_HASH) ||
		     info.key_size > ROW_KEY_MAX || info.value_size < look->table->event->size ||
		     info.value_size > RING_RECORD_MAX))
		err = -EPROTO;
	if (err) {
		snprintf(error->text, sizeof(error->text), "table %s: %s", look->table->name,
			 strerror(-err));
		close(look->fd);
		return err;
	}
	look->key_size = info.key_size;
	look->value_size = info.value_size;
	look->stride = (info.value_size + 7) & ~7u;
	look->batch = info.max_entries < BATCH_FIRST ? info.max_entries : BATCH_FIRST;
	return 0;
}

static int buffer_reserve(unsigned char **buffer, size_t *have, size_t size)
{
	unsigned char *more;

	if (size <= *have)
		return 0;
	more = realloc(*buffer, size);
	if (!more)
		return -ENOMEM;
	*buffer = more;
	*have = size;
	return 0;
}

static int look_reserve(struct look *look)
{
	struct tables *t = look->tables;
	int err;

	err = buffer_reserve(&t->keys, &t->keys_size, (size_t)look->batch * look->key_size);
	if (err)
		return err;
	return buffer_reserve(&t->values, &t->values_size, (size_t)look->batch * look->stride);
}

static void look_row(struct look *look, __u32 i)
{
	const struct tables *t = look->tables;
	struct table_row row = {
		.event = look->table->event,
		.key = t->keys + (size_t)i * look->key_size,
		.key_size = look->key_size,
		.value = t->values + (size_t)i * look->stride,
		.value_size = look->value_size,
		.time_ns = look->now_ns,
	};
	enum encode_result result = lines_row(look->lines, look->plan, &row);

	if (result == LINE_FULL) {
		look->failed = look->flush(look->arg);
		if (look->failed)
			return;
		result = lines_row(look->lines, look->plan, &row);
	}
	look->bad |= result == LINE_BAD;
	if (result == LINE_OK && *look->left != ~0ull)
		--*look->left;
}

static bool look_ends(const struct look *look)
{
	return look->failed || !*look->left;
}

/* The last batch of a table comes with -ENOENT. */
static int look_batches(struct look *look)
{
	struct tables *t = look->tables;
	unsigned char at[ROW_KEY_MAX],
		next[ROW_KEY_MAX]; /* where a batch begins: a number, or a key */
	bool begun = false;
	int err = 0;

	while (!err && !look_ends(look)) {
		__u32 count = look->batch;

		err = look_reserve(look);
		if (err)
			return err;
		err = bpf_map_lookup_batch(look->fd, begun ? at : NULL, next, t->keys, t->values,
					   &count, NULL);
		/* There is more in one bucket of a hash than there is room for. */
		if (err == -ENOSPC && look->batch < BATCH_MAX) {
			look->batch *= 2;
			err = 0;
			continue;
		}
		if (err && err != -ENOENT)
			return err;
		for (__u32 i = 0; i < count && !look_ends(look); i++)
			look_row(look, i);
		memcpy(at, next, sizeof(at));
		begun = true;
	}
	return look->bad ? -EPROTO : 0;
}

/* `bit` remembers what was logged. */
static void look_table(struct look *look, __u32 bit)
{
	struct tables *t = look->tables;
	struct pin_error error;
	int err;

	err = look_open(look, &error);
	if (!err) {
		err = look_batches(look);
		close(look->fd);
		snprintf(error.text, sizeof(error.text), "table %s: %s", look->table->name,
			 strerror(-err));
	}
	if (err && !(t->warned & bit))
		log_warn("%s", error.text);
	t->warned = err ? t->warned | bit : t->warned & ~bit;
}

int tables_look(struct tables *tables, const struct plan *plan, struct lines *lines,
		int (*flush)(void *arg), void *arg, __u64 *left)
{
	struct look look = {
		.tables = tables,
		.plan = plan,
		.lines = lines,
		.flush = flush,
		.arg = arg,
		.left = left,
		.now_ns = now_ns(CLOCK_BOOTTIME),
	};

	tables->due_ns = now_ns(CLOCK_MONOTONIC) + tables->interval_ns;
	for (size_t i = 0; i < plan->table_count && !look_ends(&look); i++) {
		look.table = &plan->tables[i];
		look.bad = false;
		if (look.table->event->selected)
			look_table(&look, 1u << i);
	}
	rows_sweep(lines->rows, look.now_ns, FORGET_NS);
	if (look.failed)
		return look.failed;
	return lines->out.len ? flush(arg) : 0;
}
