/* Cyclic schedules; vm/sched.h.
 *
 * Each CPU owns its row and the turns of its vCPUs; only the changes of mode are shared. Frames of
 * all CPUs count from one moment, and every time is computed from the start of its frame: nothing
 * drifts, and a CPU that was late for one window is on time for the next. INV-SLOT-SORTED,
 * INV-SLOT-MEMBERS and INV-CPU-RESIDENTS are relied on.
 *
 * @req CPU-2, CPU-3 */
#include "vm/sched.h"

#include <stdatomic.h>

#include "arch/spinlock.h"
#include "core/mailbox.h"
#include "core/percpu.h"
#include "core/timer.h"
#include "lib/loop.h"
#include "vm/health.h"
#include "vm/life.h"
#include "vm/vcpu_context.h"

#define NEVER UINT64_MAX
enum { NOBODY = 0xFFFF };

/* A change of mode: in force from the tick `at` on, which is the end of a frame of the one before.
 */
struct mode_change {
    uint64_t at;
    uint16_t mode;
};

struct sched_row {
    const struct cfg_slot *slot; /* NULL: in a gap */
    uint64_t until;              /* when the slot, or the gap, ends */
    uint64_t opens;              /* when the slot was due */
    uint64_t turn_ends;
    uint64_t since;        /* when `runs` began to */
    struct vcpu *runs;     /* whose time it is, or NULL */
    uint32_t change_count; /* how many changes of mode are in force here */
    uint16_t turn;         /* the member that had the last turn, of those that are not spare */
    uint16_t spare_turn;   /* and of those that are */
    bool is_opening;       /* nobody has had a turn in the slot, whose start was waited for */
};

/* Between turns. By vCPU id. */
struct sched_vcpu {
    uint64_t loaded_at;
    uint64_t excused_at; /* when its VM started it */
    uint64_t due; /* of one that waits: when a timer of it gives an interrupt */
};

static struct sched_row rows[CFG_CPU_COUNT];
static struct sched_vcpu vcpu_rows[CFG_VCPU_COUNT];
static struct sched_times vcpu_times[CFG_VCPU_COUNT];

/* The last two changes; the one with number n at n % 2. Number 0 is the start. Written under the
 * lock, while nobody reads: before change_count says that it is there. */
static struct mode_change changes[2];
static _Atomic uint32_t change_count;
static struct spinlock change_lock;

