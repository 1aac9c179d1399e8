/* Breaks itself as it is told, and says what came of it; vm-images/tests/supervisor.c orders, or
 * who types on its console (health.h).
 *
 * Its memory is cleared at each start, the slot is not: so an order is taken once.
 * @req OPS-6 */
#include "health.h"
#include "exception.h"
#include "gic.h"
#include "sleep.h"
#include "timer.h"
#include "uart.h"

#define WATCHDOG_BASE 0x090c0000UL
#define WDOGLOAD 0x000U
#define WDOGCONTROL 0x008U
#define WDOGINTCLR 0x00cU
#define WDOGRIS 0x010U
#define WATCHDOG_HZ 24000000U
#define PANIC_BASE 0x090d0000UL
#define RTC_BASE 0x09010000UL
#define RTC_DR 0x00U
#define RTC_MR 0x04U
#define RTC_IMSC 0x10U
#define RTC_ICR 0x1cU
#define RTC_INTID 34U
#define GPIO_BASE 0x09030000UL
#define GPIOIS 0x404U /* 1: by level */
#define GPIOIEV 0x40cU /* 1: by the high one; no pin is high */
#define GPIOIE 0x410U
#define GPIOIC 0x41cU
#define GPIO_INTID 39U
#define UART_FR 0x18U
#define UART_FR_RXFE (1U << 4)
#define SERROR_TICKS 5000U
#define STORM_INTERRUPTS 200U
#define MODE_KEY ((uint32_t)'m')
/* Between looks for an order. Where it has a time window in each 20 ms it is longer than that and
 * shorter than the rest, so that what it does begins where the window begins, and ends before that
 * does if it is not to overrun. */
#define PAUSE_US 10000U

void guest_main(uint64_t role);

static uintptr_t slot;
static bool has_gpio;

LEAF(leaf_hidden, "mov x0, #7\n\tmrs x0, S3_3_C15_C0_0"); /* IMPLEMENTATION DEFINED */
LEAF(leaf_smc, "smc #0");
uint64_t leaf_hidden(void);
uint64_t leaf_smc(uint64_t id);

static volatile unsigned alarms;

/* A match of the clock with now, or that a pin is to be low. */
static void raise_line(void)
{
    if (has_gpio) {
        mmio_write32(GPIO_BASE + GPIOIEV, 0);
    } else {
        mmio_write32(RTC_BASE + RTC_MR, mmio_read32(RTC_BASE + RTC_DR));
    }
}

static void drop_line(void)
{
    if (has_gpio) {
        mmio_write32(GPIO_BASE + GPIOIEV, 1);
        mmio_write32(GPIO_BASE + GPIOIC, 1);
    } else {
        mmio_write32(RTC_BASE + RTC_ICR, 1);
    }
}

static void enable_line(bool is_on)
{
    if (has_gpio) {
        mmio_write32(GPIO_BASE + GPIOIEV, 1);
        mmio_write32(GPIO_BASE + GPIOIS, 1);
        mmio_write32(GPIO_BASE + GPIOIE, is_on ? 1U : 0U);
    } else {
        mmio_write32(RTC_BASE + RTC_IMSC, is_on ? 1U : 0U);
    }
}

static void interrupt(unsigned intid)
{
    if (!sleep_interrupt(intid) && intid == (has_gpio ? GPIO_INTID : RTC_INTID)) {
        alarms++;
        drop_line();
    }
}

static int64_t call(uint64_t id, uint64_t a1, uint64_t a2)
{
    static struct smccc_regs r;
    r.x[0] = id;
    r.x[1] = a1;
    r.x[2] = a2;
    smccc_hvc(&r);
    return (int64_t)r.x[0];
}

static enum victim_result result_of(struct fault fault, unsigned exception_class, bool is_passed)
{
    if (fault.taken) {
        return (ESR_EC(fault.esr) == exception_class) ? RESULT_EXCEPTION : RESULT_WRONG;
    }
    return is_passed ? RESULT_PASSED_OVER : RESULT_WRONG;
}

static enum victim_result touch_nothing(void)
{
    uint64_t value;
    const struct fault fault = probe_read(NOWHERE, 4, &value);
    return result_of(fault, EC_DABORT, value == 0U);
}

static enum victim_result ask_device_for_too_much(void)
{
    uint64_t value;
    const struct fault fault = probe_read(UART_BASE, 8, &value);
    return result_of(fault, EC_DABORT, value == 0U);
}

static enum victim_result read_hidden_register(void)
{
    fault_expect();
    const uint64_t value = leaf_hidden();
    return result_of(fault_taken(), EC_UNKNOWN, value == 0U);
}

static enum victim_result call_firmware(void)
{
    fault_expect();
    const uint64_t value = leaf_smc(REFUSED_SMC);
    return result_of(fault_taken(), EC_UNKNOWN, value == UINT64_MAX);
}

/* While it runs, soon. */
static enum victim_result ask_for_serror(void)
{
    static struct smccc_regs r;
    r.x[0] = SERROR_SMC;
    r.x[1] = SERROR_TICKS;
    smccc_smc(&r);
    const uint64_t start = timer_now();
    while (r.x[0] == 0U && timer_elapsed_ms(start) < 200U) {
    }
    return (r.x[0] == 0U) ? RESULT_PASSED_OVER : RESULT_WRONG;
}

