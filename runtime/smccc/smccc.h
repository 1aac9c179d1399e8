/* SMCCC 1.2 dispatch [DEN0028]: from function id to service.
 *
 * The const table of services is in world/ns/calls.c; unknown ids return NOT_SUPPORTED (-1) and
 * preserve x4..x17; an id on the VM's allow list goes on to EL3 by SMC with x0..x7. */
#ifndef SMCCC_SMCCC_H
#define SMCCC_SMCCC_H

#include "vm/exit_action.h"
#include "vm/vcpu.h"

#define SMCCC_SUCCESS UINT64_C(0)
#define SMCCC_NOT_SUPPORTED UINT64_MAX
/* Of the hypervisor's own calls; the numbers are PSCI's [DEN0022 5.2]. */
#define HYP_INVALID_PARAMETERS ((uint64_t)-2)
#define HYP_DENIED ((uint64_t)-3)
#define HYP_NOT_NOW ((uint64_t)-4) /* it cannot be done, or there is nothing, as things stand */
/* Bit 31 of a function id: a fast call, as all of ours are. In fast calls bit 16 is a hint that
 * the caller keeps nothing in its SVE registers; it selects no other function [DEN0028 2.5]. */
#define SMCCC_FAST 0x80000000U
#define SMCCC_SVE_HINT 0x10000U

/* One service: ids first..last (inclusive) go to `call`, which reads x0.. and writes results. It
 * answers EXIT_SKIP when the call is done, by either conduit, and EXIT_RESUME when the guest goes
 * on at the PC that it has set. */
struct smccc_service {
    uint32_t first;
    uint32_t last;
    enum exit_action (*call)(struct vcpu *v);
};
extern const struct smccc_service smccc_services[]; /* world/ns/calls.c, sorted */
extern const unsigned smccc_service_count;
#define SMCCC_SERVICES_MAX 16U

enum smccc_conduit { SMCCC_HVC, SMCCC_SMC };
/* Handles the call in x0... EXIT_REFUSED: an SMC that nobody here answers and that is not allowed to
 * go on; nothing has happened. A call that is done is EXIT_RESUME by HVC, which has left the PC past
 * itself, and EXIT_SKIP by SMC, which traps with the PC on it. */
enum exit_action smccc_call(struct vcpu *v, enum smccc_conduit conduit);

/* The function id of the call in w0, without the SVE hint. */
static inline uint32_t smccc_function_id(const struct vcpu *v)
{
    const uint32_t id = (uint32_t)v->x[0];

    return ((id & SMCCC_FAST) != 0U) ? id & ~SMCCC_SVE_HINT : id;
}

/* The call is done, with one value as its result. */
static inline enum exit_action smccc_return(struct vcpu *v, uint64_t value)
{
    v->x[0] = value;
    return EXIT_SKIP;
}

/* Is `id` on the allow list of `vm`? */
bool smccc_is_allowed(uint16_t vm, uint32_t id);
/* Makes the guest's call at EL3, x0..x7 in and out; done with what EL3 answers. */
enum exit_action smccc_forward(struct vcpu *v);
/* The same if the VM's allow list names the call; NOT_SUPPORTED otherwise. */
enum exit_action smccc_forward_allowed(struct vcpu *v);

#endif
