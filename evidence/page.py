"""Renders the page: one HTML file that holds its style, its script and its pictures.

Owns what the templates may call. Promises: the same facts give the same bytes; nothing in the page
asks for anything outside it.

@req EVID-7
"""

from pathlib import Path

import jinja2

from evidence import schedule_svg
from evidence.maps import FREE, HYPERVISOR, NOBODY, SHARED, Part
from evidence.svg import draw, fill_of
from evidence.values import grouped, hex_text, range_text, share_text, size_text, time_text

TEMPLATES = Path(__file__).resolve().parent / "templates"
OPEN_MAPS = 4  # so many guest maps are open at first


def page(facts, files):
    """The HTML. files: names of the files beside it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined,
        autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    environment.filters |= {"hex": hex_text, "size": size_text, "number": grouped,
                            "time": time_text, "share": share_text}
    environment.globals["range_text"] = range_text
    names = facts["vm_names"]
    return environment.get_template("page.html.j2").render(
        {**facts, "sections_of_elf": facts["sections"]}, files=sorted(files),
        style=_raw("style.css"), script=_raw("page.js"),
        vm=lambda number: "" if number is None else names[number],
        physical_svg=_picture(facts["physical_map"], names, "map-physical",
                              f"Physical memory of {facts['board']}"),
        guest_svgs=[_picture(parts, names, f"map-{number}", f"Guest addresses of {name}")
                    for number, (name, parts) in enumerate(zip(names, facts["guest_maps"]))],
        schedule_svgs=[jinja2.utils.markupsafe.Markup(schedule_svg.draw(
            mode, names, f"schedule-{number}", f"Schedule of mode {mode['mode']}"))
            for number, mode in enumerate(facts["schedules"])],
        open_maps=OPEN_MAPS,
        owners=[(name, fill_of(name, names)) for name in (HYPERVISOR, *names)],
        others=[(SHARED, "repeating-linear-gradient(45deg,#fff 0 4px,#c9a227 4px 7px)"),
                ("RAM that nobody has", fill_of(FREE, names)),
                ("devices that nobody has", fill_of(NOBODY, names))])


def _raw(name):
    return jinja2.utils.markupsafe.Markup((TEMPLATES / name).read_text(encoding="utf-8"))


def _picture(parts, names, identifier, title):
    return jinja2.utils.markupsafe.Markup(
        draw([Part(**part) for part in parts], names, identifier, title))
