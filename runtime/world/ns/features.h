/* The features of the normal world, bound to the turns of a VM's life. */
#ifndef WORLD_NS_FEATURES_H
#define WORLD_NS_FEATURES_H

#include "vm/life.h"

/* The VM's console has input, or room for output again. */
void features_console_event(uint16_t vm);

#endif
