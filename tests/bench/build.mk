# SPDX-License-Identifier: Apache-2.0
#
# The benchmark: `make bench`. Included by the Makefile.

BENCH_DIR := $(BUILD)/bench
BENCH_OBJ := $(BUILD)/obj/tests/bench
# Each of these is a program of its own; the other files are the driver's.
BENCH_OWN := load instructions
BENCH_SRC := $(filter-out $(BENCH_OWN:%=tests/bench/%.c),$(wildcard tests/bench/*.c))
# loaderd wants all objects of a run in one folder.
BENCH_MODULES := $(BENCH_DIR)/modules/flood.bpf.o $(patsubst $(BUILD)/%,$(BENCH_DIR)/%,$(MODULES))
BENCH_ALL := $(patsubst %,$(BENCH_DIR)/%,bench bench-load bench-bare bare.bpf.o) \
	     $(BENCH_MODULES)

$(BENCH_OBJ)/%.o: tests/bench/%.c $(BUILD)/.flags | $(BUILD)/.deps
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) $(FLAGS) $(INC_readers) \
	 -DBENCH_BARE_OBJECT='"$(abspath $(BENCH_DIR))/bare.bpf.o"' -MMD -MP -c $< -o $@

define bench_link
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) -lbpf -lseccomp -lm
endef
$(BENCH_DIR)/bench: $(BENCH_SRC:tests/%.c=$(BUILD)/obj/tests/%.o) $(call lib,readers)
	$(bench_link)
$(BENCH_DIR)/bench-load: $(BENCH_OBJ)/load.o
	$(bench_link)
$(BENCH_DIR)/instructions: $(BENCH_OBJ)/instructions.o $(BENCH_OBJ)/record.o $(call lib,readers)
	$(bench_link)
$(BENCH_DIR)/bench-bare: $(BENCH_OBJ)/bare/bare.o
	$(bench_link)

$(BENCH_DIR)/bare.bpf.o: tests/bench/bare/bare.bpf.c $(BUILD)/bpf/vmlinux.h
	$(bpf_object)
$(BENCH_DIR)/modules/flood.bpf.o: $(BUILD)/tests/bpf/flood.bpf.o
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(BENCH_DIR)/modules/%.bpf.o: $(BUILD)/modules/%.bpf.o
	@mkdir -p $(@D)
	$(Q)cp $< $@

.PHONY: bench check-instructions
bench:
	$(Q)scripts/deps.sh install build bench
	$(Q)$(MAKE) --no-print-directory all $(BENCH_ALL)
	$(Q)$(BENCH_DIR)/bench $(abspath $(BUILD)) $(SECTIONS)

check-instructions: $(BENCH_DIR)/instructions
	$(Q)scripts/instructions.sh $< tests/bench/instructions.limits
