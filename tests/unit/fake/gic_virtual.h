/* Fake of gic_virtual.h: the virtual interface that fake/gich.h simulates. */
#ifndef GIC_VIRTUAL_H
#define GIC_VIRTUAL_H

#include "gic/gich.h"

unsigned fake_gich_lr_count(void);
unsigned fake_gich_priority_bits(void);
bool fake_gich_can_trap_dir(void);
uint64_t fake_gich_lr_read(unsigned i);
void fake_gich_lr_write(unsigned i, uint64_t lr);
uint64_t fake_gich_hcr_read(void);
void fake_gich_hcr_write(uint64_t v);
uint64_t fake_gich_vmcr_read(void);
void fake_gich_vmcr_write(uint64_t v);
uint64_t fake_gich_misr_read(void);
uint64_t fake_gich_eisr_read(void);
uint64_t fake_gich_elrsr_read(void);
void fake_gich_settle(void);

static inline unsigned gich_lr_count(void)
{
    return fake_gich_lr_count();
}

static inline unsigned gich_priority_bits(void)
{
    return fake_gich_priority_bits();
}

static inline bool gich_can_trap_dir(void)
{
    return fake_gich_can_trap_dir();
}

static inline uint64_t gich_lr_read(unsigned i)
{
    return fake_gich_lr_read(i);
}

static inline void gich_lr_write(unsigned i, uint64_t lr)
{
    fake_gich_lr_write(i, lr);
}

static inline uint64_t gich_lr_read_low(unsigned i)
{
    return fake_gich_lr_read(i);
}

static inline void gich_lr_write_low(unsigned i, uint64_t lr)
{
    fake_gich_lr_write(i, lr);
}

static inline uint64_t gich_hcr_read(void)
{
    return fake_gich_hcr_read();
}

static inline void gich_hcr_write(uint64_t v)
{
    fake_gich_hcr_write(v);
}

static inline uint64_t gich_vmcr_read(void)
{
    return fake_gich_vmcr_read();
}

static inline void gich_vmcr_write(uint64_t v)
{
    fake_gich_vmcr_write(v);
}

static inline uint64_t gich_misr_read(void)
{
    return fake_gich_misr_read();
}

static inline uint64_t gich_eisr_read(void)
{
    return fake_gich_eisr_read();
}

static inline uint64_t gich_elrsr_read(void)
{
    return fake_gich_elrsr_read();
}

static inline void gich_settle(void)
{
    fake_gich_settle();
}

#endif
