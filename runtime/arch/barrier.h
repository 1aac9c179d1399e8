/* Barriers and hints, named as the manual names them [DDI0487 B2.3.12, C6.2]. */
#ifndef ARCH_BARRIER_H
#define ARCH_BARRIER_H

static inline void isb(void)
{
    __asm__ volatile("isb" ::: "memory");
}

static inline void dsb_sy(void)
{
    __asm__ volatile("dsb sy" ::: "memory");
}

static inline void dsb_ish(void)
{
    __asm__ volatile("dsb ish" ::: "memory");
}

static inline void dsb_ishst(void)
{
    __asm__ volatile("dsb ishst" ::: "memory");
}

static inline void dmb_ish(void)
{
    __asm__ volatile("dmb ish" ::: "memory");
}

static inline void dsb_nsh(void)
{
    __asm__ volatile("dsb nsh" ::: "memory");
}

/* Stage 1 and 2 of EL1&0 for the current VMID, on this CPU [DDI0487 C5.5]. Needs dsb_nsh(). */
static inline void tlbi_vmalls12e1(void)
{
    __asm__ volatile("tlbi vmalls12e1" ::: "memory");
}

/* Stage 1 of EL1&0 for the current VMID, on this CPU [DDI0487 C5.5]. Needs dsb_nsh(). */
static inline void tlbi_vmalle1(void)
{
    __asm__ volatile("tlbi vmalle1" ::: "memory");
}

/* An event for every CPU's WFE; what it is about is to be complete before: dsb_sy(). */
static inline void sev(void)
{
    __asm__ volatile("sev" ::: "memory");
}

static inline void wfi(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

#endif
