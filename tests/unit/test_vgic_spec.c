/* sources: spec/gic_irq.c spec/gic_belief.c spec/gic.c spec/gic_v3.c vgic/vgic.c vgic/reset.c vgic/route.c vgic/lists.c vgic/choice.c vgic/hw.c vgic/regs.c vgic/regs_irq.c vgic/v3/sgi.c vgic/v3/dir.c vgic/v3/target.c vgic/v3/gicd.c vgic/v3/gicr.c lib/mem.c */
/* The virtual GICv3 against the executable specification of spec/gic.h.
 *
 * The random sequences of vgic_plans_machine.h are made on both. Whatever a guest can see must be
 * one of the things that the specification allows: what each vCPU would acknowledge, what it does
 * acknowledge, what each read returns. Only public functions of the vGIC are used, so any
 * implementation can be judged. Late runs also hold the vGIC to what it says of itself by
 * GICD_CTLR.RWP, GICR_CTLR.RWP and GICR_WAKER.ChildrenAsleep.
 *
 * @req IRQ-1, IRQ-3 */
#include "vgic_guests_machine.h"
#include "vgic_machine.h"
#include "vgic_plans_machine.h"

enum { FRAME_SIZE = 0x10000 };

struct spec_place guests_place(unsigned owner, unsigned intid, uint32_t offset, unsigned bytes)
{
    return (struct spec_place){.frame = (intid < 32) ? SPEC_SGI : SPEC_GICD,
                               .cpu = (intid < 32) ? owner : 0,
                               .offset = offset,
                               .bytes = bytes};
}

struct spec_place guests_place_anywhere(uint32_t offset, unsigned bytes)
{
    static const uint32_t bases[] = {0x40, IROUTER, 0xFFD0};
    struct spec_place at = {(enum spec_frame)pick(3), pick(SPEC_CPUS), offset, bytes};

    if (pick(4) == 0) {
        at.offset = bases[pick(3)] + offset % 0x20;
    } else if (pick(4) == 0) {
        at.offset = pick(FRAME_SIZE);
    }
    at.offset = (at.offset + bytes > FRAME_SIZE) ? FRAME_SIZE - 8 : at.offset;
    at.cpu = (at.frame == SPEC_GICD) ? 0 : at.cpu;
    return at;
}

/* --- registers ------------------------------------------------------------------------------- */

void guests_step_route(unsigned cpu, unsigned intid)
{
    static const uint64_t routers[] = {
        0, 1, 0x100, UINT64_C(1) << 31, UINT64_C(0x180000001), 7, UINT64_C(1) << 32};
    struct spec_place at = {SPEC_GICD, 0, IROUTER + 8 * intid, (pick(4) == 0) ? 4 : 8};

    if (intid >= 32) {
        at.offset += (at.bytes == 4 && pick(4) == 0) ? 4 : 0;
        if (pick(4) == 0) {
            guest_read(cpu, &at);
            return;
        }
        guest_write(&at, (at.offset % 8 == 0) ? routers[pick(7)] : pick(2));
    }
}

static void step_message(unsigned intid)
{
    const struct spec_place at = {SPEC_GICD, 0, (pick(2) == 0) ? 0x40 : 0x48,
                                  (pick(2) == 0) ? 2 : 4};

    guest_write(&at, (pick(8) == 0 && !plan.only_hot) ? test_random() & 0xFF
                     : (intid < 48)                   ? 48
                                                      : intid);
}

static void step_sleep(unsigned cpu)
{
    const struct spec_place at = {SPEC_RD, cpu, 0x14, 4};

    guest_write(&at, (pick(4) == 0) ? 2 : 0);
}

/* RWP or ChildrenAsleep just behind what it tells of; then the others try to acknowledge. */
static void step_poll(unsigned cpu, unsigned owner, unsigned intid)
{
    struct spec_place at = {.frame = SPEC_GICD, .bytes = 4};

    if (pick(3) == 0) {
        step_sleep(owner);
        at = (struct spec_place){SPEC_RD, owner, 0x14, 4};
    } else {
        guests_write_bits(ICENABLER, owner, intid);
        if (intid < 32) {
            at = (struct spec_place){SPEC_RD, owner, 0, 4};
        }
    }
    guest_read(cpu, &at);
    for (fake_cpu = 0; fake_cpu < SPEC_CPUS; fake_cpu++) {
        if (guests_can_act(fake_cpu)) {
            (void)guest_take(fake_cpu);
        }
    }
}

void guests_step_version(unsigned cpu, unsigned owner, unsigned intid)
{
    const unsigned which = pick(8);

    if (which < 4) {
        step_poll(cpu, owner, intid);
    } else if (which < 7) {
        step_message(intid);
    } else {
        step_sleep(owner);
    }
}

TEST(every_offset_and_width_after_reset)
{
    guests_begin((struct plan){.lr_count = 4});
    guest_walk(0, SPEC_GICD, 0, FRAME_SIZE);
    for (unsigned c = 0; c < SPEC_CPUS; c++) {
        guest_walk(0, SPEC_RD, c, FRAME_SIZE);
        guest_walk(0, SPEC_SGI, c, FRAME_SIZE);
    }
}

/* RWP is 0, and ChildrenAsleep is ProcessorSleep. */
void guests_check_version(void)
{
    fake_cpu = 0;
    CHECK_MSG(gicd_read(0) >> 31 == 0, "step %u: GICD_CTLR.RWP stays 1", step);
    for (unsigned c = 0; c < SPEC_CPUS; c++) {
        const uint64_t waker = machine_read(true, c * 0x20000U + 0x14, 4);
        CHECK_MSG(machine_read(true, c * 0x20000U, 4) == 0, "step %u: GICR_CTLR.RWP stays 1", step);
        CHECK_MSG(waker == 0 || waker == 6, "step %u: GICR_WAKER stays %#jx", step,
                  (uintmax_t)waker);
    }
}

/* --- system registers ------------------------------------------------------------------------ */

void guests_write_dir(unsigned cpu, unsigned iar)
{
    CHECK_MSG((fake_cpuifs[cpu].hcr >> 14 & 1) != 0, "step %u: ICC_DIR does not trap", step);
    vgic_dir_write(&vcpus[cpu], iar);
}

void guests_step_sgi(unsigned cpu)
{
    static const struct {
        enum vgic_sgi_kind kind;
        enum spec_event_kind event;
    } kinds[] = {{VGIC_SGI1R, SPEC_SGI1R}, {VGIC_SGI0R, SPEC_SGI0R}, {VGIC_ASGI1R, SPEC_SGI0R}};
    static const uint64_t clusters[] = {0,
                                        0,
                                        UINT64_C(1) << 16,
                                        UINT64_C(1) << 16,
                                        UINT64_C(1) << 32,
                                        UINT64_C(1) << 44,
                                        UINT64_C(1) << 48};
    const unsigned k = (pick(3) == 0) ? pick(3) : 0;
    const unsigned intid = (pick(8) == 0 && !plan.only_hot) ? pick(16) : pick(2) * 15;
    uint64_t value = (uint64_t)intid << 24;

    value |= clusters[pick(7)] | (uint64_t)((pick(16) == 0) ? pick(0x10000) : pick(4));
    value |= (pick(5) == 0) ? UINT64_C(1) << 40 : 0;
    spec_send_sgi(cpu, kinds[k].event, value);
    vgic_sgi_write(&vcpus[cpu], kinds[k].kind, value);
}
