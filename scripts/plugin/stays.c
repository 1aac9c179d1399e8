/* QEMU plugin: how many instructions the hypervisor executes each time it runs.
 *
 * A *stay* is what one CPU executes of the hypervisor from its first instruction (of a vector, of
 * the image, or after a WFI) to the next ERET or WFI, both counted. Stays are told apart by where
 * they start, by ESR_EL2.EC for those that start at a vector for synchronous exceptions, and by
 * the set of named functions ("class" lines of the configuration) that they enter. For each such
 * class: how many, instructions in all, and the longest with its instructions by address.
 * Instructions in ranges that wait for another CPU ("wait" lines) are counted apart.
 *
 * An *interval* lies between two marker instructions, HINT #64 to HINT #126 (architecturally NOPs
 * [DDI0487 C6.2.126]), wherever they execute; neither marker is part of it. Each distinct
 * pair of markers and pair of totals is kept with the addresses of its first occurrence. All CPUs
 * count; intervals are exact where CPUs take turns (-icount). Instructions that are not the
 * hypervisor's are counted when the configuration says "elsewhere"; by a call each, since the
 * counters that QEMU offers for it go wrong with -icount and several CPUs.
 *
 * An instruction is the hypervisor's when it was fetched from the host memory that holds the
 * image's code, found at the image's first instruction: guests may run at the same virtual
 * addresses. No guest can reach that memory; that is what the hypervisor is for.
 *
 * Which CPU executes is read from SP, which at EL2 is on the CPU's own stack or at its vCPU ("sp"
 * lines), and before SP is set from VMPIDR_EL2, whose reset value is MPIDR_EL1. The index that QEMU
 * passes to callbacks cannot be used: with -icount it is the one of the CPU that translated the
 * code.
 *
 * HINT #127 ends the count: what comes after it is left out, so that the result does not depend on
 * when QEMU is told to end.
 *
 * Options: config=FILE, out=FILE (JSON, written when QEMU ends). All callbacks take one lock: with
 * one host thread for each CPU the counts of stays are still exact.
 *
 * @req EVID-4, CORE-5 */
#include "qemu_plugin.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPU_LIMIT 64U
#define STACK_LIMIT 256U
#define CLASS_LIMIT 256U
#define WAIT_LIMIT 256U
#define RECORD_LIMIT 65536U
#define NO_EC 0xFFU

#define OP_ERET 0xD69F03E0U
#define OP_WFI 0xD503207FU
#define OP_HINT_MASK 0xFFFFF01FU
#define OP_HINT 0xD503201FU
#define FIRST_MARKER 64U
#define END_MARKER 127U
#define MPIDR_AFFINITY UINT64_C(0xFF00FFFFFF)

#define VECTOR_BYTES 0x80U
#define IS_SYNC_VECTOR(offset) ((offset) < 0x800U && ((offset)&0x1FFU) == 0U)

__attribute__((visibility("default"))) int qemu_plugin_version = QEMU_PLUGIN_VERSION;
__attribute__((visibility("default"))) int
qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

/* Instruction numbers and how often each executed, without a pass over all of them to clear. */
struct tally {
    uint32_t *count; /* by instruction number */
    uint32_t *touched;
    uint32_t touched_count;
};

struct sparse {
    uint32_t *pairs; /* instruction number, count, ... in order of first execution */
    uint32_t pair_count;
};

struct stay {
    bool is_open;
    uint64_t start;
    uint8_t ec;
    uint64_t classes[CLASS_LIMIT / 64U];
    uint64_t own;
    uint64_t waiting;
    struct tally tally;
};

struct stay_record {
    uint64_t start;
    uint8_t ec;
    uint64_t classes[CLASS_LIMIT / 64U];
    uint64_t count;
    uint64_t total;
    uint64_t max;
    uint64_t max_waiting;
    struct sparse worst;
};

struct interval_record {
    unsigned from;
    unsigned to;
    uint64_t elsewhere;
    uint64_t own;
    uint64_t count;
    struct sparse first;
};

struct range {
    uint64_t low;
    uint64_t high; /* exclusive */
};

/* While SP is in it, full descending, this CPU executes. */
struct stack {
    unsigned cpu;
    uint64_t low;  /* exclusive */
    uint64_t high; /* inclusive */
};

