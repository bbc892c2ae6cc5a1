# SPDX-License-Identifier: Apache-2.0
#
# Fuzzing: `make fuzz SECONDS=60` runs each target of tests/fuzz/AREA/ for so long, from its
# corpus in tests/fuzz/corpus/. Included by the Makefile.

FUZZ_DIR   := $(BUILD)/fuzz
FUZZ_FLAGS := -std=gnu11 -D_GNU_SOURCE -O1 -g -DPULSAR_VERSION='"$(VERSION)"' \
	      -DPULSAR_MODULES_DIR='"$(PREFIX)/lib/pulsar/modules"' \
	      -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
FUZZ_SECONDS = $(or $(SECONDS),60)

define fuzz_area
FUZZ_$(1) := $$(patsubst tests/fuzz/$(1)/%.c,$$(FUZZ_DIR)/%,$$(wildcard tests/fuzz/$(1)/*.c))
$$(FUZZ_DIR)/obj/$(1)/%.o: $(1)/%.c $$(BUILD)/.flags | $$(BUILD)/.deps
	@mkdir -p $$(@D)
	$$(call say,FUZZ,$$<)
	$$(Q)$$(CLANG) $$(FUZZ_FLAGS) $$(INC_$(1)) -MMD -MP -c $$< -o $$@
$$(FUZZ_$(1)): $$(FUZZ_DIR)/%: tests/fuzz/$(1)/%.c $$(patsubst %.c,$$(FUZZ_DIR)/obj/%.o,$$(LIBSRC_$(1)) $$(if $$(filter pin,$(1)),,$$(LIBSRC_pin)))
	$$(call say,FUZZ,$$@)
	$$(Q)$$(CLANG) $$(FUZZ_FLAGS) -fsanitize=fuzzer $$(INC_$(1)) -o $$@ $$^ $$(LIBS_$(1))
endef
$(foreach a,$(AREAS),$(eval $(call fuzz_area,$(a))))
FUZZ_ALL := $(foreach a,$(AREAS),$(FUZZ_$(a)))

.PHONY: fuzz fuzzers
fuzzers: $(FUZZ_ALL)

# New inputs go to a folder of the build; the corpus in the tree grows by hand.
fuzz:
	$(Q)scripts/deps.sh install build check
	$(Q)$(MAKE) --no-print-directory fuzzers
	$(Q)for target in $(FUZZ_ALL); do \
		name=$$(basename $$target); found=$(FUZZ_DIR)/found/$$name; mkdir -p $$found; \
		echo "== $$name"; \
		$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
			-artifact_prefix=$(FUZZ_DIR)/crash-$$name- $$found tests/fuzz/corpus/$$name > $(FUZZ_DIR)/$$name.log 2>&1 || \
			{ tail -n 40 $(FUZZ_DIR)/$$name.log; exit 1; }; \
		grep 'stat::number_of_executed_units' $(FUZZ_DIR)/$$name.log; \
	done
