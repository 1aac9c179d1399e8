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

# In QEMU time counts instructions (2 ns each), so that a busy host makes no code slower; while all
# CPUs sleep it is the host's, which QEMU may notice late. With sleep=off it jumps over sleep. Without
# any of this (QEMU_FLAGS=), time is the host's and each CPU has a thread of its own.
QEMU_FLAGS ?= -icount shift=1,sleep=on

stem := $(basename $(notdir $(SYSTEM)))
NAME := $(if $(filter system,$(stem)),default,$(stem))
OUT  := build/$(NAME)
IMAGE := $(OUT)/bulkhead$(if $(FLAVOUR),-$(FLAVOUR)).img
say   = @printf '\n== %s\n' "$(1)"

export FLAVOUR
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: image compile run test check debug clean guests help install verify evidence repro bench \
        bound

help:
	@echo 'Bulkhead: partitions one Arm machine as system.yaml says.'
	@echo
	@echo '  make            compile the description into build/<name>/bulkhead.img'
	@echo '  make run        compile and start it in QEMU; leave QEMU with ctrl-a x'
	@echo '  make test       everything: make check, then the systems in QEMU'
	@echo '  make bench      what each exit costs, in instructions, against the record'
	@echo '  make check      lint, unit and generator tests, in about a minute'
	@echo '  make debug      start stopped in QEMU, with GDB at the entry of EL2'
	@echo '  make verify     prove on the finished ELF that it isolates what the description says'
	@echo '  make evidence   build/<name>/evidence/evidence.html: proofs, maps, tests, materials'
	@echo '  make bound      how many instructions each kind of exit takes at most, and did in a fuzz run'
	@echo '  make repro      build twice in two different places and compare every byte'
	@echo '  make guests     fetch and compile the guests only (build/guests)'
	@echo '  make clean      remove build/ (downloads stay in .cache/)'
	@echo
	@echo '  SYSTEM=systems/uboot.yaml   another description   (now: $(SYSTEM))'
	@echo '  FLAVOUR=ubsan               EL2 with undefined-behaviour traps'
	@echo '  QEMU_FLAGS=                 QEMU in host time (now: $(QEMU_FLAGS))'
	@echo '  V=1                         show the commands'
	@echo
	@echo 'By itself: $(PYTHON) -m generator --help     Guests: docs/guests.md'

# --- what is needed -------------------------------------------------------------------------

install:
	@scripts/install.sh

guests: install
	@$(MAKE) -f vm-images/build.mk

# --- compile --------------------------------------------------------------------------------

image: guests compile

# The description's compiler, then the runtime's; the last line names the output.
compile:
	$(call say,$(SYSTEM) -> $(OUT))
	$(Q)$(PYTHON) -m generator build $(SYSTEM) --out $(OUT)
	$(Q)$(MAKE) -f runtime/build.mk OUT=$(OUT) FLAVOUR=$(FLAVOUR)
	@echo '  READY   $(OUT)'

# --- run ------------------------------------------------------------------------------------

run: image
	$(call say,QEMU: $(IMAGE); ctrl-] moves the input where the hypervisor has a console, ctrl-a x ends)
	@scripts/qemu.sh $(OUT) $(QEMU_FLAGS)

debug: image
	$(call say,QEMU stopped; GDB connects and stops at _start)
	@scripts/debug.sh $(OUT) $(QEMU_FLAGS)

# --- evidence -------------------------------------------------------------------------------

verify: image
	$(call say,$(SYSTEM) against $(OUT)/bulkhead.elf)
	@$(PYTHON) -m verifier --elf $(OUT)/bulkhead$(if $(FLAVOUR),-$(FLAVOUR)).elf --description $(SYSTEM)

# The page is written whatever the answers are; the exit status says whether one of them is "no".
evidence: image
	@$(MAKE) bound || echo '  NO      the page says it too'
	$(call say,$(SYSTEM): double build)
	@scripts/repro.sh $(SYSTEM) $(OUT) || echo '  NO      the page says it too'
	$(call say,$(SYSTEM) -> $(OUT)/evidence)
	@$(PYTHON) -m evidence collect $(OUT) --description $(SYSTEM)

# The bound is of SYSTEM; what is measured beside it is of the fuzz system, with its own bound.
bound: image
	@$(MAKE) compile SYSTEM=systems/test-fuzz.yaml FLAVOUR=
	$(call say,$(SYSTEM): worst case of each exit; the fuzz system is measured)
	@$(PYTHON) -m evidence.bound $(OUT) --fuzz build/test-fuzz

repro: guests
	$(call say,$(SYSTEM): double build)
	@scripts/repro.sh $(SYSTEM) $(OUT)

# --- tests ----------------------------------------------------------------------------------

check: install
	$(Q)scripts/check.sh

SUITE = scripts/suite.sh $(1) $(PYTHON) -m pytest -q -p no:cacheprovider $(2) --junitxml=%JUNIT% tests/$(1)

# The first two work in folders of their own, side by side; the verifier's words come when both are done.
test: check guests
	$(call say,verifier: wrong images and damaged ones are rejected)
	$(call say,evidence: the page in a browser)
	$(Q)setsid --wait $(call SUITE,verifier) >build/verifier.log 2>&1 & verifier=$$!; \
	  trap "kill -- -$$verifier" INT TERM; \
	  $(call SUITE,evidence); status=$$?; \
	  wait $$verifier || status=1; cat build/verifier.log; exit $$status
	$(call say,systems in QEMU)
	$(Q)$(call SUITE,system,-n 2)

# RECORD='reason' makes the figures of this run the record (docs/bench.json) and writes its pages.
BENCHES := bench bench-2 bench-4 bench-8
bench: guests
	@for name in $(BENCHES) bench-silent; do \
	  $(MAKE) compile SYSTEM=systems/$$name.yaml FLAVOUR= || exit; done
	@$(PYTHON) scripts/bench.py $(BENCHES:%=build/%) --silent build/bench-silent --record '$(RECORD)' --qemu $(QEMU)

clean:
	rm -rf build