static struct {
    struct range text;
    uint64_t start;
    uint32_t start_word;
    uint64_t vectors;
    uint64_t class_of[CLASS_LIMIT];
    unsigned class_count;
    struct range wait[WAIT_LIMIT];
    unsigned wait_count;
    uint64_t mpidr_of[CPU_LIMIT]; /* affinity fields */
    unsigned cpu_count;
    struct stack stack[STACK_LIMIT];
    unsigned stack_count;
    bool counts_elsewhere;
    char *out;
} config;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_over;
static const char *text_host; /* where the host keeps config.text.low; NULL: not seen yet */
static struct stay stays[CPU_LIMIT + 1U];
static struct stay_record stay_records[RECORD_LIMIT];
static unsigned stay_record_count;
static struct interval_record interval_records[RECORD_LIMIT];
static unsigned interval_record_count;
static struct {
    bool is_open;
    unsigned from;
    uint64_t elsewhere_before;
    uint64_t own;
    struct tally tally;
} interval;
static _Atomic uint64_t elsewhere; /* instructions that are not the hypervisor's */
static struct {
    struct qemu_plugin_register *sp;
    struct qemu_plugin_register *esr_el2;
    struct qemu_plugin_register *vmpidr_el2;
} registers;
static _Thread_local unsigned executing_cpu; /* set at the start of each translated block */

/* What is known of each instruction of the image, found when it is translated. */
struct site {
    uint64_t address;
    uint32_t word;
    int class; /* -1: starts no function of a class */
    bool is_wait;
};
static struct site *sites;

static void fail(const char *what)
{
    fprintf(stderr, "stays: %s\n", what);
    exit(1);
}

static void *zeroed(size_t count, size_t bytes)
{
    void *found = calloc(count, bytes);

    if (found == NULL) {
        fail("no memory");
    }
    return found;
}

static size_t instruction_count(void)
{
    return (size_t)(config.text.high - config.text.low) / 4U;
}

static void tally_init(struct tally *t)
{
    t->count = zeroed(instruction_count(), sizeof(*t->count));
    t->touched = zeroed(instruction_count(), sizeof(*t->touched));
}

static void tally_add(struct tally *t, uint32_t number)
{
    if (t->count[number]++ == 0U) {
        t->touched[t->touched_count++] = number;
    }
}

static void tally_clear(struct tally *t)
{
    for (uint32_t i = 0; i < t->touched_count; i++) {
        t->count[t->touched[i]] = 0;
    }
    t->touched_count = 0;
}

static void sparse_copy(struct sparse *s, const struct tally *t)
{
    free(s->pairs);
    s->pairs = zeroed(2U * t->touched_count + 1U, sizeof(*s->pairs));
    s->pair_count = t->touched_count;
    for (uint32_t i = 0; i < t->touched_count; i++) {
        s->pairs[2U * i] = t->touched[i];
        s->pairs[2U * i + 1U] = t->count[t->touched[i]];
    }
}

/* --- stays ------------------------------------------------------------------------------- */

static struct stay_record *stay_record_of(const struct stay *s)
{
    for (unsigned i = 0; i < stay_record_count; i++) {
        struct stay_record *r = &stay_records[i];

        if (r->start == s->start && r->ec == s->ec &&
            memcmp(r->classes, s->classes, sizeof(r->classes)) == 0) {
            return r;
        }
    }
    if (stay_record_count == RECORD_LIMIT) {
        fail("more classes of stays than there is room for");
    }
    struct stay_record *r = &stay_records[stay_record_count++];

    r->start = s->start;
    r->ec = s->ec;
    memcpy(r->classes, s->classes, sizeof(r->classes));
    return r;
}

static uint64_t register_value(struct qemu_plugin_register *handle)
{
    static _Thread_local struct glib_array *bytes;
    uint64_t value = 0;

    bytes = (bytes == NULL) ? g_byte_array_new() : g_byte_array_set_size(bytes, 0);
    if (handle == NULL || qemu_plugin_read_register(handle, bytes) != (int)sizeof(value)) {
        fail("QEMU does not show SP, ESR_EL2 and VMPIDR_EL2");
    }
    memcpy(&value, bytes->data, sizeof(value));
    return value;
}

