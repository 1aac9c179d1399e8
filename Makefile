# Bulkhead: one description, one machine, several systems. `make help` says what there is.
#
# Output of a description goes to build/<name>/ (name: the file's, `default` for system.yaml).
# V=1 shows commands. Every target first installs what it needs (scripts/install.sh); a stamp
# makes the second time instant.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := image

SYSTEM  ?= system.yaml
FLAVOUR ?=
PYTHON  := /usr/bin/python3
QEMU    ?= qemu-system-aarch64
Q       := $(if $(V),,@)

stem := $(basename $(notdir $(SYSTEM)))
NAME := $(if $(filter system,$(stem)),default,$(stem))$(if $(FLAVOUR),-$(FLAVOUR))
OUT  := build/$(NAME)
say   = @printf '\n== %s\n' "$(1)"

export PYTHONDONTWRITEBYTECODE := 1

.PHONY: image run test check debug clean guests help install system-tests

help:
	@echo 'Bulkhead: partitions one Arm machine as system.yaml says.'
	@echo
	@echo '  make            compile the description into build/<name>/bulkhead.img'
	@echo '  make run        compile and start it in QEMU; leave QEMU with ctrl-a x'
	@echo '  make test       everything: make check, then the systems in QEMU'
	@echo '  make check      lint, unit and generator tests, in about a minute'
	@echo '  make debug      start stopped in QEMU, with GDB at the entry of EL2'
	@echo '  make guests     fetch and compile the guests only (build/guests)'
	@echo '  make clean      remove build/ (downloads stay in .cache/)'
	@echo
	@echo '  SYSTEM=systems/uboot.yaml   another description   (now: $(SYSTEM))'
	@echo '  FLAVOUR=ubsan               EL2 with undefined-behaviour traps'
	@echo '  QEMU_FLAGS="-icount ..."    further arguments for QEMU'
	@echo '  V=1                         show the commands'
	@echo
	@echo 'By itself: $(PYTHON) -m generator --help     Guests: docs/guests.md'

# --- what is needed -------------------------------------------------------------------------

install:
	@scripts/install.sh

guests: install
	@$(MAKE) -f vm-images/build.mk

# --- compile --------------------------------------------------------------------------------

image: guests
	$(call say,$(SYSTEM) -> $(OUT))
	$(Q)$(PYTHON) -m generator build $(SYSTEM) --out $(OUT)
	$(Q)$(MAKE) -f runtime/build.mk OUT=$(OUT) FLAVOUR=$(FLAVOUR)

# --- run ------------------------------------------------------------------------------------

run: image
	$(call say,QEMU: $(OUT)/bulkhead.img)
	@scripts/qemu.sh $(OUT) $(QEMU_FLAGS)

debug: image
	$(call say,QEMU stopped; GDB connects and stops at _start)
	@scripts/debug.sh $(OUT) $(QEMU_FLAGS)

# --- tests ----------------------------------------------------------------------------------

check: install
	$(Q)scripts/check.sh

test: check guests
	$(call say,systems in QEMU)
	$(Q)$(PYTHON) -m pytest -q -p no:cacheprovider tests/system

clean:
	rm -rf build