/* 1 ms, then once more; it is cleared after that. */
static enum victim_result let_watchdog_bite(void)
{
    mmio_write32(WATCHDOG_BASE + WDOGLOAD, WATCHDOG_HZ / 1000U);
    mmio_write32(WATCHDOG_BASE + WDOGCONTROL, 3);
    sleep_us(2500);
    const bool has_risen = mmio_read32(WATCHDOG_BASE + WDOGRIS) == 1U;
    mmio_write32(WATCHDOG_BASE + WDOGCONTROL, 0);
    mmio_write32(WATCHDOG_BASE + WDOGINTCLR, 1);
    return has_risen ? RESULT_PASSED_OVER : RESULT_WRONG;
}

static enum victim_result stay_silent(void)
{
    sleep_us(120000);
    return RESULT_PASSED_OVER;
}

static enum victim_result panic(void)
{
    const bool is_there = mmio_read8(PANIC_BASE) == 3U;
    mmio_write8(PANIC_BASE, 1);
    sleep_us(1000); /* another vCPU would get that far; this one has its stop coming */
    return is_there ? RESULT_PASSED_OVER : RESULT_WRONG;
}

static enum victim_result storm(void)
{
    alarms = 0;
    enable_line(true);
    gic_enable(has_gpio ? GPIO_INTID : RTC_INTID);
    irq_enable();
    for (unsigned i = 0; i < STORM_INTERRUPTS; i++) {
        raise_line();
        isb();
    }
    irq_disable();
    enable_line(false);
    return (alarms >= STORM_INTERRUPTS / 2U) ? RESULT_PASSED_OVER : RESULT_WRONG;
}

/* Beyond the end of its time window. */
static enum victim_result overrun(void)
{
    const uint64_t start = timer_now();
    while (timer_elapsed_ms(start) < 20U) {
    }
    return RESULT_PASSED_OVER;
}

static enum victim_result flood(void)
{
    enum victim_result result = RESULT_NONE;
    for (unsigned i = 0; i < FLOOD; i++) {
        result = touch_nothing();
    }
    return result;
}

static enum victim_result read_events(void)
{
    return (call(HEALTH_READ_EVENT, 0, 0) == CALL_DENIED &&
            call(HEALTH_COUNT, 99, 99) == CALL_DENIED)
               ? RESULT_PASSED_OVER
               : RESULT_WRONG;
}

static enum victim_result provoke(uint32_t what)
{
    switch (what) {
    case FAULT_MEMORY:
        return touch_nothing();
    case FAULT_INSTRUCTION:
        return read_hidden_register();
    case FAULT_SERROR:
        return ask_for_serror();
    case FAULT_DEVICE:
        return ask_device_for_too_much();
    case FAULT_SMC:
        return call_firmware();
    case FAULT_WATCHDOG:
        return let_watchdog_bite();
    case FAULT_OVERRUN:
        return overrun();
    case FAULT_PANIC:
        return panic();
    case FAULT_STORM:
        return storm();
    case FAULT_HEARTBEAT:
        return stay_silent();
    case FAULT_FLOOD:
        return flood();
    case READ_EVENTS:
        return read_events();
    default:
        return RESULT_WRONG;
    }
}

static uint64_t mode_now(void)
{
    static struct smccc_regs r;
    r.x[0] = MODE_GET;
    smccc_hvc(&r);
    return (r.x[0] == 0U) ? r.x[1] : 99U;
}

/* From mode 0, in force; in which one it ends is told, where the VM may know. The key of the mode asks
 * for no more than that. */
static void obey_key(uint32_t key)
{
    if (key == MODE_KEY) {
        print("victim: mode %lu\n", mode_now());
        return;
    }
    print("victim: class %c\n", (int)key);
    (void)call(MODE_SET, 0, 0);
    sleep_us(50000);
    const enum victim_result result = provoke(key - (uint32_t)'0');
    sleep_us(50000);
    print("victim: result %u, mode %lu\n", (unsigned)result, mode_now());
}

static void obey_console(void)
{
    print("victim: which class?\n");
    for (;;) {
        sleep_us(1000);
        if ((mmio_read32(UART_BASE + UART_FR) & UART_FR_RXFE) == 0U) {
            obey_key(mmio_read32(UART_BASE) & 0xffU);
        }
    }
}

static void obey_slot(void)
{
    for (;;) {
        const uint32_t order = mmio_read32(slot + SLOT_ORDER);
        if (order != mmio_read32(slot + SLOT_TAKEN)) {
            mmio_write32(slot + SLOT_RESULT, RESULT_NONE);
            mmio_write32(slot + SLOT_TAKEN, order);
            mmio_write32(slot + SLOT_RESULT, (uint32_t)provoke(mmio_read32(slot + SLOT_CLASS)));
        }
        (void)call(HEALTH_HEARTBEAT, 0, 0);
        sleep_us(PAUSE_US);
    }
}

void guest_main(uint64_t role)
{
    gic_init();
    gic_enable(TIMER_PPI_VIRTUAL);
    irq_hook = interrupt;
    if (role == FROM_CONSOLE) {
        obey_console();
    }
    has_gpio = (role & WITH_GPIO) != 0U;
    slot = ORDERS + (role & ~(uint64_t)WITH_GPIO) * SLOT_BYTES;
    mmio_write32(slot + SLOT_LIVES, mmio_read32(slot + SLOT_LIVES) + 1U);
    obey_slot();
}
