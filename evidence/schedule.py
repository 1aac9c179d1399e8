"""When which vCPU runs: the schedule of each mode, and what each vCPU gets of it. Taken from the
plan; that the image has the same is what the verifier proves. Times in ns from the frame's start.

@req EVID-7
"""


def schedules(build):
    """Rows: every mode with its frame, what fills each CPU's frame without a hole, and what that
    comes to for each vCPU. Empty without schedules: then each vCPU has its CPU always."""
    return [_mode(build, number, mode) for number, mode in enumerate(build.plan["modes"])]


def _mode(build, number, mode):
    frame = mode["frame_ns"]
    cpus = [{"cpu": cpu["id"], "parts": _filled(_parts(build, number, cpu, frame), frame)}
            for cpu in build.plan["cpus"]]
    return {"mode": mode["name"], "frame": frame, "cpus": cpus,
            "vcpus": [_share(vcpu, cpus[vcpu["cpu"]]["parts"], frame)
                      for vcpu in build.plan["vcpus"]]}


def _parts(build, mode, cpu, frame):
    """Of a CPU without slots its only vCPU's whole frame, or nothing."""
    slots = [s for s in build.plan["slots"] if (s["mode"], s["cpu"]) == (mode, cpu["id"])]
    if not slots:
        return [part(0, frame, [_vcpu(build, number)], is_always=True)
                for number in cpu["residents"]]
    return [part(s["start_ns"], s["end_ns"], _vcpus(build, s, True), spare=_vcpus(build, s, False),
                 quantum=s["quantum_ns"], note=f"line {s['line']}: {s['reason']}") for s in slots]


def _vcpus(build, slot, is_run):
    count = len(slot["members"]) - slot["spare_count"]
    part_of = slot["members"][:count] if is_run else slot["members"][count:]
    return [_vcpu(build, number) for number in part_of]


def _vcpu(build, number):
    vcpu = build.plan["vcpus"][number]
    return [vcpu["vm"], vcpu["index"]]


def part(start, end, run=(), **more):
    """A stretch of a CPU's frame. run, spare: [[VM, index]]; nobody runs where both are empty."""
    return {"start": start, "end": end, "run": list(run), "spare": [], "quantum": None,
            "is_always": False, "note": "", **more}


def _filled(parts, frame):
    """With the gaps between them, which are nobody's."""
    out, at = [], 0
    for one in [*parts, part(frame, frame)]:
        if at < one["start"]:
            out.append(part(at, one["start"]))
        out += [one] if one["start"] < one["end"] else []
        at = one["end"]
    return out


def _share(vcpu, parts, frame):
    """What a vCPU gets in a frame: `alone` in slots without others; `least` when those that it
    takes turns with never wait; `most` when they always do. `wait`: the longest time from the end
    of a slot in which it is not spare to the start of the next; None without such a slot."""
    me = [vcpu["vm"], vcpu["index"]]
    own = [p for p in parts if me in p["run"]]
    return {"vm": vcpu["vm"], "vcpu": vcpu["index"], "cpu": vcpu["cpu"], "slots": len(own),
            "alone": sum(p["end"] - p["start"] for p in own if len(p["run"]) == 1),
            "least": sum((p["end"] - p["start"]) // len(p["run"]) for p in own),
            "most": sum(p["end"] - p["start"] for p in parts if me in p["run"] + p["spare"]),
            "wait": _longest_wait(own, frame)}


def _longest_wait(own, frame):
    """Between slots, also from the last one of a frame to the first one of the next."""
    starts = [p["start"] for p in own[1:]] + [p["start"] + frame for p in own[:1]]
    return max((start - p["end"] for p, start in zip(own, starts)), default=None)
