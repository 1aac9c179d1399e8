/* A piece of the guest's memory map for EL0: the first two GiB of the alias (mmu.h), devices to
 * read and write, memory to execute. [DDI0487 D8.3, D8.4] */
#include "el0.h"
#include "cpu.h"
#include "mmu.h"

#define TABLE_ADDRESS (((UINT64_C(1) << 48) - 1U) & ~UINT64_C(0xfff))
#define L0_SHIFT 39U
#define GIB (UINT64_C(1) << 30)
#define DESC_BLOCK 1U
#define DESC_AF (UINT64_C(1) << 10)
#define DESC_SH_INNER (UINT64_C(3) << 8)
#define DESC_EL0_RW (UINT64_C(1) << 6)
#define DESC_EL0_RO (UINT64_C(3) << 6)
#define DESC_ATTR_DEVICE (UINT64_C(0) << 2)
#define DESC_ATTR_NORMAL (UINT64_C(1) << 2)
#define DESC_PXN (UINT64_C(1) << 53)
#define DESC_UXN (UINT64_C(1) << 54)
#define CNTKCTL_EL0VCTEN 2U

static void forget_translations(void)
{
    __asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
}

void el0_open(void)
{
    uint64_t *level0 = (uint64_t *)(uintptr_t)(SYSREG_READ(TTBR0_EL1) & TABLE_ADDRESS);
    uint64_t *level1 =
        (uint64_t *)(uintptr_t)(level0[MMU_NORMAL_ALIAS >> L0_SHIFT] & TABLE_ADDRESS);

    /* Another memory type and other rights: break before make [DDI0487 D8.16.1]. */
    level1[0] = 0;
    level1[1] = 0;
    forget_translations();
    level1[0] = DESC_BLOCK | DESC_AF | DESC_ATTR_DEVICE | DESC_EL0_RW | DESC_PXN | DESC_UXN;
    level1[1] = GIB | DESC_BLOCK | DESC_AF | DESC_ATTR_NORMAL | DESC_SH_INNER | DESC_EL0_RO;
    forget_translations();
    SYSREG_WRITE(CNTKCTL_EL1, CNTKCTL_EL0VCTEN);
    isb();
}
