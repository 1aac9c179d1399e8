/* Group fuzz: everything that traps, at random, on all CPUs at once.
 *
 * Each CPU draws from a generator of its own, seeded with its number and the life of the VM, so
 * that with -icount every run is the same. It calls every function id of PSCI, SMCCC and TRNG and
 * others beside them, with random arguments; reads and writes the virtual GIC, UART, clock and
 * addresses where nothing is, in all widths and with instructions whose syndrome says nothing;
 * reads nearly every system register and writes those that only concern interrupts, timers and
 * counters; sends software interrupts to random targets; sets timers; prints control sequences
 * that make the console's lines move. CPUs go off and on again, and the VM restarts once.
 *
 * The only verdicts: nothing unexpected happened, and all CPUs came to their ends. What it is for
 * is what is watched from outside: how many instructions each exit takes at most, that EL2 lives,
 * and that the bystander misses nothing.
 *
 * @req EVID-4, CORE-5 */
#include <stdatomic.h>

#include "exception.h"
#include "gic.h"
#include "mmu.h"
#include "psci.h"
#include "result.h"
#include "timer.h"
#include "uart.h"

#define ROUNDS 3U
#define ACTIONS 1500U     /* of one CPU in one round */
#define FIRST_LIFE_MS 20U /* after power-on; a life that begins later is the second */
#define RTC_BASE 0x09010000UL
#define NOTHING_BASE 0x0c000000UL
#define UARTCR 0x30U
#define UARTCR_UARTEN (1U << 0)
#define UARTCR_TXE (1U << 8)
#define UARTCR_RXE (1U << 9)
#define UARTIMSC 0x38U
#define RTCIMSC 0x10U
#define GICR_FRAMES 3U
#define WAIT_MS 2000U

static uint64_t states[CPU_MAX];
static uint32_t code[CPU_MAX][16] __attribute__((aligned(64)));
static uint8_t scratch[CPU_MAX][4096] __attribute__((aligned(4096)));
static atomic_uint finished;

void guest_main(uint64_t devicetree);

/* xorshift64* */
static uint64_t draw(void)
{
    uint64_t *s = &states[cpu_number()];
    *s ^= *s >> 12;
    *s ^= *s << 25;
    *s ^= *s >> 27;
    return *s * UINT64_C(0x2545f4914f6cdd1d);
}

static unsigned below(unsigned limit)
{
    return (unsigned)((draw() >> 33) % limit);
}

/* Mostly small numbers, single bits and all ones: what a field may hold. */
static uint64_t value(void)
{
    switch (below(4)) {
    case 0:
        return below(256);
    case 1:
        return UINT64_C(1) << below(64);
    case 2:
        return UINT64_MAX >> below(64);
    default:
        return draw();
    }
}

/* --- devices ---------------------------------------------------------------------------- */

static const uint16_t gic_offsets[] = {
    0x0000, 0x0004, 0x0008, 0x0010, 0x0014, 0x0040, 0x0048, 0x0080, 0x0100, 0x0180, 0x0200,
    0x0280, 0x0300, 0x0380, 0x0400, 0x0800, 0x0c00, 0x0d00, 0x0e00, 0x0f00, 0x6000, 0xffe8};

static uintptr_t gic_offset(void)
{
    if (below(8) == 0U) {
        return below(0x10000);
    }
    return gic_offsets[below(sizeof(gic_offsets) / sizeof(gic_offsets[0]))] + below(0x80);
}

static uintptr_t device_address(void)
{
    switch (below(8)) {
    case 0:
    case 1:
    case 2:
        return GICD_BASE + gic_offset();
    case 3:
    case 4:
        return GICR_BASE + below(GICR_FRAMES + 1U) * GICR_STRIDE +
               ((below(4) != 0U) ? GICR_SGI_OFFSET : 0U) + gic_offset() % 0x10000U;
    case 5:
        return UART_BASE + (below(4) != 0U ? below(0x50) : below(0x1000));
    case 6:
        return RTC_BASE + (below(4) != 0U ? below(0x20) : below(0x1000));
    default:
        return NOTHING_BASE + draw() % 0x1000000U;
    }
}

