/* Vector registers for the host. */
#include "arch/simd.h"

#include "arch/sysreg.h"
#include "test.h"

uint64_t fake_simd[8][32][2];

void arch_simd_read(unsigned n, uint64_t value[2])
{
    value[0] = fake_simd[fake_cpu][n][0];
    value[1] = fake_simd[fake_cpu][n][1];
}

void arch_simd_write(unsigned n, const uint64_t value[2])
{
    fake_simd[fake_cpu][n][0] = value[0];
    fake_simd[fake_cpu][n][1] = value[1];
}

static void reset(void)
{
    memset(fake_simd, 0, sizeof(fake_simd));
}

__attribute__((constructor)) static void register_reset(void)
{
    test_on_begin(reset);
}
