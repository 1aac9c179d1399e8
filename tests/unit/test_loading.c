/* sources: vm/loading.c lib/sha256.c */
/* Which of the two ways of hashing is taken. vm/life.c's tests show what loading does.
 * @req CPU-4 */
#include "vm/loading.h"

#include "arch/memory.h"
#include "arch/sha256.h"
#include "arch/sysreg.h"
#include "config/config.h"
#include "lib/sha256.h"
#include "test.h"

#define IMAGE_PA 0x48000000U
#define BLOCKS 2U

const struct cfg_vm cfg_vms[CFG_VM_COUNT] = {
    {.name = "plain", .first_load = 0, .load_count = 1},
};
const struct cfg_load cfg_loads[CFG_LOAD_COUNT] = {
    {.src_pa = IMAGE_PA, .dst_pa = 0x50000000U, .size = BLOCKS * SHA256_BLOCK_BYTES},
};

static uint8_t image[BLOCKS * SHA256_BLOCK_BYTES];
static uint8_t memory[sizeof(image)];
static unsigned by_cpu; /* blocks that the CPU's own instructions have hashed */

void arch_sha256_blocks(uint32_t h[8], const uint8_t *data, size_t block_count,
                        const uint32_t k[64])
{
    (void)h;
    (void)data;
    (void)k;
    by_cpu += (unsigned)block_count;
}

static void load(void)
{
    by_cpu = 0;
    fake_memory_add(IMAGE_PA, image, sizeof(image));
    fake_memory_add(cfg_loads[0].dst_pa, memory, sizeof(memory));
    loading_begin(0);
    (void)loading_all(0);
}

TEST(the_cpus_instructions_hash_where_it_has_them)
{
    fake_sysreg_set_all("ID_AA64ISAR0_EL1", 1U << 12);
    load();
    CHECK_EQ(by_cpu, BLOCKS + 1U); /* and one with the padding */
}

TEST(a_cpu_without_them_does_without)
{
    fake_sysreg_set_all("ID_AA64ISAR0_EL1", 0);
    load();
    CHECK_EQ(by_cpu, 0);
}
