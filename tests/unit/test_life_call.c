/* sources: smccc/life.c */
/* Calls about the life of VMs: what reaches vm/life.h, and that a VM without the right learns
 * nothing. In the tests' system rt controls linux0 and linux1.
 * @req CPU-4 */
#include "smccc/services.h"
#include "smccc/smccc.h"
#include "test.h"
#include "vm/life.h"

#define VM_START 0xC600FF20U
#define VM_STATE 0xC600FF25U
#define VM_READY 0xC600FF26U
#define VM_LAST 0xC600FF2FU
#define DENIED (-3)
#define NOT_FROM_HERE (-4)

static unsigned requests;
static uint16_t request_vm;
static enum life_request request_what;
static bool is_refused;
static unsigned ready_calls;

bool life_request(uint16_t vm, enum life_request what)
{
    requests++;
    request_vm = vm;
    request_what = what;
    return !is_refused;
}

enum life_state life_state_of(uint16_t vm)
{
    return (vm == VM_LINUX0) ? LIFE_SUSPENDED : LIFE_WAITING;
}

uint32_t life_start_count(uint16_t vm)
{
    return 7U + vm;
}

bool life_is_ready(uint16_t vm)
{
    return vm == VM_LINUX0;
}

void life_set_ready(uint16_t vm)
{
    CHECK_EQ(vm, VM_LINUX1);
    ready_calls++;
}

enum exit_action smccc_forward_allowed(struct vcpu *v)
{
    return smccc_return(v, SMCCC_NOT_SUPPORTED);
}

TEST_SETUP()
{
    requests = ready_calls = 0;
    is_refused = false;
}

/* x4.. keep their values [DEN0028 2.6]; x1..x3 too, but for VM_STATE that is answered. */
static int64_t call(struct vcpu *v, uint64_t id, uint64_t target)
{
    for (unsigned i = 0; i < 31; i++) {
        v->x[i] = 0x1111000000000000U + i;
    }
    v->x[0] = id;
    v->x[1] = target;
    CHECK_EQ(life_call(v), EXIT_SKIP);
    for (unsigned i = (id == VM_STATE) ? 4 : 2; i < 31; i++) {
        CHECK_EQ(v->x[i], 0x1111000000000000U + i);
    }
    return (int64_t)v->x[0];
}

static struct vcpu *const rt = &vcpus[3];
static struct vcpu *const linux1 = &vcpus[2];

TEST(each_order_goes_to_the_vm_that_it_names)
{
    static const enum life_request orders[] = {LIFE_ORDER_START, LIFE_ORDER_STOP,
                                               LIFE_ORDER_RESTART, LIFE_ORDER_SUSPEND,
                                               LIFE_ORDER_RESUME};

    for (unsigned i = 0; i < ARRAY_COUNT(orders); i++) {
        CHECK_EQ(call(rt, VM_START + i, VM_LINUX0), 0);
        CHECK_EQ(call(rt, VM_START + i, VM_LINUX1), 0);
        CHECK_EQ(request_vm, VM_LINUX1);
        CHECK_EQ(request_what, orders[i]);
    }
    CHECK_EQ(requests, 2 * ARRAY_COUNT(orders));
    is_refused = true;
    CHECK_EQ(call(rt, VM_START, VM_LINUX0), NOT_FROM_HERE);
}

TEST(state_has_the_life_and_the_readiness)
{
    CHECK_EQ(call(rt, VM_STATE, VM_LINUX0), 0);
    CHECK_EQ(rt->x[1], 4); /* suspended: the numbers are the ABI's */
    CHECK_EQ(rt->x[2], 1);
    CHECK_EQ(rt->x[3], 7);
    CHECK_EQ(call(rt, VM_STATE, VM_LINUX1), 0);
    CHECK_EQ(rt->x[1], 1);
    CHECK_EQ(rt->x[2], 0);
    CHECK_EQ(rt->x[3], 8);
}

TEST(without_the_right_everything_is_denied)
{
    static const uint64_t targets[] = {VM_LINUX0, VM_LINUX1,         VM_RT,     3, 0xFFFF,
                                       0x10000,   UINT64_C(1) << 32, UINT64_MAX};

    for (uint32_t id = VM_START; id <= VM_STATE; id++) {
        for (unsigned i = 0; i < ARRAY_COUNT(targets); i++) {
            CHECK_EQ(call(linux1, id, targets[i]), DENIED);
            if (targets[i] != VM_LINUX0 && targets[i] != VM_LINUX1) {
                CHECK_EQ(call(rt, id, targets[i]), DENIED);
            }
        }
    }
    CHECK_EQ(requests, 0);
}

TEST(anybody_may_say_that_it_is_ready)
{
    CHECK_EQ(call(linux1, VM_READY, 99), 0);
    CHECK_EQ(ready_calls, 1);
}

TEST(the_rest_is_none_of_ours)
{
    for (uint32_t id = VM_READY + 1U; id <= VM_LAST; id++) {
        CHECK_EQ(call(rt, id, VM_LINUX0), -1);
    }
    CHECK_EQ(requests, 0);
}