/* On entry to code of the hypervisor. */
static void block_executes(unsigned vcpu, void *user)
{
    const uint64_t sp = register_value(registers.sp);

    (void)vcpu;
    (void)user;
    for (unsigned i = 0; i < config.stack_count; i++) {
        const struct stack *stack = &config.stack[i];

        if (sp > stack->low && sp <= stack->high) {
            executing_cpu = stack->cpu;
            return;
        }
    }
    const uint64_t mpidr = register_value(registers.vmpidr_el2) & MPIDR_AFFINITY;

    for (executing_cpu = 0; executing_cpu < config.cpu_count; executing_cpu++) {
        if (config.mpidr_of[executing_cpu] == mpidr) {
            return;
        }
    }
    /* On the stack of a panic: kept apart, in the place after the last CPU's. */
}

static uint8_t exception_class(void)
{
    return (uint8_t)((register_value(registers.esr_el2) >> 26) & 0x3FU); /* ESR_EL2.EC */
}

static void stay_begin(struct stay *s, uint64_t address)
{
    const uint64_t offset = address - config.vectors;

    s->is_open = true;
    s->start = address;
    s->ec = IS_SYNC_VECTOR(offset) ? exception_class() : NO_EC;
    s->own = 0;
    s->waiting = 0;
    memset(s->classes, 0, sizeof(s->classes));
}

static void stay_end(struct stay *s)
{
    struct stay_record *r = stay_record_of(s);

    r->count++;
    r->total += s->own;
    if (s->own > r->max) {
        r->max = s->own;
        sparse_copy(&r->worst, &s->tally);
    }
    if (s->waiting > r->max_waiting) {
        r->max_waiting = s->waiting;
    }
    tally_clear(&s->tally);
    s->is_open = false;
}

static void hypervisor_executes(unsigned vcpu, void *user)
{
    const struct site *site = user;
    const uint32_t number = (uint32_t)(site - sites);
    struct stay *s = &stays[executing_cpu];

    (void)vcpu;
    if (atomic_load_explicit(&is_over, memory_order_relaxed)) {
        return;
    }
    pthread_mutex_lock(&lock);
    if (!s->is_open) {
        stay_begin(s, site->address);
    }
    if (site->class >= 0) {
        s->classes[site->class / 64] |= UINT64_C(1) << (site->class % 64);
    }
    if (site->is_wait) {
        s->waiting++;
    } else {
        s->own++;
        tally_add(&s->tally, number);
    }
    if (interval.is_open) {
        interval.own++;
        tally_add(&interval.tally, number);
    }
    if (site->word == OP_ERET || site->word == OP_WFI) {
        stay_end(s);
    }
    pthread_mutex_unlock(&lock);
}

/* --- intervals --------------------------------------------------------------------------- */

static struct interval_record *interval_record_of(unsigned to, uint64_t outside)
{
    for (unsigned i = 0; i < interval_record_count; i++) {
        struct interval_record *r = &interval_records[i];

        if (r->from == interval.from && r->to == to && r->own == interval.own &&
            r->elsewhere == outside) {
            return r;
        }
    }
    if (interval_record_count == RECORD_LIMIT) {
        fail("more kinds of intervals than there is room for");
    }
    struct interval_record *r = &interval_records[interval_record_count++];

    *r = (struct interval_record){
        .from = interval.from, .to = to, .elsewhere = outside, .own = interval.own};
    sparse_copy(&r->first, &interval.tally);
    return r;
}

static void other_executes(unsigned vcpu, void *user)
{
    (void)vcpu;
    (void)user;
    atomic_fetch_add_explicit(&elsewhere, 1, memory_order_relaxed);
}

static void marker_executes(unsigned vcpu, void *user)
{
    const unsigned marker = (unsigned)(uintptr_t)user;

    (void)vcpu;
    if (marker == END_MARKER) {
        atomic_store_explicit(&is_over, true, memory_order_relaxed);
    }
    if (atomic_load_explicit(&is_over, memory_order_relaxed)) {
        return;
    }
    pthread_mutex_lock(&lock);
    const uint64_t now = atomic_load_explicit(&elsewhere, memory_order_relaxed);

    if (interval.is_open) {
        interval_record_of(marker, now - interval.elsewhere_before)->count++;
    }
    tally_clear(&interval.tally);
    interval.is_open = true;
    interval.from = marker;
    interval.own = 0;
    interval.elsewhere_before = now;
    pthread_mutex_unlock(&lock);
}

