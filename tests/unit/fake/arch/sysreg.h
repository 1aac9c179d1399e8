/* Fake of arch/sysreg.h: registers by name, a value for each simulated CPU.
 *
 * fake_cpu says on which CPU the code under test runs now. A register that nobody wrote reads as
 * 0. Hooks replace what a read returns or a write stores (a register that computes, or has side
 * effects). Everything is reset before each test. */
#ifndef ARCH_SYSREG_H
#define ARCH_SYSREG_H

#include <stdint.h>

#define FAKE_CPU_MAX 8U

extern unsigned fake_cpu;

struct fake_sysreg {
    const char *name;
    uint64_t value[FAKE_CPU_MAX];
    unsigned reads[FAKE_CPU_MAX];
    unsigned writes[FAKE_CPU_MAX];
    uint64_t (*on_read)(uint64_t stored);   /* what the read returns */
    uint64_t (*on_write)(uint64_t written); /* what is stored */
};

/* The register of that name; made at its first mention, its address never changes. */
struct fake_sysreg *fake_sysreg_find(const char *name);
/* All registers that were ever mentioned: 0, 1, ... until NULL. */
struct fake_sysreg *fake_sysreg_at(unsigned i);
uint64_t fake_sysreg_read(struct fake_sysreg *r);
void fake_sysreg_write(struct fake_sysreg *r, uint64_t v);

/* For tests: on the current CPU, without hooks and without being counted. */
uint64_t fake_sysreg_get(const char *name);
void fake_sysreg_set(const char *name, uint64_t v);
/* The same value on all CPUs (ID registers, counters). */
void fake_sysreg_set_all(const char *name, uint64_t v);

/* A call site looks its register up once. The name is not macro-expanded. */
#define FAKE_SYSREG_(name)                                                                         \
    ({                                                                                             \
        static struct fake_sysreg *sysreg_cache_;                                                  \
        if (sysreg_cache_ == 0) {                                                                  \
            sysreg_cache_ = fake_sysreg_find(name);                                                \
        }                                                                                          \
        sysreg_cache_;                                                                             \
    })
#define SYSREG_READ(name) fake_sysreg_read(FAKE_SYSREG_(#name))
#define SYSREG_WRITE(name, value)                                                                  \
    do {                                                                                           \
        const uint64_t sysreg_value_ = (value);                                                    \
        fake_sysreg_write(FAKE_SYSREG_(#name), sysreg_value_);                                     \
    } while (0)

#endif
