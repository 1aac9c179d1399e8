/* What the ID registers show a VM (sysreg/id_registers.c). */
#ifndef SYSREG_ID_REGISTERS_H
#define SYSREG_ID_REGISTERS_H

#include <stdint.h>

/* The ID register (op0 3, op1 0, CRn 0, `crm` 1..7, `op2` 0..7) as `vm` sees it on this CPU.
 * Registers that we do not know read as 0, as the architecture asks of unallocated ones. */
uint64_t id_register_read(uint16_t vm, unsigned crm, unsigned op2);

#endif
