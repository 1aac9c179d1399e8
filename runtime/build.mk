# Compiles the runtime with the generated tables of one system, and links the image.
#
#   make -f runtime/build.mk OUT=build/<system> [FLAVOUR=ubsan] [V=1]
#
# Needs OUT/gen/ from "python3 -m generator build". Leaves OUT/bulkhead.elf and OUT/bulkhead.img.
# The runtime is compiled per system, because its arrays are sized by the description.

CROSS ?= aarch64-linux-gnu-
CC := $(CROSS)gcc
OBJCOPY := $(CROSS)objcopy
PYTHON ?= /usr/bin/python3
OUT ?= build/default
GEN := $(OUT)/gen
OBJ := $(OUT)/obj$(if $(FLAVOUR),-$(FLAVOUR))
IMAGE := $(OUT)/bulkhead$(if $(FLAVOUR),-$(FLAVOUR))
# GIC: the version of the board's interrupt controller, which names a folder of sources and of
# headers that the include path finds. PLATFORM: the folders of its drivers. CODE_MODEL: tiny where
# EL2's own sections lie within the reach of an ADR, else small.
include $(GEN)/build.mk

Q := $(if $(V),,@)
say = @printf '  %-7s %s\n' '$(1)' '$(2)'

LAYERS := lib arch core gic gic/$(GIC) vm mmio smccc psci vtimer vgic vgic/$(GIC) vdev health sysreg world/ns
SOURCES := $(sort $(foreach d,$(LAYERS),$(wildcard runtime/$(d)/*.c runtime/$(d)/*.S)) \
                  $(foreach p,$(PLATFORM),$(wildcard runtime/platform/$(p)/*.c)))
GENERATED := $(GEN)/config.c $(GEN)/stage2.c $(GEN)/el2_map.c $(GEN)/images.S
OBJECTS := $(patsubst runtime/%,$(OBJ)/%.o,$(SOURCES)) \
           $(patsubst $(GEN)/%,$(OBJ)/gen/%.o,$(GENERATED))

WARNINGS := -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wundef -Wvla -Wcast-qual \
            -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations \
            -Wwrite-strings -Wredundant-decls -Wno-type-limits -Wswitch-enum -Wformat=2 -Werror
# -Wno-type-limits: a count of the description may be 0, and "i < 0U" is then right.
# -mstrict-align: nothing at EL2 may depend on unaligned accesses. No floating point at EL2: its
# registers are the guest's, and x18 stays the guest's too (arch/vectors.S). Frame pointers carry
# the backtrace of a panic.
# What makes code smaller beyond -Os, and its reverse for the files of the exits: nothing is inlined
# that is not marked so or called once, loops keep their form, prologues stand at the start.
SMALL := --param=max-inline-insns-auto=0 --param=early-inlining-insns=0 -fno-shrink-wrap -fno-tree-ch \
         -fno-ivopts
FAST := -fshrink-wrap -ftree-ch -fivopts
CFLAGS := -std=gnu11 -Os -g -ffreestanding -fno-common -fno-pic -fno-pie -fno-builtin \
          -fno-asynchronous-unwind-tables -fno-stack-protector -fno-omit-frame-pointer \
          -fno-delete-null-pointer-checks -fno-optimize-sibling-calls -ffunction-sections \
          -fno-tree-switch-conversion $(SMALL) \
          -march=armv8-a -ffixed-x18 -mgeneral-regs-only -mstrict-align -mno-outline-atomics \
          -mcmodel=$(CODE_MODEL) -ffile-prefix-map=$(CURDIR)=. -Iruntime -Iruntime/gic/$(GIC) \
          -Iruntime/vgic/$(GIC) -I$(GEN) $(WARNINGS)
# The files that every exit runs through are compiled for speed: they call last without a frame and
# keep no frame pointer, and leave that of their caller alone, so that a backtrace goes on behind
# them; a condition of several parts ends at the first that decides. Their functions and loops are
# not padded to the width of a fetch, from which code that runs once an exit gains nothing. The rest
# is compiled for size: there a switch that only chooses a value stays code, which is smaller than
# the table of pointers that GCC makes of it.
HOT := lib/sha256 core/mailbox gic/$(GIC)/cpu_interface gic/$(GIC)/virtual mmio/dispatch mmio/transfer psci/psci smccc/smccc \
       sysreg/id_registers sysreg/sysreg_trap vgic/choice vgic/hw vgic/lists vgic/regs vgic/regs_irq \
       vgic/route vgic/vgic vgic/$(GIC)/gicd vgic/$(GIC)/gicr vgic/$(GIC)/sgi \
       world/ns/exceptions world/ns/exit world/ns/interrupts
$(HOT:%=$(OBJ)/%.c.o): CFLAGS += -O2 -foptimize-sibling-calls -fomit-frame-pointer -ffixed-x29 \
                                 -ftree-switch-conversion $(FAST) \
                                 --param=logical-op-non-short-circuit=0 \
                                 -falign-functions=4 -falign-jumps=1 -falign-loops=1
ifeq ($(FLAVOUR),ubsan)
# Undefined behaviour traps: a BRK at EL2, which panics with its place.
CFLAGS += -fsanitize=undefined -fno-sanitize=alignment -fsanitize-undefined-trap-on-error
endif
LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
           -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -Wl,--gc-sections -Wl,--fatal-warnings \
           -Wl,-T,$(GEN)/link.ld

# What a source logs is of the module that its folder names (core/log.h).
log_module = LOG_$(shell echo '$(firstword $(subst /, ,$(1)))' | tr '[:lower:]' '[:upper:]')

.PHONY: all
all: $(IMAGE).img
	@:

$(OBJ)/%.c.o: runtime/%.c runtime/build.mk $(GEN)/build.mk
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) -DLOG_MODULE=$(call log_module,$*) -MMD -MP -c $< -o $@

$(OBJ)/%.S.o: runtime/%.S runtime/build.mk $(GEN)/build.mk
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) $(CFLAGS) -D__ASSEMBLY__ -MMD -MP -c $< -o $@

$(OBJ)/gen/%.c.o: $(GEN)/%.c runtime/build.mk $(GEN)/build.mk
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(OBJ)/gen/%.S.o: $(GEN)/%.S runtime/build.mk $(GEN)/build.mk $(wildcard $(GEN)/images.d)
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) $(CFLAGS) -D__ASSEMBLY__ -MMD -MP -I$(GEN) -c $< -o $@

# Two links: the first finds the functions' addresses for the backtraces of the second.
$(OBJ)/symbols0.c: runtime/symbols.py
	@mkdir -p $(@D)
	$(Q)$(PYTHON) $< > $@

$(OBJ)/symbols%.o: $(OBJ)/symbols%.c $(GEN)/build.mk
	$(Q)$(CC) $(CFLAGS) -c $< -o $@

$(OBJ)/first.elf: $(OBJECTS) $(OBJ)/symbols0.o $(GEN)/link.ld
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(OBJECTS) $(OBJ)/symbols0.o -o $@

$(OBJ)/symbols1.c: $(OBJ)/first.elf runtime/symbols.py
	$(Q)$(PYTHON) runtime/symbols.py $< > $@.tmp && mv $@.tmp $@

$(IMAGE).elf: $(OBJ)/symbols1.o $(OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(OBJECTS) $(OBJ)/symbols1.o -o $@

$(IMAGE).img: $(IMAGE).elf
	$(call say,IMAGE,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

.SECONDARY:
-include $(OBJECTS:.o=.d)
