/* Group fault: a guest that breaks itself. It reports nothing good of itself: what counts is that
 * the hypervisor names it and that the others run on (tests/system/test_fault.py).
 *
 * x0 at entry says how: 0 jumps to nowhere with vectors that lie nowhere, so that it cannot go
 * on; 1 has vectors, but a stack that lies nowhere: it faults for ever; 2 masks everything and
 * spins; 3 floods its console.
 *
 * @req CORE-5 */
#include "cpu.h"
#include "uart.h"

#define NOWHERE UINT64_C(0x60000000)

void guest_main(uint64_t how);

static void break_vectors(void)
{
    SYSREG_WRITE(VBAR_EL1, NOWHERE);
    isb();
    ((void (*)(void))NOWHERE)();
}

static void break_stack(void)
{
    __asm__ volatile("mov sp, %0\n\tstr x0, [sp]" ::"r"(NOWHERE));
}

static void spin(void)
{
    __asm__ volatile("msr DAIFSet, #15" ::: "memory");
    for (;;) {
        __asm__ volatile("" ::: "memory");
    }
}

static void flood_console(void)
{
    for (;;) {
        print("flood flood flood flood flood flood flood flood\n");
    }
}

void guest_main(uint64_t how)
{
    static void (*const ways[])(void) = {break_vectors, break_stack, spin, flood_console};
    print("fault: way %lu\n", how);
    ways[how % (sizeof(ways) / sizeof(ways[0]))]();
}
