/* A guest with a GICv2 has none of GICv3's system registers, trapped or not; vgic/vgic.h
 * [IHI0048 4.4].
 *
 * @req IRQ-2 */
#include "vgic/vgic.h"

bool vgic_sgi_write(struct vcpu *v, enum vgic_sgi_kind kind, uint64_t value)
{
    (void)v;
    (void)kind;
    (void)value;
    return false;
}

bool vgic_dir_write(struct vcpu *v, uint64_t value)
{
    (void)v;
    (void)value;
    return false;
}

enum exit_action vgic_sgi1r_short(struct vcpu *v, uint64_t value)
{
    (void)v;
    (void)value;
    return EXIT_IN_FULL;
}