/* --- translation ------------------------------------------------------------------------- */

static bool is_in(const struct range *r, uint64_t address)
{
    return address >= r->low && address < r->high;
}

static struct site *site_of(uint64_t address, uint32_t word)
{
    struct site *site = &sites[(address - config.text.low) / 4U];

    *site = (struct site){.address = address, .word = word, .class = -1};
    for (unsigned i = 0; i < config.class_count; i++) {
        if (config.class_of[i] == address) {
            site->class = (int)i;
        }
    }
    for (unsigned i = 0; i < config.wait_count; i++) {
        site->is_wait = site->is_wait || is_in(&config.wait[i], address);
    }
    return site;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    bool is_hypervisor = false;

    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const char *host = qemu_plugin_insn_haddr(insn);
        uint32_t word = 0;

        (void)qemu_plugin_insn_data(insn, &word, sizeof(word));
        if (text_host == NULL && qemu_plugin_insn_vaddr(insn) == config.start &&
            word == config.start_word) {
            text_host = host - (config.start - config.text.low);
        }
        const uint64_t place = config.text.low + (uint64_t)(host - text_host);

        if (text_host != NULL && host >= text_host && is_in(&config.text, place)) {
            is_hypervisor = true;
            qemu_plugin_register_vcpu_insn_exec_cb(insn, hypervisor_executes, QEMU_PLUGIN_CB_R_REGS,
                                                   site_of(place, word));
        } else if ((word & OP_HINT_MASK) == OP_HINT && ((word >> 5) & 0x7FU) >= FIRST_MARKER) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, marker_executes, QEMU_PLUGIN_CB_NO_REGS,
                                                   (void *)(uintptr_t)((word >> 5) & 0x7FU));
        } else if (config.counts_elsewhere) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, other_executes, QEMU_PLUGIN_CB_NO_REGS,
                                                   NULL);
        }
    }
    if (is_hypervisor) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executes, QEMU_PLUGIN_CB_R_REGS, NULL);
    }
}

/* All CPUs are alike: a handle is good for each. */
static void vcpu_starts(qemu_plugin_id_t id, unsigned vcpu)
{
    const struct glib_array *found = qemu_plugin_get_registers();
    const qemu_plugin_reg_descriptor *known = (const void *)found->data;

    (void)id;
    (void)vcpu;
    for (unsigned i = 0; i < found->len; i++) {
        if (strcmp(known[i].name, "sp") == 0) {
            registers.sp = known[i].handle;
        } else if (strcmp(known[i].name, "ESR_EL2") == 0) {
            registers.esr_el2 = known[i].handle;
        } else if (strcmp(known[i].name, "VMPIDR_EL2") == 0) {
            registers.vmpidr_el2 = known[i].handle;
        }
    }
}

/* --- output ------------------------------------------------------------------------------ */

static void write_sparse(FILE *file, const struct sparse *s)
{
    fprintf(file, "[");
    for (uint32_t i = 0; i < s->pair_count; i++) {
        fprintf(file, "%s[%" PRIu64 ", %" PRIu32 "]", (i == 0U) ? "" : ", ",
                config.text.low + 4U * s->pairs[2U * i], s->pairs[2U * i + 1U]);
    }
    fprintf(file, "]");
}

static void write_stay(FILE *file, const struct stay_record *r)
{
    const char *comma = "";

    fprintf(file, "{\"start\": %" PRIu64 ", \"ec\": ", r->start);
    if (r->ec == NO_EC) {
        fprintf(file, "null");
    } else {
        fprintf(file, "%u", r->ec);
    }
    fprintf(file, ", \"classes\": [");
    for (unsigned i = 0; i < config.class_count; i++) {
        if ((r->classes[i / 64U] >> (i % 64U)) & 1U) {
            fprintf(file, "%s%u", comma, i);
            comma = ", ";
        }
    }
    fprintf(file,
            "], \"count\": %" PRIu64 ", \"total\": %" PRIu64 ", \"max\": %" PRIu64
            ", \"max_waiting\": %" PRIu64 ", \"worst\": ",
            r->count, r->total, r->max, r->max_waiting);
    write_sparse(file, &r->worst);
    fprintf(file, "}");
}

