# SPDX-License-Identifier: Apache-2.0
#
# The whole build. Files are found by their place: a new module is a new
# bpf/NAME.bpf.c, a new test a new file in tests/. See `make help`.

BUILD	?= build
PREFIX	?= /usr
CC	?= gcc
CLANG	?= clang
BPFTOOL	?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
STRIP_BPF ?= llvm-strip
PKG_CONFIG ?= pkg-config
# Kernel types come from this BTF; the objects run on other kernels too (CO-RE).
VMLINUX_BTF ?= /sys/kernel/btf/vmlinux
VERSION	:= 0.1.0

ifeq ($(origin CC),default)
CC	:= gcc
endif
ifdef SAN
BUILD	:= $(BUILD)/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif
ifdef COVERAGE
BUILD	:= $(BUILD)/coverage
CC	:= clang
SANFLAGS := -fprofile-instr-generate -fcoverage-mapping
CFLAGS	:= -O1 -g -mllvm -runtime-counter-relocation
endif
ifeq ($(V),)
Q	:= @
say	= @printf '  %-7s %s\n' $(1) $(2)
else
say	= @:
endif

ARCH	:= $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
WARN	:= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
CFLAGS	?= -O2 -g
FLAGS	:= -std=gnu11 -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -DPULSAR_VERSION='"$(VERSION)"' \
	   -DPULSAR_MODULES_DIR='"$(PREFIX)/lib/pulsar/modules"' -fstack-protector-strong -fPIE $(WARN) $(SANFLAGS)
LDFLAGS	+= -pie -Wl,-z,relro,-z,now $(SANFLAGS)

# Which folder may include what: the arrows of docs/design.md.
INC_pin	    := -Iinclude -Ipin
INC_loaderd := -Iinclude -Ipin -Iloaderd
INC_readers := -Iinclude -Ipin -Ireaders
INC_ctl	    := -Iinclude -Ipin -Ictl
LIBS_pin     = -lbpf
LIBS_loaderd = -lbpf -lelf -ljansson -linih -lseccomp -lcap-ng -lsystemd -lxxhash
LIBS_readers = -lbpf -lseccomp
LIBS_ctl     = -lbpf -ljansson -lmicrohttpd
AREAS	:= pin loaderd readers ctl

sources	= $(filter-out $(1)/main.c,$(wildcard $(1)/*.c $(1)/*/*.c))
objects	= $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
lib	= $(BUILD)/lib$(1).a

