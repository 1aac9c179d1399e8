/* The registers that only a GICv2 of one security state has; spec/gic_version.h [IHI0048 4.1, 4.3].
 *
 * With several CPU interfaces; what is about SGIs and PPIs is banked by who makes the access. */
#include "spec/gic_version.h"

enum { SGI_COUNT = 16, ALL_CPUS = (1U << SPEC_CPUS) - 1U };
enum { IIDR = 0x008, TYPER = 0x004, SGIR = 0xF00, IDS = 0xFD0 };

const struct spec_row spec_version_rows[] = {
    {0x800, 1020, 8, 1 | 4, FIELD_ROUTE},
    {0xF10, SGI_COUNT, 8, 1 | 4, FIELD_CLEAR_SOURCES},
    {0xF20, SGI_COUNT, 8, 1 | 4, FIELD_SET_SOURCES},
};
const unsigned spec_version_row_count = sizeof(spec_version_rows) / sizeof(spec_version_rows[0]);

void spec_version_begin(void)
{
}

bool spec_version_has_sources(unsigned intid)
{
    return intid < SGI_COUNT;
}

uint8_t spec_version_reset_targets(void)
{
    return 0;
}

void spec_version_frame(enum spec_frame frame, unsigned *begin, unsigned *end)
{
    *begin = 0;
    *end = (frame == SPEC_GICD) ? SPEC_INTIDS : 0;
}

/* There is nothing like GICR_WAKER. */
bool spec_version_is_quiet(unsigned cpu)
{
    (void)cpu;
    return false;
}

/* GICD_ITARGETSR: of SGIs and PPIs it is read-only and says who reads; bits of CPU interfaces that
 * there are not are RAZ/WI [IHI0048 4.3.12]. */
void spec_version_write_route(const struct spec_place *at, unsigned intid, uint64_t value)
{
    (void)at;
    if (intid >= SPEC_PRIVATE) {
        spec_change(0, intid, SPEC_ROUTE, value & ALL_CPUS);
    }
}

uint64_t spec_version_route(const struct spec_place *at, unsigned intid)
{
    return spec_settings_of(at->cpu, intid).targets;
}

/* GICD_SGIR: TargetListFilter, CPUTargetList, SGIINTID; NSATT is of the security extensions
 * [IHI0048 4.3.15]. */
static unsigned receivers(unsigned cpu, uint64_t value)
{
    switch ((value >> 24) & 3) {
    case 0:
        return (value >> 16) & ALL_CPUS;
    case 1:
        return ALL_CPUS & ~(1U << cpu);
    case 2:
        return 1U << cpu;
    default:
        return 0;
    }
}

void spec_version_write(const struct spec_place *at, uint64_t value)
{
    const unsigned to = spec_is_word(at, SPEC_GICD, SGIR) ? receivers(at->cpu, value) : 0;

    for (unsigned c = 0; c < SPEC_CPUS; c++) {
        if (((to >> c) & 1) != 0) {
            spec_change(c, value & 0xF, SPEC_SET_PENDING, (uint8_t)(1U << at->cpu));
        }
    }
}

bool spec_version_ignores_writes(const struct spec_place *at)
{
    return !spec_is_word(at, SPEC_GICD, SGIR);
}

/* ITLinesNumber, CPUNumber; no security extensions [IHI0048 4.3.2]. */
#define TYPER_VALUE ((SPEC_INTIDS / 32U - 1U) | (SPEC_CPUS - 1U) << 5)

struct spec_value spec_version_read(const struct spec_place *at)
{
    if (spec_is_word(at, SPEC_GICD, 0)) {
        return spec_exactly(spec_ctlr_groups());
    }
    if (spec_is_word(at, SPEC_GICD, TYPER)) {
        return spec_exactly(TYPER_VALUE);
    }
    if (spec_is_word(at, SPEC_GICD, IIDR)) {
        return spec_iidr();
    }
    if (at->offset >= IDS && spec_is_word(at, SPEC_GICD, at->offset & ~3U)) {
        return spec_identification(at->offset - IDS, 2);
    }
    return spec_exactly(0);
}

bool spec_version_read_done(const struct spec_place *at, uint64_t value)
{
    (void)at;
    (void)value;
    return true;
}