LEAF(leaf_load_pair, "ldp x0, x1, [x0]");
LEAF(leaf_load_pair32, "ldp w0, w1, [x0]");
LEAF(leaf_store_pair, "stp x1, x1, [x0]");
LEAF(leaf_load_after, "ldr w1, [x0], #4");
LEAF(leaf_store_before, "str w1, [x0, #4]!");
LEAF(leaf_load_signed, "ldrsb x0, [x0]");
LEAF(leaf_load_exclusive, "ldxr w0, [x0]");
LEAF(leaf_load_acquire, "ldar w0, [x0]");
LEAF(leaf_store_release, "stlr w1, [x0]");
void leaf_load_pair(uintptr_t address, uint64_t value);
void leaf_load_pair32(uintptr_t address, uint64_t value);
void leaf_store_pair(uintptr_t address, uint64_t value);
void leaf_load_after(uintptr_t address, uint64_t value);
void leaf_store_before(uintptr_t address, uint64_t value);
void leaf_load_signed(uintptr_t address, uint64_t value);
void leaf_load_exclusive(uintptr_t address, uint64_t value);
void leaf_load_acquire(uintptr_t address, uint64_t value);
void leaf_store_release(uintptr_t address, uint64_t value);

static void (*const leaves[])(uintptr_t address, uint64_t value) = {
    leaf_load_pair,   leaf_load_pair32,    leaf_store_pair,   leaf_load_after,   leaf_store_before,
    leaf_load_signed, leaf_load_exclusive, leaf_load_acquire, leaf_store_release};

static void touch_device(void)
{
    uintptr_t address = device_address();
    unsigned bytes = 1U << below(4);
    uint64_t found;

    if (below(4) != 0U) {
        address &= ~(uintptr_t)(bytes - 1U);
    }
    if (below(2) != 0U) {
        address += MMU_NORMAL_ALIAS; /* unaligned ones get to stage 2, too */
    }
    switch (below(5)) {
    case 0:
    case 1:
        (void)probe_read(address, bytes, &found);
        break;
    case 2:
    case 3:
        (void)probe_write(address, bytes, value());
        break;
    default:
        fault_expect();
        leaves[below(sizeof(leaves) / sizeof(leaves[0]))](address, value());
        (void)fault_taken();
        break;
    }
}

/* Where no instruction can be fetched. */
static void jump_away(void)
{
    (void)probe_execute((below(2) != 0U) ? NOTHING_BASE : UART_BASE);
}

/* --- instructions ----------------------------------------------------------------------- */

/* Executes one instruction that reads or writes x0, which holds `x0`. */
static void execute(uint32_t instruction, uint64_t x0)
{
    uint32_t *at = code[cpu_number()];
    void (*run)(uint64_t) = (void (*)(uint64_t))(uintptr_t)at;

    at[0] = instruction;
    at[1] = 0xd65f03c0U; /* ret */
    __asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(at)
                     : "memory");
    fault_expect();
    run(x0);
    (void)fault_taken();
}

static uint32_t system_instruction(unsigned op0, unsigned crn, unsigned crm, bool is_read)
{
    return 0xd5000000U | (is_read ? 1U << 21 : 0U) | op0 << 19 | below(8) << 16 | crn << 12 |
           crm << 8 | below(8) << 5;
}

static void read_register(void)
{
    execute(system_instruction((below(4) == 0U) ? 2U : 3U, below(16), below(16), true), 0);
}

/* Only what concerns interrupts, timers and counters, or does not exist: the rest is this
 * program's own. */
static void write_register(void)
{
    static const struct {
        uint8_t crn;
        uint8_t crm;
        uint8_t crm_count;
    } blocks[] = {{0, 0, 8}, {9, 12, 3}, {12, 8, 5}, {12, 8, 5}, {14, 0, 4}, {15, 0, 16}};
    unsigned b = below(sizeof(blocks) / sizeof(blocks[0]));

    uint32_t instruction =
        system_instruction(3, blocks[b].crn, blocks[b].crm + below(blocks[b].crm_count), false);
    /* ICC_BPR0_EL1 and ICC_BPR1_EL1, of which QEMU 10 takes values at which it ends itself. */
    bool is_bpr = blocks[b].crn == 12U && (instruction >> 5 & 7U) == 3U;

    if (!is_bpr) {
        execute(instruction, value());
    }
}

/* Maintenance of caches and the TLB; whatever it does is done to a page that holds nothing. */
static void maintain(void)
{
    execute(system_instruction(1, 7U + below(2), below(16), false),
            (uintptr_t)scratch[cpu_number()]);
}

/* --- calls ------------------------------------------------------------------------------ */

