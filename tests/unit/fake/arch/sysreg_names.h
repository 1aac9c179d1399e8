/* The fake knows registers by their names in the manual, so none is renamed here. */
#ifndef ARCH_SYSREG_NAMES_H
#define ARCH_SYSREG_NAMES_H
#endif
