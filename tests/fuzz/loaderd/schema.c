// SPDX-License-Identifier: Apache-2.0
/*
 * Any BTF as that of a module. The input is the section .BTF of an object. That it is
 * well-formed as such is for libbpf to say; what the types are is not.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* What a reader may take for granted of an entry. */
static void check_field(const struct pulsar_field *f)
{
	must(memchr(f->name, '\0', sizeof(f->name)) != NULL);
	must(f->kind != PULSAR_KIND_NONE);
	if (f->kind == PULSAR_KIND_EVENT) {
		must(f->event && f->event <= 0xffff);
		must(f->size >= sizeof(struct pulsar_event));
	}
	if (f->kind >= PULSAR_KIND_UINT) {
		must(f->size > 0);
		must(f->offset >= sizeof(struct pulsar_event));
		must((unsigned long long)f->offset + f->size <= 65000);
	}
	if (f->kind == PULSAR_KIND_ENUM || f->kind == PULSAR_KIND_FLAGS)
		must(f->group > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pin_error error = { "" };
	struct schema schema = { 0 };
	struct btf *btf;
	int err;

	libbpf_set_print(quiet);
	btf = btf__new(data, (uint32_t)size);
	if (!btf)
		return 0;
	err = schema_build(btf, "fuzz", 1, &schema, &error);
	must(err == 0 || err == -EINVAL);
	must(err == 0 || error.text[0]);
	for (size_t i = 0; i < schema.count; i++)
		check_field(&schema.fields[i]);
	must(err == 0 || schema.count == 0);
	schema_release(&schema);
	btf__free(btf);
	return 0;
}
