"""Who has what: memory, devices, interrupts, channels, CPUs. Taken from the plan; that the image
grants the same is what the verifier proves.

@req EVID-7
"""

from evidence.values import address, hex_text, range_text, size, size_text

UART_USE = "the hypervisor's console"
PPIS = ((25, "the hypervisor: GIC maintenance"), (26, "the hypervisor: its timer"),
        (27, "each vCPU: its virtual timer"), (30, "each vCPU: its physical timer"),
        (23, "each vCPU that is granted the PMU"))


def memory(build):
    """Rows: every stretch of physical memory that somebody has; cells: access by VM id."""
    rows = {}
    for window in build.plan["windows"]:
        if window["kind"] in ("device", "gicv"):
            continue
        base, length = address(window["pa"]), size(window["size"])
        row = rows.setdefault((base, length), _memory_row(build, window, base, length))
        row["access"][window["vm"]] = {
            "access": window["access"], "ipa": address(window["ipa"]), "line": window["line"]}
    image = build.plan["image"]
    base = address(image["base"])
    rows[base, 0] = {
        "name": "system image", "kind": "hypervisor", "base": base,
        "size": address(image["end"]) - base, "why": "image_base of the board", "access": {}}
    return [rows[key] for key in sorted(rows)]


def _memory_row(build, window, base, length):
    name = (window["name"] if window["kind"] == "shared"
            else f"{build.vm_name(window['vm'])}.{window['name']}")
    return {"name": name, "kind": window["kind"], "base": base, "size": length,
            "why": window["pa_reason"], "access": {}}


def devices(build):
    """Rows: every device of the board; owner: a VM's id, "hypervisor" or None."""
    board = build.resolved["board"]
    owners = {}
    for vm in build.resolved["vms"]:
        for given in vm["assigned"]:
            owners[given["device"]["path"]] = (vm["id"], given)
    rows = []
    for path, device in board["devices"].items():
        owner, given = owners.get(path, (None, None))
        if path == build.plan["clock"] or owner is None and path in build.reserved:
            owner = "hypervisor"
        rows.append({
            "path": path, "compatible": device["compatible"][0] if device["compatible"] else "",
            "regs": [_bounds(r) for r in device["regs"]],
            "interrupts": [i["intid"] for i in device["interrupts"]],
            "owner": owner, "enabled": device["enabled"], "dma": device["dma"],
            "line": given["line"] if given else None,
            "accepts_dma": bool(given and given["accepts_dma"]["value"])})
    return sorted(rows, key=lambda r: (r["regs"] or [(1 << 64, 0)])[0])


def _bounds(text):
    first, last = (int(part, 16) for part in text.split(".."))
    return (first, last + 1 - first)


def emulated(build):
    """Rows: every emulated region of every VM."""
    interrupts = {(e["vm"], e["name"]): e["intid"] for e in build.plan["emulated"]}
    return [{"vm": m["vm"], "name": m["name"], "kind": m["kind"], "ipa": address(m["ipa"]),
             "size": size(m["size"]), "intid": interrupts.get((m["vm"], m["name"])),
             "line": m["line"], "why": m["reason"]} for m in build.plan["mmios"]]


def interrupts(build):
    """Rows: every physical SPI that is ever enabled, and every one that an emulated device raises,
    with its owner."""
    rows = [{"physical": i["pintid"], "vm": i["vm"], "virtual": i["vintid"],
             "trigger": "edge" if i["edge"] else "level", "source": i["name"], "line": i["line"],
             "why": i["reason"]} for i in build.plan["irqs"]]
    uart = build.uart
    for irq in uart["irqs"] if uart else ():
        rows.append({"physical": irq["intid"], "vm": None, "virtual": None,
                     "trigger": "edge" if irq["edge"] else "level", "source": uart["path"],
                     "line": None, "why": f"{UART_USE}, on CPU {build.plan['console_cpu']}"})
    for device in build.plan["emulated"]:
        rows.append({"physical": None, "vm": device["vm"], "virtual": device["intid"],
                     "trigger": "level", "source": f"{device['name']} ({device['model']})",
                     "line": device["line"], "why": "raised by the emulation"})
    return sorted(rows, key=lambda r: (r["physical"] is None, r["physical"] or 0,
                                       -1 if r["vm"] is None else r["vm"], r["virtual"] or 0))


