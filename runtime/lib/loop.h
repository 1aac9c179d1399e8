/* How often loops go round, stated where they are, for the analysis of the linked image
 * (evidence/bound, docs/bound.md). No instruction is emitted: each statement is an entry of three
 * words (this place, kind, number) in the section .loopbound, which is not loaded.
 *
 * Numbers are constants: sizes of the description (CFG_...), limits of the architecture, or of the
 * code at hand. A loop that EL2 can be in while a guest waits and that has no statement makes
 * `make bound` fail. */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

/* SHF_LINK_ORDER ("o") ties the note to the function's section: the linker drops both or neither.
 * `__inline__`: where GCC decides what to inline by size, a note has none to speak of. */
#define LOOP_NOTE(kind, number)                                                                    \
    __asm__ __inline__ volatile(".Lloop_note%=:\n\t"                                               \
                                ".pushsection .loopbound,\"o\",%%progbits,.Lloop_note%=\n\t"       \
                                ".quad .Lloop_note%=, %c0, %c1\n\t"                                \
                                ".popsection" ::"i"(kind),                                         \
                                "i"(number))

/* In the body: it is entered at most `n` times each time the loop is. */
#define LOOP_BOUND(n) LOOP_NOTE(0, n)
/* In the body, beside LOOP_BOUND: of the functions in the table that the loop calls through, each
 * is called at most once. */
#define LOOP_EACH_ONCE() LOOP_NOTE(7, 0)
/* In the body: the loop waits for another CPU or for hardware, which is accounted for apart. */
#define LOOP_WAITS() LOOP_NOTE(1, 0)
/* On a way through the body: it is taken at most `n` of the times. */
#define LOOP_RARE(n) LOOP_NOTE(2, n)
/* In the body: the loop and the others of the same pot go round at most as often, all together,
 * as LOOP_POT says. */
#define LOOP_SHARED(pot) LOOP_NOTE(3 | ((pot) << 8), 0)
/* In a function: for one call of it, that many turns of the loops of `pot` in all it calls. */
#define LOOP_POT(pot, n) LOOP_NOTE(4 | ((pot) << 8), n)
/* In the body, in a function whose third argument is a number of bytes: each turn takes `n`. */
#define LOOP_BYTES(n) LOOP_NOTE(5, n)
/* Before a call of such a function whose argument is not a constant: it is at most `n`. */
#define LOOP_SIZE(n) LOOP_NOTE(6, n)

#endif