static uint32_t function_id(void)
{
    static const uint32_t bases[] = {0x80000000U, 0x80008000U, 0x84000000U, 0x84000050U,
                                     0x8600ff00U, 0xc4000000U, 0xc4000050U, 0xc3000000U};
    if (below(16) == 0U) {
        return (uint32_t)draw();
    }
    return bases[below(sizeof(bases) / sizeof(bases[0]))] + below(0x20);
}

/* Would the VM or this CPU be gone, or another CPU run wild? */
static bool is_forbidden(uint32_t function)
{
    switch (function & ~0x40000000U) {
    case PSCI_CPU_SUSPEND_32:
    case PSCI_CPU_OFF:
    case PSCI_CPU_ON_32:
    case PSCI_SYSTEM_OFF:
    case PSCI_SYSTEM_RESET:
    case PSCI_SYSTEM_SUSPEND_64 & ~0x40000000U:
    case PSCI_SYSTEM_RESET2_64 & ~0x40000000U:
        return true;
    default:
        return false;
    }
}

static void call(void)
{
    struct smccc_regs regs = {{function_id(), value(), value(), value(), value()}};

    if (!is_forbidden((uint32_t)regs.x[0])) {
        ((below(2) != 0U) ? smccc_hvc : smccc_smc)(&regs);
    }
}

/* CPU_ON of CPUs that are on or do not exist, or to an entry where nothing is. */
static void call_cpu_on(void)
{
    uint64_t entry = below(2) != 0U ? draw() : NOTHING_BASE;
    uint64_t target = below(2) != 0U ? cpu_affinity(0) : draw() | 0x100U;

    (void)psci_call(below(2) != 0U ? PSCI_CPU_ON_64 : PSCI_CPU_ON_32, target, entry | 1U, draw());
}

static void set_timer(uint64_t ticks)
{
    SYSREG_WRITE(CNTV_CVAL_EL0, timer_now() + ticks);
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE);
    isb();
}

static void restore_interrupts(void)
{
    gic_cpu_init();
    gic_enable(TIMER_PPI_VIRTUAL);
    for (unsigned sgi = 0; sgi < 16U; sgi++) {
        gic_enable(sgi);
    }
    mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_ENABLE_G1);
}

/* Sleeps until its timer, where the interrupt can come through. */
static void suspend(void)
{
    restore_interrupts();
    if (SYSREG_READ(ICC_RPR) != 0xffU) {
        return;
    }
    set_timer(100U + below(2000));
    (void)psci_call((below(2) != 0U) ? PSCI_CPU_SUSPEND_64 : PSCI_CPU_SUSPEND_32, 0, 0, 0);
}

/* --- interrupts ------------------------------------------------------------------------- */

static void send_sgi(void)
{
    uint64_t targets =
        (below(4) == 0U) ? GIC_SGI_OTHERS(below(16)) : GIC_SGI_TO(below(16), draw() & 0xffffU);
    switch (below(4)) {
    case 0:
        SYSREG_WRITE(ICC_SGI0R, targets);
        break;
    case 1:
        SYSREG_WRITE(S3_0_C12_C11_6, targets); /* ICC_ASGI1R */
        break;
    default:
        SYSREG_WRITE(ICC_SGI1R, targets);
        break;
    }
}

static void run_timer(void)
{
    if (below(2) != 0U) {
        set_timer(below(3000));
    } else {
        SYSREG_WRITE(CNTP_CVAL_EL0, SYSREG_READ(CNTPCT_EL0) + below(3000));
        SYSREG_WRITE(CNTP_CTL_EL0, TIMER_CTL_ENABLE);
    }
    gic_enable((below(2) != 0U) ? TIMER_PPI_VIRTUAL : TIMER_PPI_PHYSICAL);
}

/* A level that stays high would keep this CPU for ever. */
static void calm(unsigned intid)
{
    if (intid >= 16U) {
        SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_IMASK);
        SYSREG_WRITE(CNTP_CTL_EL0, TIMER_CTL_IMASK);
        mmio_write32(UART_BASE + UARTIMSC, 0);
        mmio_write32(RTC_BASE + RTCIMSC, 0);
        isb();
    }
}

/* --- console ---------------------------------------------------------------------------- */

