"""What is done about each class of fault of each VM, and who decides about whose life. Taken from the
resolved description; that the image has the same is what the verifier proves.

@req EVID-7
"""

from evidence.values import time_text


def faults(build):
    """Rows: every class of fault; cells: what is done about it in each VM, in the order of VMs."""
    by_vm = [{r["fault"]: _cell(r) for r in vm["reactions"]} for vm in build.resolved["vms"]]
    return [{"fault": fault, "cells": [cells[fault] for cells in by_vm]} for fault in by_vm[0]]


def _cell(reaction):
    action = reaction["action"]
    return {"text": _text(reaction), "line": action.get("line"), "why": action["reason"]}


def _text(reaction):
    restart = reaction["restart"]
    mode = f" {reaction['mode']['value']}" if reaction["mode"] else ""
    if restart is None:
        return reaction["action"]["value"] + mode
    times = restart["times"]["value"]
    return (f"restart, {times} {'time' if times == 1 else 'times'} in "
            f"{time_text(restart['period_ns']['value'])}, then {restart['then']['value']}{mode}")


def lives(build):
    """Rows: of each VM when it starts, whom it waits for (`after`: ["VM has started"]), who else
    may start and stop it (`ruled_by`: ids), what it may ask for, and how it is watched."""
    controls = build.plan["controls"]
    return [{"vm": vm["id"], "line": vm["line"], "autostart": vm["autostart"]["value"],
             "after": [_awaited(one) for one in vm["start_after"]],
             "ruled_by": [c["vm"] for c in controls if c["target"] == vm["id"]],
             "may": [right["value"] for right in vm["may"]],
             "heartbeat": vm["heartbeat_ns"]["value"], "limit": _limit(vm["interrupt_limit"])}
            for vm in build.resolved["vms"]]


def _awaited(one):
    what = {"ready": "is ready", "started": "has started"}
    return f"{one['vm']['value']} {what[one['event']['value']]}"


def _limit(limit):
    """As words; "" without one."""
    return "" if limit is None else (
        f"{limit['count']['value']} in {time_text(limit['period_ns']['value'])}")
