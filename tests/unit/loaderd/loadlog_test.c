// SPDX-License-Identifier: Apache-2.0
/* What is read out of libbpf's warnings. */
#include <criterion/criterion.h>

#include "loadlog.h"

/* Texts as libbpf 1.1.2 printed them on Linux 6.18 and 6.1. */
static const char *const refused[] = {
	"libbpf: prog 'x__fentry': BPF program load failed: Operation not permitted\n",
	"libbpf: permission error while running as root; try raising 'ulimit -l'? current value: "
	"8.0 MiB\n",
	"libbpf: prog 'x__fentry': failed to load: -1\n",
	"libbpf: failed to load object 'bad'\n",
	NULL,
};

static const char *const no_target[] = {
	"libbpf: prog 'x__fentry': failed to find kernel BTF type ID of 'no_such': -3\n",
	"libbpf: prog 'x__fentry': failed to prepare load attributes: -3\n",
	NULL,
};

static const char *const verifier[] = {
	"libbpf: prog 'x__tp': BPF program load failed: Permission denied\n",
	"libbpf: prog 'x__tp': -- BEGIN PROG LOAD LOG --\n"
	"0: R1=ctx(off=0,imm=0) R10=fp0\n"
	"; return *q;\n"
	"1: (71) r0 = *(u8 *)(r1 +0)\n"
	"R1 invalid mem access 'scalar'\n"
	"verification time 110 usec\n"
	"stack depth 0\n"
	"processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0\n"
	"\n"
	"-- END PROG LOAD LOG --\n",
	"libbpf: prog 'x__tp': failed to load: -13\n",
	NULL,
};

static const char *const map[] = {
	"libbpf: Error in bpf_create_map_xattr(m):Invalid argument(-22). Retrying without BTF.\n",
	"libbpf: map 'm': failed to create: Invalid argument(-22)\n",
	NULL,
};

static const char *const map_then_program[] = {
	"libbpf: Error in bpf_create_map_xattr(m):Invalid argument(-22). Retrying without BTF.\n",
	"libbpf: prog 'x__tp': BPF program load failed: Invalid argument\n",
	NULL,
};

static const char *const odd[] = { "libbpf: prog 'x\n", "prog '': x", "", NULL };

static const struct {
	const char *const *messages;
	const char *program;
	const char *reason;
	bool verifier;
} rows[] = {
	{ refused, "x__fentry", "BPF program load failed: Operation not permitted", false },
	{ no_target, "x__fentry", "failed to find kernel BTF type ID of 'no_such': -3", false },
	{ verifier, "x__tp", "R1 invalid mem access 'scalar'", true },
	{ map, "", "Error in bpf_create_map_xattr(m):Invalid argument(-22). Retrying without BTF.",
	  false },
	{ map_then_program, "x__tp", "BPF program load failed: Invalid argument", false },
	{ odd, "", "prog 'x", false },
};

Test(loadlog, the_program_and_the_telling_line_are_found)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct loadlog log = { 0 };

		for (const char *const *m = rows[i].messages; *m; m++)
			loadlog_take(&log, *m);
		cr_expect_str_eq(log.program, rows[i].program, "row %zu", i);
		cr_expect_str_eq(log.reason, rows[i].reason, "row %zu", i);
		cr_expect_eq(log.verifier, rows[i].verifier, "row %zu", i);
	}
}
