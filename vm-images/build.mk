# The guests: build/guests/.
#
#   make -f vm-images/build.mk             all of them
#   make -f vm-images/build.mk build/guests/rt/rt.elf
#
# Debian's software comes through scripts/fetch-debian.sh with a cache; bare-metal guests are
# compiled from vm-images/baremetal (the library), vm-images/rt and vm-images/tests. MANIFEST
# records which Debian packages went in, with versions and hashes.

GUESTS := build/guests
CROSS  ?= aarch64-linux-gnu-
Q      := $(if $(V),,@)
say     = @printf '  %-7s %s\n'
SUITE  := $(or $(GUEST_SUITE),bookworm)
NEWER  := $(or $(SOURCE_SUITE),trixie)

BM_SRC  := vm-images/baremetal
BM_OBJ  := $(GUESTS)/obj
BM_LIB  := $(patsubst $(BM_SRC)/%,$(BM_OBJ)/baremetal/%.o,$(wildcard $(BM_SRC)/*.c $(BM_SRC)/*.S))
BENCH   := $(patsubst vm-images/%,$(BM_OBJ)/%.o,$(wildcard vm-images/bench/*.c vm-images/bench/*.S))
TESTS   := $(patsubst vm-images/tests/%.c,%,$(wildcard vm-images/tests/*.c))
# The same programs with the driver of a GICv2: those in which it is all that differs.
V2_LIB  := $(filter-out %/gic.c.o,$(BM_LIB)) $(BM_OBJ)/baremetal/gicv2/gic.c.o
V2_ELFS := $(GUESTS)/rt/rt-gicv2.elf \
           $(patsubst %,$(GUESTS)/tests/%-gicv2.elf,context gicrace passthrough psci schedule storm timer \
             turns)
ELFS    := $(GUESTS)/rt/rt.elf $(GUESTS)/bench/bench.elf $(TESTS:%=$(GUESTS)/tests/%.elf) $(V2_ELFS)

CFLAGS := -std=gnu11 -ffreestanding -mgeneral-regs-only -mstrict-align -march=armv8-a -O2 -g \
  -mno-outline-atomics -fno-stack-protector -fno-pie -fno-tree-loop-distribute-patterns -Wall -Wextra -Wconversion \
  -Wsign-conversion -Wshadow -Wundef -Wvla -Wstrict-prototypes -Wmissing-prototypes -Werror \
  -I$(BM_SRC)
LDFLAGS := -nostdlib -static -Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,-z,max-page-size=4096

.PHONY: all
all: $(GUESTS)/linux/Image $(GUESTS)/uboot/u-boot.bin $(GUESTS)/grub/grubaa64.efi \
  $(GUESTS)/edk2/QEMU_EFI.fd $(GUESTS)/tfa/qemu_fw.bios $(GUESTS)/el3/el3.bin $(ELFS) \
  $(GUESTS)/MANIFEST
	@:

# --- from Debian ---------------------------------------------------------------------------

LINUX_IN := vm-images/linux/build.sh vm-images/lib/newc.py scripts/fetch-debian.sh \
  $(shell find vm-images/linux/root -type f)

$(GUESTS)/linux/Image: $(LINUX_IN)
	$(say) GUEST "linux (Debian kernel, BusyBox initramfs)"
	$(Q)vm-images/linux/build.sh $(GUESTS)/linux
	$(Q)touch $@

$(GUESTS)/linux/initramfs.cpio.gz: $(GUESTS)/linux/Image ;

$(GUESTS)/uboot/u-boot.bin: vm-images/uboot/build.sh scripts/fetch-debian.sh
	$(say) GUEST "uboot (Debian u-boot-qemu)"
	$(Q)vm-images/uboot/build.sh $(GUESTS)/uboot
	$(Q)touch $@

$(GUESTS)/grub/grubaa64.efi: vm-images/grub/build.sh scripts/fetch-debian.sh
	$(say) GUEST "grub (Debian grub-efi-arm64-bin)"
	$(Q)vm-images/grub/build.sh $(GUESTS)/grub
	$(Q)touch $@

$(GUESTS)/edk2/QEMU_EFI.fd: vm-images/edk2/build.sh scripts/fetch-debian.sh
	$(say) GUEST "edk2 (Debian qemu-efi-aarch64)"
	$(Q)vm-images/edk2/build.sh $(GUESTS)/edk2
	$(Q)touch $@

$(GUESTS)/tfa/qemu_fw.bios: vm-images/tfa/build.sh scripts/fetch-debian.sh
	$(say) GUEST "tfa (Trusted Firmware-A from Debian's source)"
	$(Q)vm-images/tfa/build.sh $(GUESTS)/tfa
	$(Q)touch $@

$(GUESTS)/MANIFEST: $(GUESTS)/linux/Image $(GUESTS)/uboot/u-boot.bin $(GUESTS)/grub/grubaa64.efi \
  $(GUESTS)/edk2/QEMU_EFI.fd $(GUESTS)/tfa/qemu_fw.bios
	$(Q)sort -u .cache/debian/$(SUITE)/*.record .cache/debian/$(NEWER)/qemu-efi-aarch64.record > $@

# --- bare metal ----------------------------------------------------------------------------

$(BM_OBJ)/%.c.o: vm-images/%.c vm-images/build.mk
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(CFLAGS) -MMD -MP -c -o $@ $<

$(BM_OBJ)/%.S.o: vm-images/%.S vm-images/build.mk
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(CFLAGS) -MMD -MP -c -o $@ $<

$(BM_OBJ)/guest.ld: $(BM_SRC)/guest.ld $(BM_SRC)/cpu_limits.h
	@mkdir -p $(@D)
	$(Q)$(CROSS)cpp -P -I$(BM_SRC) -o $@ $<


$(GUESTS)/rt/rt.elf: $(BM_OBJ)/rt/rt.c.o $(BM_LIB) $(BM_OBJ)/guest.ld
	$(say) GUEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(LDFLAGS) -T $(BM_OBJ)/guest.ld -o $@ $(filter %.o,$^)

$(GUESTS)/bench/bench.elf: $(BENCH) $(BM_LIB) $(BM_OBJ)/guest.ld
	$(say) GUEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(LDFLAGS) -T $(BM_OBJ)/guest.ld -e bench_start -o $@ $(filter %.o,$^)

# Tests of a GICv2 itself.
$(GUESTS)/tests/gicv2.elf $(GUESTS)/tests/gicmapv2.elf: $(GUESTS)/tests/%.elf: \
  $(BM_OBJ)/tests/%.c.o $(V2_LIB) $(BM_OBJ)/guest.ld
	$(say) GUEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(LDFLAGS) -T $(BM_OBJ)/guest.ld -o $@ $(filter %.o,$^)

$(GUESTS)/%-gicv2.elf: $(BM_OBJ)/%.c.o $(V2_LIB) $(BM_OBJ)/guest.ld
	$(say) GUEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(LDFLAGS) -T $(BM_OBJ)/guest.ld -o $@ $(filter %.o,$^)

$(GUESTS)/tests/%.elf: $(BM_OBJ)/tests/%.c.o $(BM_LIB) $(BM_OBJ)/guest.ld
	$(say) GUEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(LDFLAGS) -T $(BM_OBJ)/guest.ld -o $@ $(filter %.o,$^)

# The test firmware.
$(GUESTS)/el3/el3.bin: $(BM_OBJ)/el3/start.S.o $(BM_OBJ)/el3/el3.c.o vm-images/el3/el3.ld
	$(say) GUEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(LDFLAGS) -T vm-images/el3/el3.ld -o $(@:.bin=.elf) $(filter %.o,$^)
	$(Q)$(CROSS)objcopy -O binary $(@:.bin=.elf) $@

.SECONDARY:
-include $(shell find $(BM_OBJ) -name '*.d' 2>/dev/null)