static void write_interval(FILE *file, const struct interval_record *r)
{
    fprintf(file,
            "{\"from\": %u, \"to\": %u, \"count\": %" PRIu64 ", \"elsewhere\": %" PRIu64
            ", \"own\": %" PRIu64 ", \"first\": ",
            r->from, r->to, r->count, r->elsewhere, r->own);
    write_sparse(file, &r->first);
    fprintf(file, "}");
}

static void finished(qemu_plugin_id_t id, void *user)
{
    FILE *file = fopen(config.out, "w");

    (void)id;
    (void)user;
    if (file == NULL) {
        fail("the output file cannot be written");
    }
    fprintf(file, "{\"image_seen\": %s, \"elsewhere\": %" PRIu64 ",\n\"stays\": [",
            (text_host != NULL) ? "true" : "false", (uint64_t)elsewhere);
    for (unsigned i = 0; i < stay_record_count; i++) {
        fprintf(file, "%s", (i == 0U) ? "\n" : ",\n");
        write_stay(file, &stay_records[i]);
    }
    fprintf(file, "],\n\"intervals\": [");
    for (unsigned i = 0; i < interval_record_count; i++) {
        fprintf(file, "%s", (i == 0U) ? "\n" : ",\n");
        write_interval(file, &interval_records[i]);
    }
    fprintf(file, "]}\n");
    if (fclose(file) != 0) {
        fail("the output file cannot be written");
    }
}

/* --- configuration ----------------------------------------------------------------------- */

static void configure_line(const char *line)
{
    uint64_t a = 0;
    uint64_t b = 0;
    uint64_t c = 0;
    char key[16] = "";
    const int count = sscanf(line, "%15s %" SCNx64 " %" SCNx64 " %" SCNx64, key, &a, &b, &c);

    if (count == 3 && strcmp(key, "text") == 0) {
        config.text = (struct range){a, b};
    } else if (count == 3 && strcmp(key, "start") == 0) {
        config.start = a;
        config.start_word = (uint32_t)b;
    } else if (count == 2 && strcmp(key, "vectors") == 0) {
        config.vectors = a;
    } else if (count == 2 && strcmp(key, "class") == 0 && config.class_count < CLASS_LIMIT) {
        config.class_of[config.class_count++] = a;
    } else if (count == 3 && strcmp(key, "wait") == 0 && config.wait_count < WAIT_LIMIT) {
        config.wait[config.wait_count++] = (struct range){a, b};
    } else if (count == 2 && strcmp(key, "cpu") == 0 && config.cpu_count < CPU_LIMIT) {
        config.mpidr_of[config.cpu_count++] = a;
    } else if (count == 4 && strcmp(key, "sp") == 0 && config.stack_count < STACK_LIMIT &&
               a < config.cpu_count) {
        config.stack[config.stack_count++] = (struct stack){(unsigned)a, b, c};
    } else if (count == 1 && strcmp(key, "elsewhere") == 0) {
        config.counts_elsewhere = true;
    } else {
        fail(line);
    }
}

static void configure(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[128];

    if (file == NULL) {
        fail("the configuration cannot be read");
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        configure_line(line);
    }
    (void)fclose(file);
    if (config.text.low >= config.text.high || !is_in(&config.text, config.start)) {
        fail("the configuration names no code");
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "config=", 7) == 0) {
            configure(argv[i] + 7);
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            config.out = strdup(argv[i] + 4);
        }
    }
    if (config.out == NULL || config.text.high == 0U) {
        fail("options: config=FILE,out=FILE");
    }
    sites = zeroed(instruction_count(), sizeof(*sites));
    tally_init(&interval.tally);
    for (unsigned i = 0; i <= config.cpu_count; i++) {
        tally_init(&stays[i].tally);
    }
    qemu_plugin_register_vcpu_init_cb(id, vcpu_starts);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
