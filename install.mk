# SPDX-License-Identifier: Apache-2.0
#
# make install, uninstall, deb. Included by the Makefile.

SYSTEMD_DIR  ?= $(PREFIX)/lib/systemd/system
SYSUSERS_DIR ?= $(PREFIX)/lib/sysusers.d
TMPFILES_DIR ?= $(PREFIX)/lib/tmpfiles.d
LIB	     := $(DESTDIR)$(PREFIX)/lib
INCLUDE	     := $(DESTDIR)$(PREFIX)/include/pulsar
INSTALL	     := install -D -m

# The kit for whoever tests probes of their own: as in tests/, but it runs what is installed.
KIT_OBJECTS := $(patsubst tests/support/%.c,$(BUILD)/kit/%.o,$(wildcard tests/support/*.c))
$(BUILD)/kit/%.o: tests/support/%.c $(BUILD)/.flags | $(BUILD)/.deps
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) $(FLAGS) -Itests/support -Iinclude -Ipin -MMD -MP -c $< -o $@
$(BUILD)/libpulsar-test.a: $(KIT_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(BUILD)/pulsar.pc $(BUILD)/pulsar-test.pc: $(BUILD)/%.pc: systemd/%.pc.in
	$(Q)sed 's|@PREFIX@|$(PREFIX)|g; s|@VERSION@|$(VERSION)|g' $< > $@

MANUALS := $(wildcard docs/man/*.[1-8])

.PHONY: install uninstall deb check-deb check-units
install: all $(BUILD)/libpulsar-test.a $(BUILD)/pulsar.pc $(BUILD)/pulsar-test.pc
	$(Q)$(INSTALL) 755 $(BUILD)/pulsar-loaderd $(DESTDIR)$(PREFIX)/sbin/pulsar-loaderd
	$(Q)$(INSTALL) 755 $(BUILD)/pulsar-reader $(DESTDIR)$(PREFIX)/bin/pulsar-reader
	$(Q)$(INSTALL) 755 $(BUILD)/pulsarctl $(DESTDIR)$(PREFIX)/bin/pulsarctl
	$(Q)for m in $(MODULES); do $(INSTALL) 644 $$m $(LIB)/pulsar/modules/$$(basename $$m); done
	$(Q)for h in include/pulsar/*.h; do $(INSTALL) 644 $$h $(INCLUDE)/$$(basename $$h); done
	$(Q)for h in bpf/*.bpf.h; do $(INSTALL) 644 $$h $(INCLUDE)/bpf/$$(basename $$h); done
	$(Q)$(INSTALL) 644 tests/support/pulsar-test.h $(INCLUDE)/pulsar-test.h
	$(Q)$(INSTALL) 644 $(BUILD)/libpulsar-test.a $(LIB)/libpulsar-test.a
	$(Q)for p in pulsar pulsar-test; do $(INSTALL) 644 $(BUILD)/$$p.pc $(DESTDIR)$(PREFIX)/share/pkgconfig/$$p.pc; done
	$(Q)$(INSTALL) 644 docs/grafana/pulsar.json $(DESTDIR)$(PREFIX)/share/pulsar/grafana.json
	$(Q)for u in systemd/*.service; do $(INSTALL) 644 $$u $(DESTDIR)$(SYSTEMD_DIR)/$$(basename $$u); done
	$(Q)$(INSTALL) 644 systemd/pulsar.sysusers $(DESTDIR)$(SYSUSERS_DIR)/pulsar.conf
	$(Q)$(INSTALL) 644 systemd/pulsar.tmpfiles $(DESTDIR)$(TMPFILES_DIR)/pulsar.conf
	$(Q)for m in $(MANUALS); do $(INSTALL) 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$$(basename $$m); done

uninstall:
	$(Q)rm -f $(DESTDIR)$(PREFIX)/sbin/pulsar-loaderd $(DESTDIR)$(PREFIX)/bin/pulsar-reader $(DESTDIR)$(PREFIX)/bin/pulsarctl
	$(Q)rm -rf $(LIB)/pulsar $(INCLUDE) $(DESTDIR)$(PREFIX)/share/pulsar
	$(Q)rm -f $(LIB)/libpulsar-test.a $(DESTDIR)$(PREFIX)/share/pkgconfig/pulsar.pc $(DESTDIR)$(PREFIX)/share/pkgconfig/pulsar-test.pc
	$(Q)for u in systemd/*.service; do rm -f $(DESTDIR)$(SYSTEMD_DIR)/$$(basename $$u); done
	$(Q)rm -f $(DESTDIR)$(SYSUSERS_DIR)/pulsar.conf $(DESTDIR)$(TMPFILES_DIR)/pulsar.conf
	$(Q)for m in $(MANUALS); do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$$(basename $$m); done

# The package is made from a copy, so that nothing of it is left in the tree.
deb:
	$(Q)scripts/deps.sh install build deb
	$(Q)rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb/pulsar
	$(Q)git ls-files -z | xargs -0 cp --parents -t $(BUILD)/deb/pulsar
	$(Q)cp -r packaging/debian $(BUILD)/deb/pulsar/debian
	$(Q)cd $(BUILD)/deb/pulsar && dpkg-buildpackage -us -uc -b -rfakeroot > ../build.log 2>&1 || { tail -n 30 ../build.log; exit 1; }
	$(Q)ls $(BUILD)/deb/*.deb

# On this machine, so not a part of check; they are skipped, with the reason, where a Pulsar is, or systemd runs.
check-deb: deb
	$(Q)tests/package/check $(BUILD)/deb/pulsar_$(VERSION)_*.deb

check-units: all $(BUILD)/libpulsar-test.a
	$(Q)BUILD=$(abspath $(BUILD)) tests/vm/units
