/* How every exit ends. Handlers decide, world/ns/exit.c alone applies: it is the only code that
 * advances the PC, injects, or stops a vCPU. Faults it takes to the health monitor, which says
 * whether the guest takes an exception for it: UNDEFINED, or a synchronous external abort. */
#ifndef VM_EXIT_ACTION_H
#define VM_EXIT_ACTION_H

enum exit_action {
    EXIT_RESUME,     /* back to the guest at ELR_EL2 */
    EXIT_SKIP,       /* the same, past the trapped instruction */
    EXIT_UNDEF,      /* fault: an instruction that does not exist for the guest */
    EXIT_ABORT,      /* fault: an access that nothing answers */
    EXIT_REFUSED,    /* fault: an SMC that is neither answered nor passed on */
    EXIT_WAIT,       /* the vCPU has nothing to do until an interrupt; then at ELR_EL2 */
    EXIT_SKIP_WAIT,  /* the same, past the trapped instruction */
    EXIT_RESCHEDULE, /* this vCPU no longer runs (off, stopped): the CPU goes idle */
    EXIT_VM_FAULT,   /* fault: an access that the guest can take no exception for either */
    EXIT_IN_FULL,    /* of a short exit alone: nothing has happened, all registers are needed */
};

#endif
