# GDB on the hypervisor, stopped at its first instruction at EL2. The image runs where it is
# linked (identity map), so that its symbols hold with the MMU off and on. Guests at EL1 are seen
# as addresses without symbols.
#
#   continue          run
#   exits             stop at every entry to EL2 from a guest
#   guests            the registers of every vCPU at its last exit
#   reason            why the machine stands: what a panic, or the check of the machine, has left
set pagination off
set confirm off
set print pretty on

define exits
  hbreak exit_sync
  hbreak exit_irq
  hbreak exit_serror
end
document exits
Stop at every entry to EL2 from a guest, once its registers are saved.
end

define guests
  print vcpus
end
document guests
The saved registers of every vCPU, as of its last exit to EL2.
end

define reason
  print panic_record
  print machine_difference
end
document reason
What a panic says, and the last difference between this machine and the image's. All zero: none. The
loops wrong_el, wrong_address and wrong_cpu of arch/entry.S say it by their names.
end

hbreak _start
continue
