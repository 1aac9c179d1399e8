/* How every exit ends. Handlers decide, world/ns/exit.c alone applies: it is the only code that
 * advances the PC, injects, or stops a vCPU. */
#ifndef VM_EXIT_ACTION_H
#define VM_EXIT_ACTION_H

enum exit_action {
    EXIT_RESUME,     /* back to the guest at ELR_EL2 */
    EXIT_SKIP,       /* the same, past the trapped instruction */
    EXIT_UNDEF,      /* the guest takes an Undefined Instruction exception */
    EXIT_ABORT,      /* the guest takes a synchronous external abort for this access */
    EXIT_RESCHEDULE, /* this vCPU no longer runs (off, stopped): the CPU goes idle */
    EXIT_VM_FAULT,   /* the VM cannot go on: it is stopped with a report */
    EXIT_IN_FULL,    /* of a short exit alone: nothing has happened, all registers are needed */
};

#endif
