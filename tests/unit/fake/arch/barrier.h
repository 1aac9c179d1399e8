/* Fake of arch/barrier.h: counts, so that a test can see that a barrier is there. */
#ifndef ARCH_BARRIER_H
#define ARCH_BARRIER_H

struct fake_barriers {
    unsigned isb;
    unsigned dsb;
    unsigned dmb;
    unsigned wfi;
    unsigned sev;
    unsigned tlbi; /* of stage 1 alone */
};
extern struct fake_barriers fake_barriers;

static inline void isb(void)
{
    fake_barriers.isb++;
}

static inline void dsb_sy(void)
{
    fake_barriers.dsb++;
}

static inline void dsb_ish(void)
{
    fake_barriers.dsb++;
}

static inline void dsb_ishst(void)
{
    fake_barriers.dsb++;
}

static inline void dmb_ish(void)
{
    fake_barriers.dmb++;
}

static inline void dsb_nsh(void)
{
    fake_barriers.dsb++;
}

static inline void tlbi_vmalls12e1(void)
{
}

static inline void tlbi_vmalle1(void)
{
    fake_barriers.tlbi++;
}

static inline void sev(void)
{
    fake_barriers.sev++;
}

static inline void wfi(void)
{
    fake_barriers.wfi++;
}

#endif
