/* Breaks one rule a function, on purpose: the analysis of this file must report each rule that
 * scripts/analysis/dirty.expected lists, or the analysers have gone silent. */
#include <stdint.h>

uint32_t dirty_recursion(uint32_t n);
uint32_t dirty_recursion(uint32_t n) /* 17.2 */
{
    return (n == 0U) ? 0U : dirty_recursion(n - 1U);
}

uint32_t dirty_switch(uint32_t n);
uint32_t dirty_switch(uint32_t n) /* 16.4, 16.3 */
{
    uint32_t r = 0U;
    switch (n) {
    case 1U:
        r = 2U;
    case 2U:
        r = 3U;
        break;
    }
    return r;
}

uint32_t dirty_condition(uint32_t n);
uint32_t dirty_condition(uint32_t n) /* 14.4, 17.8 */
{
    if (n) {
        n = 3U;
    }
    return n;
}

uint32_t dirty_goto(uint32_t n);
uint32_t dirty_goto(uint32_t n) /* 15.1 */
{
    if (n > 3U) {
        goto out;
    }
    n++;
out:
    return n;
}
