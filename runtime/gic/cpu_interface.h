/* Brings up this CPU's physical interface; part of gic_init_cpu(). */
#ifndef GIC_CPU_INTERFACE_H
#define GIC_CPU_INTERFACE_H

void gic_cpu_interface_init(void);

#endif
