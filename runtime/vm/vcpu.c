/* The vCPUs. Who each of them is, its CPU fills in from cfg_vcpus when it comes up: another CPU
 * that needs to know takes it from cfg_vcpus. INV-VCPU-CPU.
 * @req CPU-1 */
#include "vm/vcpu.h"

struct vcpu vcpus[CFG_VCPU_COUNT];