def channels(build):
    """Rows: every shared stretch with the VMs that map it, who can write and who can read."""
    rows = []
    for shared in build.plan["shared"]:
        ends = [{"vm": w["vm"], "ipa": address(w["ipa"]), "access": w["access"],
                 "line": w["line"], "window": w["name"]}
                for w in build.plan["windows"]
                if w["kind"] == "shared" and w["pa"] == shared["pa"]]
        rows.append({"name": shared["name"], "base": address(shared["pa"]),
                     "size": size(shared["size"]), "line": shared["line"],
                     "why": shared["reason"], "ends": ends,
                     "writers": [e["vm"] for e in ends if "w" in e["access"]],
                     "readers": [e["vm"] for e in ends if "r" in e["access"]]})
    return rows


def cpus(build):
    """Rows: every physical CPU with each vCPU that lives there, or with none."""
    rows = []
    for cpu in build.plan["cpus"]:
        for vcpu in [v for v in build.plan["vcpus"] if v["cpu"] == cpu["id"]] or [None]:
            rows.append({
                "cpu": cpu["id"], "mpidr": address(cpu["mpidr"]),
                "vm": vcpu["vm"] if vcpu else None, "vcpu": vcpu["index"] if vcpu else None,
                "line": vcpu["line"] if vcpu else None, "why": vcpu["reason"] if vcpu else "",
                "stack": range_text(address(cpu["stack"]["base"]), size(cpu["stack"]["size"])),
                "console": cpu["id"] == build.plan["console_cpu"]})
    return rows


def grants(build):
    """Rows: what each VM may use beyond its own registers and windows."""
    plan = build.plan
    rows = []
    for vm in build.resolved["vms"]:
        planned = plan["vms"][vm["id"]]
        rows.append({"vm": vm["id"], "flags": planned["flags"], "vmid": planned["vmid"],
                     "smc": vm["smc_allow"] or [], "spis": planned["spi_count"],
                     "spis_why": planned["spi_reason"]})
    return rows


def placements(build):
    """Rows: what was placed where, whose decision that was and why."""
    rows = []

    def row(what, where, text, line, why):
        rows.append({"what": what, "where": where, "size": text, "line": line, "why": why})

    for slot in build.plan["image"]["slots"]:
        row(f"hypervisor {slot['name']}", f"physical {hex_text(address(slot['base']))}",
            slot["size"], None, slot["reason"])
    for shared in build.plan["shared"]:
        row(f"shared {shared['name']}", f"physical {hex_text(address(shared['pa']))}",
            shared["size"], shared["line"], shared["reason"])
    for window in build.plan["windows"]:
        name = f"{build.vm_name(window['vm'])}.{window['name']}"
        row(name, f"physical {hex_text(address(window['pa']))}", window["size"], window["line"],
            window["pa_reason"])
        row(name, f"guest {hex_text(address(window['ipa']))}", window["size"], window["line"],
            window["ipa_reason"])
    for piece in build.plan["pieces"]:
        row(f"{build.vm_name(piece['vm'])}: {piece['what']}",
            f"guest {hex_text(address(piece['ipa']))}", size_text(size(piece["memory_size"])),
            piece["line"], piece["reason"])
    for vm in build.vms:
        row(f"{vm['name']}: first instruction", f"guest {hex_text(address(vm['entry']))}", "",
            vm["line"], vm["entry_reason"])
        row(f"{vm['name']}: x0 at entry", hex_text(address(vm["x0"])), "", vm["line"],
            vm["x0_reason"])
    for vcpu in build.plan["vcpus"]:
        row(f"{build.vm_name(vcpu['vm'])} vCPU {vcpu['index']}", f"CPU {vcpu['cpu']}", "",
            vcpu["line"], vcpu["reason"])
    return rows
