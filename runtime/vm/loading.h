/* Filling the memory of a VM from its pristine image, step by step, on the CPU of its boot vCPU. */
#ifndef VM_LOADING_H
#define VM_LOADING_H

#include "lib/types.h"

enum loading_step {
    LOADING_MORE,  /* there is more to be done */
    LOADING_DONE,  /* its memory is as the description says */
    LOADING_WRONG, /* an image in memory has another hash than what was packed */
};

/* The next step starts from the beginning. */
void loading_begin(uint16_t vm);
/* Fills or hashes the next piece; short enough for an interrupt to wait for it. */
enum loading_step loading_step(uint16_t vm);
/* All steps at once, at boot: until all is done or something is wrong. */
enum loading_step loading_all(uint16_t vm);
/* Ticks of the system counter that the steps have taken so far. */
uint64_t loading_ticks(uint16_t vm);

#endif
