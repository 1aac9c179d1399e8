/* The vCPUs. Who each of them is, is filled in from cfg_vcpus once at boot; INV-VCPU-CPU.
 * @req CPU-1 */
#include "vm/vcpu.h"

struct vcpu vcpus[CFG_VCPU_COUNT];
