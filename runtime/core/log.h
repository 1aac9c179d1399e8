/* The log: levelled, one line a call, into the console source "bulkhead". Never blocks: when its
 * ring is full, lines are dropped and counted. Formats: those of lib/fmt.h. log_guest() is for what a
 * guest caused: rate limited per VM. Before console_start() lines go to the UART at once. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdint.h>

enum log_level { LOG_ERROR = 0, LOG_WARN = 1, LOG_INFO = 2, LOG_DEBUG = 3 };

void log_print(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The line is prefixed with the VM's name; at most a few lines a second for each VM. */
void log_guest(uint16_t vm, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define LOG_ERR(...) log_print(LOG_ERROR, __VA_ARGS__)
#define LOG_WRN(...) log_print(LOG_WARN, __VA_ARGS__)
#define LOG_INF(...) log_print(LOG_INFO, __VA_ARGS__)
#define LOG_DBG(...) log_print(LOG_DEBUG, __VA_ARGS__)

#endif
