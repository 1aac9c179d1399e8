/* The log: levelled, one line a call, into the console source "bulkhead". Never blocks: when its
 * ring is full, lines are dropped and counted. Formats: those of lib/fmt.h. log_guest() is for what
 * a guest caused: rate limited per VM. Before console_start() lines wait in the ring.
 *
 * Each module has its level, a constant of the description (CFG_LOG_LEVELS). Who calls is told by
 * LOG_MODULE, which the build defines for each source by its folder: a line below its module's
 * level leaves no code behind, and its arguments are not evaluated.
 *
 * @req OPS-1 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum log_level { LOG_ERROR = 0, LOG_WARN = 1, LOG_INFO = 2, LOG_DEBUG = 3 };

/* The folders of the runtime that log; the order is that of CFG_LOG_LEVELS. */
enum log_module {
    LOG_CORE,
    LOG_GIC,
    LOG_VM,
    LOG_MMIO,
    LOG_SMCCC,
    LOG_PSCI,
    LOG_VTIMER,
    LOG_VGIC,
    LOG_VDEV,
    LOG_SYSREG,
    LOG_WORLD,
    LOG_MODULE_COUNT
};

/* With constant arguments a constant: the test of a level costs nothing. Without a console nothing
 * is on. */
static inline bool log_is_on(enum log_module module, enum log_level level)
{
    static const uint8_t levels[] = CFG_LOG_LEVELS;
    _Static_assert(sizeof(levels) == LOG_MODULE_COUNT, "each module has its level");
    return CFG_HAS_CONSOLE != 0U && (unsigned)level <= levels[module];
}

/* These print whatever the level is: to be called by the macros below. A debug line says its
 * module; a guest's is prefixed with the VM's name, and there are at most a few a second for each
 * VM. */
void log_print(enum log_module module, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void log_print_guest(uint16_t vm, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line of the console's own, newline included, whatever the levels are: in order with the log's. */
void log_line(const char *line, size_t length);

#define LOG_AT(level, ...)                                                                         \
    (log_is_on(LOG_MODULE, (level)) ? log_print(LOG_MODULE, (level), __VA_ARGS__) : (void)0)

#define LOG_ERR(...) LOG_AT(LOG_ERROR, __VA_ARGS__)
#define LOG_WRN(...) LOG_AT(LOG_WARN, __VA_ARGS__)
#define LOG_INF(...) LOG_AT(LOG_INFO, __VA_ARGS__)
#define LOG_DBG(...) LOG_AT(LOG_DEBUG, __VA_ARGS__)

/* A warning about a guest. */
#define log_guest(vm, ...)                                                                         \
    (log_is_on(LOG_MODULE, LOG_WARN) ? log_print_guest((vm), __VA_ARGS__) : (void)0)

#endif