/* Counters are read by other CPUs too. */
static void count(uint64_t *counter, uint64_t more)
{
    __atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

/* --- modes ------------------------------------------------------------------------------ */

void sched_init(void)
{
    changes[0].at = timer_now();
}

uint16_t sched_mode(void)
{
    return changes[atomic_load_explicit(&change_count, memory_order_acquire) % 2U].mode;
}

static uint64_t frame_of(const struct mode_change *c)
{
    return cfg_modes[c->mode].frame_ticks;
}

/* A CPU looks for changes at each end of a frame. The one that is asked for now is in force a whole
 * frame after the next end, so each CPU has seen it by then. There is no other before that one has
 * been in force for a frame: a CPU that has read the clock just before, and decides by it, still
 * finds the one before. */
bool sched_request_mode(uint16_t mode)
{
    bool is_accepted = false;

    spin_lock(&change_lock);
    const uint32_t count_before = atomic_load_explicit(&change_count, memory_order_relaxed);
    const struct mode_change *const last = &changes[count_before % 2U];
    const uint64_t now = timer_now();

    const bool is_settled =
        now >= last->at && (count_before == 0U || now - last->at >= frame_of(last));

    if (mode < CFG_MODE_COUNT && is_settled) {
        const uint64_t frames = (now - last->at) / frame_of(last);

        changes[(count_before + 1U) % 2U] = (struct mode_change){
            .at = last->at + (frames + 2U) * frame_of(last),
            .mode = mode,
        };
        atomic_store_explicit(&change_count, count_before + 1U, memory_order_release);
        is_accepted = true;
    }
    spin_unlock(&change_lock);
    return is_accepted;
}

/* The change in force here at `now`. */
static const struct mode_change *follow_changes(struct sched_row *row, uint64_t now)
{
    const uint32_t last = atomic_load_explicit(&change_count, memory_order_acquire);

    if (row->change_count != last) {
        /* The one before the last has been in force for a frame, or there would be no last one. */
        row->change_count = (now >= changes[last % 2U].at) ? last : last - 1U;
    }
    return &changes[row->change_count % 2U];
}

/* --- windows ---------------------------------------------------------------------------- */

static struct vcpu *member(const struct cfg_slot *slot, unsigned i)
{
    return &vcpus[cfg_slot_members[slot->first_member + i]];
}

static void tell_members(const struct cfg_slot *slot, bool is_open, uint64_t now)
{
    for (unsigned i = 0; i < slot->member_count; i++) {
        LOOP_BOUND(CFG_SLOT_MEMBER_MAX);
        struct vcpu *const v = member(slot, i);

        sched_feature.window(v, is_open, now);
        if (is_open && vcpu_rows[v->id].due != NEVER) {
            vcpu_rows[v->id].due = sched_feature.due(v); /* its clock may have stood */
        }
    }
}

static void park(struct vcpu *v)
{
    struct sched_vcpu *const s = &vcpu_rows[v->id];

    vcpu_context_save(v); /* the PMU is off before the interrupt controller is looked at */
    for (unsigned i = turn_feature_count; i > 0U; i--) {
        LOOP_BOUND(TURN_FEATURES_MAX);
        LOOP_EACH_ONCE();
        turn_features[i - 1U].vcpu_park(v);
    }
    v->is_loaded = false;
    s->due = sched_feature.due(v);
    if (s->due <= s->loaded_at) {
        s->due = NEVER; /* it has been loaded since, and had no use for it */
    }
}

static void load(struct vcpu *v, uint64_t now)
{
    vcpu_context_load(v);
    for (unsigned i = 0; i < turn_feature_count; i++) {
        LOOP_BOUND(TURN_FEATURES_MAX);
        LOOP_EACH_ONCE();
        turn_features[i].vcpu_load(v);
    }
    v->is_loaded = true;
    /* Whatever it was that gave it the turn may need a moment to get here as an interrupt: it is
     * not passed over meanwhile. For the guest its wait has ended early, as any may. */
    v->is_waiting = false;
    vcpu_rows[v->id].loaded_at = now;
    count(&vcpu_times[v->id].turns, 1);
}

/* This CPU's vCPU becomes `v`, or nobody. */
static void hand_over(struct vcpu *v, uint64_t now)
{
    struct percpu *const cpu = this_cpu();

    if (cpu->vcpu == v) {
        return;
    }
    if (cpu->vcpu != NULL && cpu->vcpu->is_loaded) {
        park(cpu->vcpu);
    }
    cpu->vcpu = v;
    if (v != NULL && v->is_on) {
        load(v, now);
    }
}

/* Is it a fault that `v` still runs at the end of the slot? Not if its VM started in it: it had the rest
 * of a window to do all that a start takes. */
static bool is_overrun_fault(const struct sched_row *row, const struct vcpu *v)
{
    return !health_is_ignored(v->vm, CFG_FAULT_OVERRUN) &&
           vcpu_rows[v->id].excused_at < row->opens;
}

static void close_slot(struct sched_row *row, uint64_t now)
{
    const struct vcpu *const v = row->runs;

    if (v != NULL) {
        count(&vcpu_times[v->id].preemptions, 1);
        count(&vcpu_times[v->id].overruns, 1);
        if (is_overrun_fault(row, v)) {
            (void)health_report(v->vm, CFG_FAULT_OVERRUN, 0, v->index);
        }
        row->runs = NULL;
    }
    hand_over(NULL, now);
    if (row->slot != NULL) {
        tell_members(row->slot, false, now);
        row->slot = NULL;
    }
}

/* The slot or gap that `now` is in. */
static void open_slot(struct sched_row *row, uint64_t now)
{
    const struct mode_change *const change = follow_changes(row, now);
    const struct cfg_cpu_schedule *const s =
        &cfg_cpu_schedules[(unsigned)change->mode * CFG_CPU_COUNT + this_cpu()->id];
    const uint64_t frame = frame_of(change);
    const uint64_t starts = now - (now - change->at) % frame;
    const struct cfg_slot *slot = &cfg_slots[s->first_slot];
    const uint64_t due = row->until;

    row->until = starts + frame;
    for (unsigned i = 0; i < s->slot_count; i++, slot++) {
        LOOP_BOUND(CFG_CPU_SLOT_MAX);
        if (now < starts + slot->start) {
            row->until = starts + slot->start;
            return;
        }
        if (now < starts + slot->end) {
            row->until = starts + slot->end;
            row->opens = starts + slot->start;
            row->is_opening = due != 0U && due <= row->opens;
            row->slot = slot;
            row->turn = (uint16_t)(slot->member_count - slot->spare_count - 1U);
            row->spare_turn = (uint16_t)(slot->member_count - 1U);
            tell_members(slot, true, now);
            return;
        }
    }
}

/* --- turns ------------------------------------------------------------------------------ */

static bool is_runnable(const struct vcpu *v)
{
    return v->is_on && !v->is_waiting && !v->is_paused;
}

/* From when on a timer would end its wait. One that is loaded is told of interrupts by the CPU. */
static uint64_t due_of(const struct vcpu *v)
{
    return (v->is_on && !v->is_paused && !v->is_loaded) ? vcpu_rows[v->id].due : NEVER;
}

/* Has it a use for a turn now? */
static bool wants_turn(const struct vcpu *v, uint64_t now)
{
    return is_runnable(v) || mailbox_has_vcpu(v->id) || due_of(v) <= now;
}

/* Of the `count` members from `first` on, the next after `last` that wants a turn, or NOBODY. */
static unsigned next_turn(const struct cfg_slot *slot, unsigned first, unsigned count,
                          unsigned last, uint64_t now)
{
    unsigned at = last;

    for (unsigned i = 0; i < count; i++) {
        LOOP_BOUND(CFG_SLOT_MEMBER_MAX);
        at = (at + 1U < first + count) ? at + 1U : first;
        if (wants_turn(member(slot, at), now)) {
            return at;
        }
    }
    return NOBODY;
}

/* Whose turn it is, or NULL. */
static struct vcpu *choose(struct sched_row *row, uint64_t now)
{
    const struct cfg_slot *const slot = row->slot;
    const struct vcpu *const has_it = this_cpu()->vcpu;

    if (slot == NULL) {
        return NULL;
    }
    const unsigned regular = (unsigned)slot->member_count - slot->spare_count;

    if (has_it != NULL && has_it == member(slot, row->turn) && wants_turn(has_it, now) &&
        now < row->turn_ends) {
        return this_cpu()->vcpu;
    }
    unsigned at = next_turn(slot, 0, regular, row->turn, now);

    if (at != NOBODY) {
        row->turn = (uint16_t)at;
    } else if (slot->spare_count != 0U) {
        if (has_it != NULL && has_it == member(slot, row->spare_turn) && wants_turn(has_it, now) &&
            now < row->turn_ends) {
            return this_cpu()->vcpu;
        }
        at = next_turn(slot, regular, slot->spare_count, row->spare_turn, now);
        if (at != NOBODY) {
            row->spare_turn = (uint16_t)at;
        }
    }
    if (at == NOBODY) {
        return NULL;
    }
    row->turn_ends = now + slot->quantum;
    return member(slot, at);
}

/* When there is something to decide again: the slot ends, or another one can have the turn. Spare
 * ones do not matter to one that is not, which for its part ends theirs at once. */
static uint64_t next_decision(const struct sched_row *row, const struct vcpu *v, uint64_t now)
{
    const struct cfg_slot *const slot = row->slot;
    uint64_t at = row->until;

    if (slot == NULL) {
        return at;
    }
    const unsigned regular = (unsigned)slot->member_count - slot->spare_count;
    const bool is_regular = v != NULL && v == member(slot, row->turn);

    for (unsigned i = 0; i < (is_regular ? regular : slot->member_count); i++) {
        LOOP_BOUND(CFG_SLOT_MEMBER_MAX);
        const struct vcpu *const other = member(slot, i);

        if (other != v) {
            const uint64_t wants = wants_turn(other, now) ? now : due_of(other);
            const bool has_to_wait = v != NULL && (is_regular || i >= regular);
            const uint64_t gets = (has_to_wait && wants < row->turn_ends) ? row->turn_ends : wants;

            at = (gets < at) ? gets : at;
        }
    }
    return at;
}

/* The time since the last look was that of the one that ran. */
static void account(struct sched_row *row, uint64_t now)
{
    if (row->runs != NULL) {
        count(&vcpu_times[row->runs->id].run, now - row->since);
    }
}

static void note_start(struct sched_row *row, const struct vcpu *v)
{
    struct sched_times *const t = &vcpu_times[v->id];
    const uint64_t late = timer_now() - row->opens;

    count(&t->windows, 1);
    if (late > t->late_ticks) {
        count(&t->late_ticks, late - t->late_ticks);
    }
}

bool sched_elect(void)
{
    struct percpu *const cpu = this_cpu();

    if (!sched_has_schedule(cpu->id)) {
        return false;
    }
    struct sched_row *const row = &rows[cpu->id];
    const uint64_t now = timer_now();

    account(row, now);
    if (row->runs != NULL && !is_runnable(row->runs)) {
        row->runs = NULL;
    }
    if (now >= row->until) {
        close_slot(row, now);
        open_slot(row, now);
    }
    struct vcpu *const v = choose(row, now);

    if (v != NULL) {
        if (row->runs != NULL && row->runs != v) {
            count(&vcpu_times[row->runs->id].preemptions, 1);
        }
        hand_over(v, now);
    }
    cpu->guest_runs = v != NULL && is_runnable(v);
    row->runs = cpu->guest_runs ? v : NULL;
    row->since = now;
    timer_set(TIMER_SCHED, next_decision(row, v, now));
    /* Others may have asked something of it that comes before its next instruction. */
    const bool has_messages = v != NULL && mailbox_has_vcpu(v->id);

    if (cpu->guest_runs && row->is_opening && !has_messages) {
        note_start(row, v);
    }
    row->is_opening = row->is_opening && has_messages;
    return has_messages;
}

void sched_look(void)
{
    struct percpu *const cpu = this_cpu();

    if (sched_has_schedule(cpu->id)) {
        cpu->guest_runs = false;
    }
}

void sched_wait(struct vcpu *v)
{
    v->is_waiting = true;
    this_cpu()->guest_runs = false;
}

void sched_wake(struct vcpu *v)
{
    v->is_waiting = false;
}

void sched_started(struct vcpu *v)
{
    vcpu_context_started(v);
    vcpu_rows[v->id].loaded_at = timer_now();
    rows[v->cpu].is_opening = false; /* it was off when the slot was due, so it is not late */
}

void sched_excuse(const struct vcpu *v)
{
    vcpu_rows[v->id].excused_at = timer_now();
}

void sched_read_times(unsigned vcpu, struct sched_times *times)
{
    const struct sched_times *const t = &vcpu_times[vcpu];

    times->run = __atomic_load_n(&t->run, __ATOMIC_RELAXED);
    times->turns = __atomic_load_n(&t->turns, __ATOMIC_RELAXED);
    times->preemptions = __atomic_load_n(&t->preemptions, __ATOMIC_RELAXED);
    times->overruns = __atomic_load_n(&t->overruns, __ATOMIC_RELAXED);
    times->windows = __atomic_load_n(&t->windows, __ATOMIC_RELAXED);
    times->late_ticks = __atomic_load_n(&t->late_ticks, __ATOMIC_RELAXED);
}
