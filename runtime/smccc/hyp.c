/* Vendor-specific hypervisor service [DEN0028 6]: tells a guest under what it runs. Constant
 * answers; no feature hangs on them. smccc/services.h.
 * @req CPU-5 */
#include "smccc/services.h"

#include "smccc/smccc.h"

#define HYP_CALL_UID 0x8600FF01U
#define HYP_CALL_REVISION 0x8600FF03U

/* Of this service and of no other: 70e5cece-aa12-4c04-bdc0-b12e769ac9d1, in four words, each with
 * the earlier bytes in its lower bits. */
static const uint32_t hyp_uid[4] = {0xcecee570U, 0x044c12aaU, 0x2eb1c0bdU, 0xd1c99a76U};
#define HYP_REVISION_MAJOR 1U
#define HYP_REVISION_MINOR 0U

enum exit_action hyp_call(struct vcpu *v)
{
    switch (smccc_function_id(v)) {
    case HYP_CALL_UID:
        for (unsigned i = 0; i < ARRAY_COUNT(hyp_uid); i++) {
            v->x[i] = hyp_uid[i];
        }
        return EXIT_SKIP;
    case HYP_CALL_REVISION:
        v->x[0] = HYP_REVISION_MAJOR;
        v->x[1] = HYP_REVISION_MINOR;
        return EXIT_SKIP;
    default:
        return smccc_forward_allowed(v);
    }
}
