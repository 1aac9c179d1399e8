"""What the image and EL2's memory are made of: by section, by slot, by VM.

@req EVID-7
"""

from evidence.values import address, size

TABLE_BYTES = 8


def sections(image):
    """Rows: every section that occupies memory."""
    return [{"section": s.name, "base": s.address, "size": s.size, "in_image": s.is_loaded}
            for s in image.sections]


def slots(build, image):
    """Rows: the fixed parts of the image, how full each is."""
    used = {".text": "text", ".rodata": "rodata", ".data": "data", ".bss": "data"}
    filled = {}
    for section in image.sections:
        slot = used.get(section.name, "guests" if section.name.startswith(".guest") else None)
        if slot:
            filled[slot] = filled.get(slot, 0) + section.size
    return [{"slot": s["name"], "base": address(s["base"]), "size": size(s["size"]),
             "used": filled.get(s["name"], size(s["size"])), "access": s["access"],
             "why": s["reason"]} for s in build.plan["image"]["slots"]]


def by_vm(build):
    """Rows: what each VM costs at EL2 and in the image; shared costs are not divided."""
    tables = build.plan["stage2_tables"]
    blobs = build.plan["blobs"]
    cpu_stack = size(build.plan["image"]["stack_bytes"])
    users = {}
    for vm in build.vms:
        for load in _slice(build.plan["loads"], vm["loads"]):
            if load["blob"] is not None:
                users.setdefault(load["blob"], set()).add(vm["id"])
    rows = []
    for vm in build.vms:
        prefix = f"stage2_vm{vm['id']}_"
        own = [t for t in tables if t["name"].startswith(prefix)]
        windows = _slice(build.plan["windows"], vm["windows"])
        vcpus = _slice(build.plan["vcpus"], vm["vcpus"])
        held = [b for b in blobs if vm["id"] in users.get(b["id"], ())]
        rows.append({
            "vm": vm["id"], "tables": len(own),
            "table_bytes": sum(t["entry_count"] * TABLE_BYTES for t in own),
            "descriptors": sum(len(t["descriptors"]) for t in own),
            "stack_bytes": len({v["cpu"] for v in vcpus}) * cpu_stack,
            "images_own": sum(size(b["size"]) for b in held if len(users[b["id"]]) == 1),
            "images_shared": sum(size(b["size"]) for b in held if len(users[b["id"]]) > 1),
            "memory": sum(size(w["size"]) for w in windows if w["kind"] == "ram")})
    return rows


def _slice(rows, part):
    return rows[part["first"]:part["first"] + part["count"]]


def state(image):
    """Rows: every variable of EL2 (.data, .bss), largest first, by object."""
    ends = [(s.address, s.address + s.size) for s in image.sections if s.name in (".data", ".bss")]
    found = [s for s in image.symbols if s.kind == "STT_OBJECT"
             and any(first <= s.address < end for first, end in ends)]
    return [{"object": s.name, "file": s.file, "size": s.size}
            for s in sorted(found, key=lambda s: (-s.size, s.name, s.file))]