MODULES	:= $(patsubst bpf/%.bpf.c,$(BUILD)/modules/%.bpf.o,$(wildcard bpf/*.bpf.c))
BINARIES := $(BUILD)/pulsar-loaderd $(BUILD)/pulsar-reader $(BUILD)/pulsarctl

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help deps run check check-vm check-valgrind coverage lint clean install objects tests

all: $(BINARIES) $(MODULES)

help:
	@sed -n 's/^# help: //p' Makefile

# help: make              build everything into build/
# help: make deps         install the Debian packages that are missing
# help: make run          start loaderd with file-created and print events until Ctrl-C (SECONDS=N ends it)
# help: make check        build and run all tests (SAN=1: with address and undefined sanitizers)
# help: make check-valgrind  the unit tests under valgrind
# help: make coverage     lines of code that no test runs
# help: make lint         formatting, static analysis, licences, arrows between folders
# help: make check-instructions  what a line costs in instructions, against limits (callgrind)
# help: make check-vm     run the live tests on other kernels in QEMU (KERNELS="6.1 6.12")
# help: make check-deb    install, upgrade, remove and purge the Debian package on this machine
# help: make check-units  run the systemd units in QEMU
# help: make bench        compare with other tracers, and measure (root; BENCH=full, BENCH_JSON=FILE)
# help: make fuzz         run each fuzz target for SECONDS=60
# help: make install      install below PREFIX=/usr (DESTDIR); make uninstall
# help: make deb          a Debian package in build/deb/
# help: make clean        remove build/

deps:
	$(Q)scripts/deps.sh install build check

# Each compile waits for this: it says once, and by name, what is missing.
$(BUILD)/.deps: scripts/deps.sh scripts/packages
	@mkdir -p $(@D)
	$(Q)scripts/deps.sh check build
	@touch $@

# ---- libraries and binaries ----

define area
LIBSRC_$(1) := $$(call sources,$(1))
$$(BUILD)/obj/$(1)/%.o: $(1)/%.c $$(BUILD)/.flags | $$(BUILD)/.deps
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)
	$$(Q)$$(CC) $$(CFLAGS) $$(FLAGS) $$(INC_$(1)) -MMD -MP -c $$< -o $$@
$$(call lib,$(1)): $$(call objects,$$(LIBSRC_$(1))) $$(BUILD)/.sources
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$(filter %.o,$$^)
endef
$(foreach a,$(AREAS),$(eval $(call area,$(a))))

# Changes when the set of sources or the flags do, so that a deleted file is noticed too.
$(BUILD)/.sources: FORCE
	@mkdir -p $(@D)
	@echo '$(foreach a,$(AREAS),$(call sources,$(a)))' | cmp -s - $@ || \
	 echo '$(foreach a,$(AREAS),$(call sources,$(a)))' > $@
$(BUILD)/.flags: FORCE
	@mkdir -p $(@D)
	@echo "$(CC) $(CFLAGS) $(FLAGS)" | cmp -s - $@ || echo "$(CC) $(CFLAGS) $(FLAGS)" > $@
FORCE:

define binary
$(1): $$(BUILD)/obj/$(2)/main.o $$(call lib,$(2)) $$(call lib,pin)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) $$(LIBS_$(2))
endef
$(eval $(call binary,$(BUILD)/pulsar-loaderd,loaderd))
$(eval $(call binary,$(BUILD)/pulsar-reader,readers))
$(eval $(call binary,$(BUILD)/pulsarctl,ctl))

# ---- BPF objects ----

BPF_FLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Wall -Wextra -Werror \
	     -Wno-unused-parameter -Wno-missing-declarations -Iinclude -I$(BUILD)/bpf -Ibpf

$(BUILD)/bpf/vmlinux.h: $(VMLINUX_BTF) | $(BUILD)/.deps
	@mkdir -p $(@D)
	$(call say,BTF,$@)
	$(Q)$(BPFTOOL) btf dump file $(VMLINUX_BTF) format c > $@

define bpf_object
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) $(BPF_FLAGS) -MMD -MP -c $< -o $@
	$(Q)$(STRIP_BPF) -g $@
endef
$(BUILD)/modules/%.bpf.o: bpf/%.bpf.c $(BUILD)/bpf/vmlinux.h
	$(bpf_object)

# ---- tests: one criterion binary per area ----

TEST_BPF := $(foreach f,$(wildcard tests/*/*/bpf/*.bpf.c tests/*/bpf/*.bpf.c),$(BUILD)/tests/bpf/$(notdir $(f:.bpf.c=.bpf.o)))
vpath %.bpf.c $(sort $(dir $(wildcard tests/*/*/bpf/*.bpf.c tests/*/bpf/*.bpf.c)))
$(BUILD)/tests/bpf/%.bpf.o: %.bpf.c $(BUILD)/bpf/vmlinux.h
	$(bpf_object)

TEST_FLAGS = -Itests/support -DPULSAR_TEST_BPF_DIR='"$(abspath $(BUILD))/tests/bpf"' \
	     -DPULSAR_TEST_BUILD='"$(abspath $(BUILD))"' -DPULSAR_TEST_SOURCE='"$(CURDIR)"'
SUPPORT	:= $(call objects,$(wildcard tests/support/*.c))

$(BUILD)/obj/tests/support/%.o: tests/support/%.c $(BUILD)/.flags | $(BUILD)/.deps
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) $(FLAGS) $(TEST_FLAGS) -Iinclude -Ipin -MMD -MP -c $< -o $@

define unit
$$(BUILD)/obj/tests/unit/$(1)/%.o: tests/unit/$(1)/%.c $$(BUILD)/.flags | $$(BUILD)/.deps
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)
	$$(Q)$$(CC) $$(CFLAGS) $$(FLAGS) $$(INC_$(1)) $$(TEST_FLAGS) -MMD -MP -c $$< -o $$@
$$(BUILD)/tests/unit-$(1): $$(call objects,$$(wildcard tests/unit/$(1)/*.c)) $$(BUILD)/obj/tests/support/scale.o $$(call lib,$(1)) $$(call lib,pin) | $$(TEST_BPF)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) -lcriterion -ljansson $$(LIBS_$(1))
endef
$(foreach a,$(AREAS),$(eval $(call unit,$(a))))

# The kit is tested by itself: no area, but what all live tests are linked with.
$(BUILD)/obj/tests/unit/kit/%.o: tests/unit/kit/%.c $(BUILD)/.flags | $(BUILD)/.deps
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) $(FLAGS) $(TEST_FLAGS) -Iinclude -Ipin -MMD -MP -c $< -o $@
$(BUILD)/tests/unit-kit: $(call objects,$(wildcard tests/unit/kit/*.c)) $(SUPPORT)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -lcriterion -ljansson -lbpf

UNIT	:= $(BUILD)/tests/unit-kit $(foreach a,$(AREAS),$(if $(wildcard tests/unit/$(a)/*.c),$(BUILD)/tests/unit-$(a)))
LIVE	:= $(if $(wildcard tests/live/*.c),$(BUILD)/tests/live)

$(BUILD)/obj/tests/live/%.o: tests/live/%.c $(BUILD)/.flags | $(BUILD)/.deps
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) $(FLAGS) $(TEST_FLAGS) -Iinclude -Ipin -MMD -MP -c $< -o $@
$(BUILD)/tests/live: $(call objects,$(wildcard tests/live/*.c)) $(SUPPORT) $(call lib,pin) | $(BINARIES) $(MODULES) $(TEST_BPF) $(BUILD)/tests/nothing
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcriterion -ljansson -lbpf
$(BUILD)/tests/nothing: tests/live/programs/nothing.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -static -O2 $< -o $@

tests: $(UNIT) $(LIVE)

# Nothing is installed that systemd would start as a service of this machine; its tests are skipped then.
check:
	$(Q)scripts/deps.sh install build check $(if $(wildcard /run/systemd/system),,check-daemon)
	$(Q)$(MAKE) --no-print-directory all tests
	$(Q)tests/run $(UNIT) $(LIVE)

# Formatting, static analysis, licences, arrows between the folders.
lint:
	$(Q)scripts/lint.sh

# The unit tests under memcheck.
check-valgrind:
	$(Q)scripts/deps.sh install build check
	$(Q)$(MAKE) --no-print-directory all tests
	$(Q)tests/valgrind/check $(UNIT)

# Lines that no test runs.
coverage:
	$(Q)scripts/deps.sh install build check
	$(Q)$(MAKE) --no-print-directory COVERAGE=1 all tests
	$(Q)tests/coverage/report $(abspath $(BUILD))/coverage

check-vm:
	$(Q)scripts/deps.sh install build check
	$(Q)$(MAKE) --no-print-directory all tests
	$(Q)BUILD=$(abspath $(BUILD)) tests/vm/check

run:
	$(Q)scripts/deps.sh install build check
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/run.sh $(BUILD) $(SECONDS)

include $(wildcard tests/*/build.mk) install.mk

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -path $(BUILD)/deb -prune -o -name '*.d' -print 2>/dev/null)
