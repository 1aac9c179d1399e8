/* Stage 1 of the bare-metal guests: an identity map of 40 bits of guest-physical space, and above
 * it, at MMU_NORMAL_ALIAS, the same space once more as normal memory.
 *
 * 1 GiB blocks. In the identity map 0x40000000-0xbfffffff is normal write-back memory, everything
 * else is device-nGnRE. All is readable, writable and executable, so that every fault that a test
 * sees comes from stage 2; through the alias also unaligned accesses to devices get there, which
 * device memory refuses at stage 1.
 * [DDI0487 D8.2, D8.3] */
#include "cpu.h"
#include "mmu.h"

#define TABLE_ENTRIES 512U
#define L0_ENTRIES 4U /* 512 GiB each: 1 TiB twice */
#define DESC_TABLE 3U
#define DESC_BLOCK 1U
#define DESC_AF (UINT64_C(1) << 10)
#define DESC_SH_INNER (UINT64_C(3) << 8)
#define DESC_ATTR_DEVICE (UINT64_C(0) << 2)
#define DESC_ATTR_NORMAL (UINT64_C(1) << 2)
#define MAIR_VALUE UINT64_C(0xff04) /* Attr0 device-nGnRE, Attr1 normal write-back */
#define GIB (UINT64_C(1) << 30)

/* T0SZ 23: 41 bits from level 0; inner shareable, write-back walks; 40-bit output. */
#define TCR_VALUE                                                                                 \
    (UINT64_C(23) | (UINT64_C(1) << 8) | (UINT64_C(1) << 10) | (UINT64_C(3) << 12) |               \
     (UINT64_C(1) << 23) /* EPD1 */ | (UINT64_C(2) << 32))
#define SCTLR_M (UINT64_C(1) << 0)
#define SCTLR_C (UINT64_C(1) << 2)
#define SCTLR_SA (UINT64_C(1) << 3)
#define SCTLR_I (UINT64_C(1) << 12)
#define SCTLR_RES1 UINT64_C(0x30d00800)

static uint64_t level0[TABLE_ENTRIES] __attribute__((aligned(4096)));
static uint64_t level1[L0_ENTRIES][TABLE_ENTRIES] __attribute__((aligned(4096)));

static uint64_t mmu_block(uint64_t va)
{
    uint64_t address = va & (MMU_NORMAL_ALIAS - 1U);
    bool normal = (va >= MMU_NORMAL_ALIAS) || ((address >= GIB) && (address < 3U * GIB));
    uint64_t attributes = normal ? (DESC_ATTR_NORMAL | DESC_SH_INNER) : DESC_ATTR_DEVICE;
    return address | attributes | DESC_AF | DESC_BLOCK;
}

void mmu_build(void)
{
    for (unsigned i = 0; i < L0_ENTRIES; i++) {
        level0[i] = (uint64_t)(uintptr_t)level1[i] | DESC_TABLE;
        for (unsigned j = 0; j < TABLE_ENTRIES; j++) {
            level1[i][j] = mmu_block(((uint64_t)i * TABLE_ENTRIES + j) * GIB);
        }
    }
}

void mmu_enable(void)
{
    SYSREG_WRITE(MAIR_EL1, MAIR_VALUE);
    SYSREG_WRITE(TCR_EL1, TCR_VALUE);
    SYSREG_WRITE(TTBR0_EL1, (uintptr_t)level0);
    /* The tables must be visible to the walker, and no stale translation may be used. */
    __asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tic iallu\n\tdsb sy\n\tisb" ::: "memory");
    SYSREG_WRITE(SCTLR_EL1, SCTLR_RES1 | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I);
    isb();
}
