/* SMCCC 1.2 dispatch [DEN0028]: from function id to service.
 *
 * The const table of services is in world/ns/calls.c; unknown ids return NOT_SUPPORTED (-1) and
 * preserve x4..x17; an id on the VM's allow list goes on to EL3 by SMC with x0..x7. */
#ifndef SMCCC_SMCCC_H
#define SMCCC_SMCCC_H

#include "vm/exit_action.h"
#include "vm/vcpu.h"

#define SMCCC_NOT_SUPPORTED UINT64_MAX

/* One service: ids first..last (inclusive) go to `call`, which reads x0.. and writes results. */
struct smccc_service {
    uint32_t first;
    uint32_t last;
    enum exit_action (*call)(struct vcpu *v);
};
extern const struct smccc_service smccc_services[]; /* world/ns/calls.c, sorted */
extern const unsigned smccc_service_count;

enum smccc_conduit { SMCCC_HVC, SMCCC_SMC };
/* Handles the call in x0.. and answers EXIT_RESUME (HVC: the PC already stands past the
 * instruction) or EXIT_SKIP (SMC: a trapped SMC leaves the PC on it). */
enum exit_action smccc_call(struct vcpu *v, enum smccc_conduit conduit);

#endif
