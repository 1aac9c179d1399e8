"""The machine-readable files: facts as JSON, tables as CSV, the SPDX document.

CSV files have a header line, commas, LF, and numbers in the form of the page's JSON (addresses and
sizes in decimal bytes).

@req EVID-7
"""

import csv
import io
import json

from evidence.schedule_svg import name_of

# Parts of the facts that are files of their own.
OWN_FILES = ("canonical", "sbom", "stack", "bound", "verdicts", "trace")


def files(facts):
    """name -> text of every file beside the page."""
    names = facts["vm_names"]
    out = {
        "description.canonical.json": facts["canonical"],
        "sbom.spdx.json": _json(facts["sbom"]),
        "stack.json": _json(facts["stack"]),
        "bound.json": _json(facts["bound"]),
        "bound.csv": _csv(("class", "bound", "fuzz_bound", "fuzz_measured", "fuzz_count"), [
            (r["title"], r["bound"], r["fuzz_bound"], r["measured"], r["count"])
            for r in facts["bound"]["rows"]]),
        "verdicts.json": _json(facts["verdicts"]),
        "trace.json": _json(facts["trace"]),
        "evidence.json": _json({k: v for k, v in facts.items() if k not in OWN_FILES}),
        "memory.csv": _matrix(facts["memory"], names, ("name", "kind", "base", "size", "why"),
                              lambda row, vm: row["access"].get(vm, {}).get("access", "")),
        "devices.csv": _matrix(
            [{**d, "base": d["regs"][0][0] if d["regs"] else "",
              "intids": " ".join(map(str, d["interrupts"])),
              "hypervisor": "x" if d["owner"] == "hypervisor" else ""} for d in facts["devices"]],
            names, ("path", "compatible", "base", "intids", "enabled", "hypervisor"),
            lambda row, vm: "rw" if row["owner"] == vm else ""),
        "calls.csv": _csv(("caller", "callee"), [
            (f["function"], callee) for f in facts["stack"]["functions"] for callee in f["calls"]]),
        "channels.csv": _csv(("name", "base", "size", "vm", "ipa", "access", "line"), [
            (c["name"], c["base"], c["size"], names[e["vm"]], e["ipa"], e["access"], e["line"])
            for c in facts["channels"] for e in c["ends"]]),
    }
    for name in ("emulated", "interrupts", "cpus"):
        out[f"{name}.csv"] = _rows([_named(row, names) for row in facts[name]])
    for name in ("placements", "sections", "slots", "tools", "state"):
        out[f"{name}.csv"] = _rows(facts[name])
    out["faults.csv"] = _csv(("fault", "vm", "action", "line", "why"), [
        (row["fault"], name, cell["text"], cell["line"], cell["why"])
        for row in facts["faults"] for name, cell in zip(names, row["cells"])])
    out["lives.csv"] = _rows([
        {**_named(row, names), "after": "; ".join(row["after"]), "may": " ".join(row["may"]),
         "ruled_by": " ".join(names[vm] for vm in row["ruled_by"])} for row in facts["lives"]])
    if facts["schedules"]:
        out |= _schedules(facts["schedules"], names)
    out["el2-by-vm.csv"] = _rows([_named(row, names) for row in facts["by_vm"]])
    return out


def _schedules(modes, names):
    def vcpus(part, key):
        return " ".join(name_of(vcpu, names) for vcpu in part[key])

    return {
        "schedules.csv": _csv(
            ("mode", "cpu", "start_ns", "end_ns", "run", "spare", "quantum_ns", "why"),
            [(m["mode"], row["cpu"], p["start"], p["end"], vcpus(p, "run"), vcpus(p, "spare"),
              p["quantum"], p["note"]) for m in modes for row in m["cpus"] for p in row["parts"]]),
        "vcpu-times.csv": _rows([{"mode": m["mode"], "frame_ns": m["frame"], **_named(v, names)}
                                 for m in modes for v in m["vcpus"]])}


def _named(row, names):
    return {**row, "vm": "" if row["vm"] is None else names[row["vm"]]}


def _json(value):
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _rows(rows):
    header = list(rows[0]) if rows else []
    return _csv(header, [[row[key] for key in header] for row in rows])


def _matrix(rows, names, columns, cell):
    return _csv((*columns, *names), [
        (*(row[c] for c in columns), *(cell(row, vm) for vm in range(len(names))))
        for row in rows])


def _csv(header, rows):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return out.getvalue()
