/* The heartbeat of guests that have no watchdog; health/health_calls.h.
 *
 * A call notes the time, no more. The CPU of the VM's boot vCPU looks when the next one is due, and
 * when none has come since, reports a fault of class watchdog. It looks from the start of the VM to
 * its end; of a VM that is suspended none is expected: the period begins anew.
 *
 * @req OPS-6 */
#include "health/health_calls.h"

#include <stdatomic.h>

#include "core/percpu.h"
#include "core/timer.h"
#include "lib/loop.h"
#include "vm/health.h"

static _Atomic uint64_t beats[CFG_WATCH_COUNT + 1U]; /* ticks of the latest, by VM */
static bool is_expected[CFG_WATCH_COUNT + 1U];       /* its boot CPU's: the VM has started */

void heartbeat_arrived(uint16_t vm)
{
    atomic_store_explicit(&beats[vm], timer_now(), memory_order_relaxed);
}

static bool is_watched_here(uint16_t vm)
{
    return cfg_watches[vm].heartbeat_ns != 0U &&
           cfg_vcpus[cfg_vms[vm].first_vcpu].cpu == this_cpu()->id;
}

static uint64_t deadline_of(uint16_t vm)
{
    return atomic_load_explicit(&beats[vm], memory_order_relaxed) +
           timer_ticks(cfg_watches[vm].heartbeat_ns);
}

/* This CPU's timer to the earliest of those that it watches. */
static void arm_timer(void)
{
    uint64_t earliest = UINT64_MAX;

    for (uint16_t vm = 0; vm < CFG_WATCH_COUNT; vm++) {
        LOOP_BOUND(CFG_WATCH_COUNT);
        if (is_watched_here(vm) && is_expected[vm] && deadline_of(vm) < earliest) {
            earliest = deadline_of(vm);
        }
    }
    if (earliest == UINT64_MAX) {
        timer_cancel(TIMER_HEARTBEAT);
    } else {
        timer_set(TIMER_HEARTBEAT, earliest);
    }
}

void heartbeat_vm_reset(uint16_t vm)
{
    if (cfg_watches[vm].heartbeat_ns != 0U) {
        is_expected[vm] = false;
        arm_timer();
    }
}

void heartbeat_vcpu_start(struct vcpu *v)
{
    if (v->index == 0U && cfg_watches[v->vm].heartbeat_ns != 0U) {
        heartbeat_arrived(v->vm);
        is_expected[v->vm] = true;
        arm_timer();
    }
}

static void look(uint16_t vm)
{
    if (deadline_of(vm) > timer_now()) {
        return;
    }
    heartbeat_arrived(vm); /* the next fault is one period away */
    if (life_is_running(vm)) {
        (void)health_report(vm, CFG_FAULT_WATCHDOG, 0, UINT64_MAX);
    }
}

void heartbeat_alarm(void)
{
    for (uint16_t vm = 0; vm < CFG_WATCH_COUNT; vm++) {
        LOOP_BOUND(CFG_WATCH_COUNT);
        if (is_watched_here(vm) && is_expected[vm]) {
            LOOP_RARE(CFG_HEARTBEAT_COUNT);
            look(vm);
        }
    }
    arm_timer();
}
