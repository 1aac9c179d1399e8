/* Access to V<n> by number. There is no indexed form, hence a switch; arch/simd.h.
 *
 * EL2 is compiled without floating point, so the registers hold the guest's values all the time.
 * Should CPTR_EL2 trap their use, the trap is lifted around the access [DDI0487 D24.2]. On the
 * vCPU's CPU.
 *
 * @req CORE-6 */
#include "arch/simd.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "lib/bits.h"

#define CPTR_EL2_TFP BIT(10)

static uint64_t traps_lift(void)
{
    const uint64_t cptr = SYSREG_READ(CPTR_EL2);
    if ((cptr & CPTR_EL2_TFP) != 0U) {
        SYSREG_WRITE(CPTR_EL2, cptr & ~CPTR_EL2_TFP);
        isb();
    }
    return cptr;
}

static void traps_restore(uint64_t cptr)
{
    if ((cptr & CPTR_EL2_TFP) != 0U) {
        SYSREG_WRITE(CPTR_EL2, cptr);
        isb();
    }
}

#define EACH_REGISTER(R)                                                                           \
    R(0)                                                                                           \
    R(1) R(2) R(3) R(4) R(5) R(6) R(7) R(8) R(9) R(10) R(11) R(12) R(13) R(14) R(15) R(16) R(17)   \
        R(18) R(19) R(20) R(21) R(22) R(23) R(24) R(25) R(26) R(27) R(28) R(29) R(30) R(31)

#define STORE(n)                                                                                   \
    case n:                                                                                        \
        __asm__ volatile("str q" #n ", [%0]" ::"r"(value) : "memory");                             \
        break;

#define LOAD(n)                                                                                    \
    case n:                                                                                        \
        __asm__ volatile("ldr q" #n ", [%0]" ::"r"(value) : "memory");                             \
        break;

/* Not inline: the compiler would make two of each switch, for the trap lifted and not. */
__attribute__((noinline)) static void store(unsigned n, uint64_t value[2])
{
    switch (n) {
        EACH_REGISTER(STORE)
    default:
        break;
    }
}

__attribute__((noinline)) static void load(unsigned n, const uint64_t value[2])
{
    switch (n) {
        EACH_REGISTER(LOAD)
    default:
        break;
    }
}

void arch_simd_read(unsigned n, uint64_t value[2])
{
    const uint64_t cptr = traps_lift();
    store(n, value);
    traps_restore(cptr);
}

void arch_simd_write(unsigned n, const uint64_t value[2])
{
    const uint64_t cptr = traps_lift();
    load(n, value);
    traps_restore(cptr);
}
