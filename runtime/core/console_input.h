/* Input of the board console: to the one source that has the focus.
 *
 * The switch key moves the focus to the next console, after the last one to none, and from there
 * to the first. The key itself reaches no VM. */
#ifndef CORE_CONSOLE_INPUT_H
#define CORE_CONSOLE_INPUT_H

#include "lib/types.h"

enum input_result {
    INPUT_DONE,
    INPUT_SWITCHED, /* the focus has moved; more input may wait */
    INPUT_MORE,     /* more input may wait */
};

/* Console CPU. The first source has the focus, if there is one. */
void input_init(void);
/* Console CPU: takes a bounded number of bytes from the UART, at most up to a switch of the
 * focus. */
enum input_result input_service(void);
/* Source with the focus, or MUX_NONE; and its name, or "none". */
uint16_t input_focus(void);
const char *input_focus_name(void);
/* "console: ctrl-] moves the input to the next VM, or to none\n", and its length. */
size_t input_describe_key(char *text, size_t room);
/* Id of the boot vCPU of the source's VM: it is told of input and room. */
unsigned input_vcpu(uint16_t source);

#endif