static void print_sequence(void)
{
    static const char finals[] = "@CDGHJKPXm";
    static const char digits[] = "0123456789;";
    unsigned count = below(4);

    mmio_write8(UART_BASE, 0x1b);
    mmio_write8(UART_BASE, '[');
    for (unsigned i = 0; i < count; i++) {
        mmio_write8(UART_BASE, (uint8_t)digits[below(sizeof(digits) - 1U)]);
    }
    mmio_write8(UART_BASE, (uint8_t)finals[below(sizeof(finals) - 1U)]);
    mmio_write8(UART_BASE, (uint8_t)(below(16) == 0U ? '\n' : 0x20U + below(0x60)));
}

/* --- the run ---------------------------------------------------------------------------- */

static void act(void)
{
    switch (below(16)) {
    case 0:
    case 1:
        call();
        break;
    case 2:
        call_cpu_on();
        break;
    case 3:
        suspend();
        break;
    case 4:
        read_register();
        break;
    case 5:
        write_register();
        break;
    case 6:
        maintain();
        break;
    case 7:
    case 8:
        send_sgi();
        break;
    case 9:
        run_timer();
        break;
    case 10:
        print_sequence();
        break;
    case 11:
        if (below(16) == 0U) {
            jump_away();
        }
        break;
    default:
        touch_device();
        break;
    }
}

static void run(void)
{
    restore_interrupts();
    irq_enable();
    for (unsigned i = 0; i < ACTIONS; i++) {
        act();
    }
    irq_disable();
    calm(32);
    atomic_fetch_add(&finished, 1U);
}

/* Others may still write to this CPU's registers, and this CPU to theirs: whoever sleeps then is
 * woken from here. */
static bool wait_finished(unsigned count)
{
    uint64_t start = timer_now();

    while (atomic_load(&finished) < count) {
        if (timer_elapsed_ms(start) > WAIT_MS) {
            return false;
        }
        mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_ENABLE_G1);
        for (unsigned cpu = 0; cpu < GICR_FRAMES; cpu++) {
            uintptr_t frame = GICR_BASE + cpu * GICR_STRIDE;
            mmio_write32(frame + GICR_WAKER, 0);
            mmio_write32(frame + GICR_SGI_OFFSET + GICD_IGROUPR, UINT32_MAX);
            mmio_write32(frame + GICR_SGI_OFFSET + GICD_ISENABLER, 0xffff);
            mmio_write8(frame + GICR_SGI_OFFSET + GICD_IPRIORITYR + 1U, 0x08);
        }
        gic_send_sgi(GIC_SGI_OTHERS(1));
        for (uint64_t now = timer_now(); timer_now() - now < timer_frequency() / 10000U;) {
        }
    }
    return true;
}

static void one_round(unsigned cpus, unsigned seed)
{
    atomic_store(&finished, 0U);
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        states[cpu] = UINT64_C(0x9e3779b97f4a7c15) * (1U + seed * CPU_MAX + cpu);
    }
    for (unsigned cpu = 1; cpu < cpus; cpu++) {
        if (cpu_start(cpu, run) != PSCI_SUCCESS) {
            test_fail("cpu_on", "CPU %u in round %u", cpu, seed);
        }
    }
    run();
    if (!wait_finished(cpus)) {
        test_fail("finished", "%u of %u CPUs in round %u", atomic_load(&finished), cpus, seed);
    }
    for (unsigned cpu = 1; cpu < cpus; cpu++) {
        if (!cpu_wait_off(cpu)) {
            test_fail("cpu_off", "CPU %u in round %u", cpu, seed);
        }
    }
}

void guest_main(uint64_t devicetree)
{
    bool is_second = SYSREG_READ(CNTPCT_EL0) / (timer_frequency() / 1000U) > FIRST_LIFE_MS;
    unsigned cpus = cpu_count();

    (void)devicetree;
    test_begin("fuzz");
    gic_init();
    irq_hook = calm;
    for (unsigned round = 0; round < ROUNDS; round++) {
        one_round(cpus, round + (is_second ? ROUNDS : 0U));
    }
    gic_init();
    mmio_write32(UART_BASE + UARTCR, UARTCR_UARTEN | UARTCR_TXE | UARTCR_RXE);
    print("\r\nfuzz: life %u is over\n", is_second ? 2U : 1U);
    if (!is_second) {
        (void)psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
    }
    __asm__ volatile("hint #127"); /* the measurement ends here (scripts/plugin/stays.c) */
    test_check(true, "all_actions_ended", "never");
    test_done();
}
