/* sources: spec/gic_irq.c spec/gic_belief.c spec/gic.c spec/gic_v2.c vgic/vgic.c vgic/reset.c vgic/route.c vgic/lists.c vgic/choice.c vgic/hw.c vgic/regs.c vgic/regs_irq.c vgic/v2/target.c vgic/v2/sgi.c vgic/v2/registers.c vgic/v2/gicd.c vgic/v2/gicc.c lib/mem.c */
/* The virtual GICv2 against the executable specification of spec/gic.h, as test_vgic_spec.c does it
 * for the GICv3: registers that are banked by vCPU, SGIs that are pending by source, SPIs with
 * several targets, GICC_DIR.
 *
 * @req IRQ-2, IRQ-3 */
#include "vgic_guests_machine.h"
#include "vgic_machine.h"
#include "vgic_plans_machine.h"

enum { ITARGETSR = 0x800, SGIR = 0xF00, CPENDSGIR = 0xF10, SPENDSGIR = 0xF20, FRAME_SIZE = 0x1000 };

struct spec_place guests_place(unsigned owner, unsigned intid, uint32_t offset, unsigned bytes)
{
    (void)owner;
    (void)intid;
    return (struct spec_place){SPEC_GICD, fake_cpu, offset, bytes};
}

struct spec_place guests_place_anywhere(uint32_t offset, unsigned bytes)
{
    static const uint32_t bases[] = {CPENDSGIR, SPENDSGIR, 0xFD0};
    struct spec_place at = guests_place(0, 0, offset, bytes);

    if (pick(4) == 0) {
        at.offset = bases[pick(3)] + offset % 0x20;
    } else if (pick(4) == 0) {
        at.offset = pick(FRAME_SIZE);
    }
    at.offset = (at.offset + bytes > FRAME_SIZE) ? FRAME_SIZE - 8 : at.offset;
    return at;
}

/* One target, several, or none; a byte, or with its neighbours. */
void guests_step_route(unsigned cpu, unsigned intid)
{
    static const uint8_t targets[] = {0x01, 0x02, 0x04, 0x03, 0x06, 0x07, 0x00, 0xFA};
    const bool is_word = pick(8) == 0;
    const struct spec_place at =
        guests_place(0, intid, ITARGETSR + (is_word ? intid & ~3U : intid), is_word ? 4 : 1);
    uint64_t value = targets[pick(8)];

    if (is_word) {
        value |= (uint64_t)targets[pick(8)] << 8 | (uint64_t)targets[pick(8)] << 16 |
                 (uint64_t)targets[pick(8)] << 24;
    }
    if (pick(4) == 0) {
        guest_read(cpu, &at);
    } else {
        guest_write(&at, value);
    }
}

static unsigned some_sgi(void)
{
    return (pick(8) == 0 && !plan.only_hot) ? pick(16) : pick(2) * 15;
}

/* By list, to all others, to itself; at times the reserved filter, and NSATT. */
void guests_step_sgi(unsigned cpu)
{
    const struct spec_place at = guests_place(cpu, 0, SGIR, 4);
    const uint64_t filter = (pick(3) != 0) ? 0 : pick(4);

    guest_write(&at, some_sgi() | (uint64_t)((pick(16) == 0) ? pick(0x100) : pick(8)) << 16 |
                         filter << 24 | (uint64_t)pick(2) << 15);
}

/* SGIs that are pending, by source. */
void guests_step_version(unsigned cpu, unsigned owner, unsigned intid)
{
    const uint32_t base = (pick(2) == 0) ? SPENDSGIR : CPENDSGIR;
    const bool is_word = pick(4) == 0 && !plan.only_hot;
    const unsigned sgi = some_sgi();
    const struct spec_place at =
        guests_place(owner, intid, base + (is_word ? sgi & ~3U : sgi), is_word ? 4 : 1);

    if (pick(3) == 0) {
        guest_read(cpu, &at);
    } else {
        guest_write(&at, is_word ? test_random() & test_random() : 1U << pick(4) | 1U << pick(8));
    }
}

TEST(every_offset_and_width_after_reset)
{
    guests_begin((struct plan){.lr_count = 4});
    for (fake_cpu = 0; fake_cpu < SPEC_CPUS; fake_cpu++) {
        guest_walk(fake_cpu, SPEC_GICD, fake_cpu, FRAME_SIZE);
    }
}

void guests_check_version(void)
{
}

/* GICC_DIR is on a page that is not mapped, so each write is made here. */
void guests_write_dir(unsigned cpu, unsigned iar)
{
    CHECK_EQ(cpu, fake_cpu);
    CHECK_EQ(vgic_gicc_write(MACHINE_VM, 0, 4, iar), MMIO_DONE);
}
