/* Distribution of input; core/console_input.h.
 *
 * Each source has an input ring: the console CPU is its producer, the VM (under its PL011's lock)
 * its consumer. A full ring drops what is typed: its VM does not read. A byte goes to the source
 * that has the focus when it is taken from the UART, so nothing typed before a switch reaches the
 * next VM.
 *
 * @req DEV-1 */
#include "core/console_input.h"

#include "config/config.h"
#include "core/console.h"
#include "core/console_mux.h"
#include "core/mailbox.h"
#include "lib/fmt.h"
#include "lib/loop.h"
#include "lib/ring.h"
#include "platform/platform.h"

#define RX_BYTES CONSOLE_RX_MAX
#define SERVICE_BYTES 32U /* per call */

struct console_source_input {
    struct ring ring;
    uint16_t vcpu; /* id: the boot vCPU of the VM */
    uint8_t bytes[RX_BYTES];
};

/* One more than there are sources: the arrays of a system without consoles are not empty. */
static struct console_source_input inputs[CFG_CONSOLE_COUNT + 1];
static uint16_t focus;

void input_init(void)
{
    for (unsigned i = 0; i < CFG_PL011_COUNT; i++) {
        inputs[cfg_pl011s[i].console].vcpu = cfg_vms[cfg_pl011s[i].vm].first_vcpu;
    }
    focus = (CFG_CONSOLE_COUNT > 0) ? 0U : MUX_NONE;
}

uint16_t input_focus(void)
{
    return focus;
}

const char *input_focus_name(void)
{
    return (focus == MUX_NONE) ? "none" : mux_label(focus);
}

size_t input_describe_key(char *text, size_t room)
{
    const unsigned key = cfg_system.console_switch_key;
    const bool is_control = key < 0x20U;
    const unsigned shown = !is_control                 ? key
                           : (key >= 1U && key <= 26U) ? key + 0x60U
                                                       : key + 0x40U;
    return fmt_text(text, room, "console: %s%c moves the input to the next VM, or to none\n",
                    is_control ? "ctrl-" : "", (int)shown);
}

unsigned input_vcpu(uint16_t source)
{
    return inputs[source].vcpu;
}

static void move_focus(void)
{
    const uint16_t next = (focus == MUX_NONE) ? 0U : (uint16_t)(focus + 1U);
    focus = (next < CFG_CONSOLE_COUNT) ? next : MUX_NONE;
}

enum input_result input_service(void)
{
    uint8_t byte;
    enum input_result result = INPUT_MORE;
    bool has_input = false;
    for (unsigned i = 0; i < SERVICE_BYTES && result == INPUT_MORE; i++) {
        LOOP_BOUND(SERVICE_BYTES);
        if (!platform_uart_rx(&byte)) {
            result = INPUT_DONE;
        } else if (byte == cfg_system.console_switch_key) {
            result = INPUT_SWITCHED;
        } else if (focus != MUX_NONE) {
            (void)ring_put(&inputs[focus].ring, inputs[focus].bytes, RX_BYTES, byte);
            has_input = true;
        }
    }
    if (has_input) {
        mailbox_post_vcpu(inputs[focus].vcpu, MSG_CONSOLE_RX);
    }
    if (result == INPUT_SWITCHED) {
        move_focus();
    }
    return result;
}

bool console_rx_get(uint16_t source, uint8_t *byte)
{
    return ring_take(&inputs[source].ring, inputs[source].bytes, RX_BYTES, byte);
}

unsigned console_rx_count(uint16_t source)
{
    return ring_fill(&inputs[source].ring);
}
