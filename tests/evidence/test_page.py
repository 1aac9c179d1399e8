"""The page in a real browser: nothing is asked for, nothing fails, everything can be read.

@req EVID-7
"""

import pytest

from browser import Browser
from evidence.page import page
from evidence.tables import files

SIZES = [(400, 800, True), (1600, 1000, False)]

# Every text with its size as seen: of SVG text the drawing's scale counts too.
TEXTS = """
(() => { const out = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement, box = e.getBoundingClientRect();
    if (!walker.currentNode.data.trim() || !box.width || e.closest('script, style, title')) {
      continue; }
    let size = parseFloat(getComputedStyle(e).fontSize);
    const svg = e.closest('svg');
    if (svg) { size *= svg.getBoundingClientRect().width / svg.viewBox.baseVal.width; }
    out.push([walker.currentNode.data.trim().slice(0, 40), size]); }
  return out; })()"""

# What sticks out of the page at the right without a box of its own to scroll in.
WIDE = """
[...document.querySelectorAll('body *')].filter((e) => !e.closest('.box, svg')
  && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((e) => e.tagName + '.' + e.className)"""

# Lowest contrast of text and the nearest background that is not transparent, as WCAG counts it.
CONTRAST = r"""
(() => { const light = (c) => { const v = c.match(/[\d.]+/g).slice(0, 3).map((n) => n / 255)
    .map((n) => n <= 0.03928 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  let worst = 99;
  for (const e of document.querySelectorAll('p, td, th, h1, h2, h3, li, a, dd, dt, summary, .tag')) {
    let b = e; while (b && /, 0\)|transparent/.test(getComputedStyle(b).backgroundColor)) {
      b = b.parentElement; }
    const one = light(getComputedStyle(e).color);
    const two = light(b ? getComputedStyle(b).backgroundColor : 'rgb(255,255,255)');
    worst = Math.min(worst, (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05)); }
  return worst; })()"""


@pytest.fixture(scope="module")
def browser():
    with Browser() as started:
        yield started


@pytest.fixture(scope="module")
def html(facts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    for name, text in {**files(facts), "evidence.html": page(facts, files(facts))}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "evidence.html"


@pytest.fixture(params=SIZES, ids=lambda s: str(s[0]))
def opened(request, browser, html):
    """The page, opened in a window of each size."""
    browser.size(*request.param)
    browser.requests.clear()
    browser.errors.clear()
    browser.open(html.as_uri())
    return browser


def test_it_asks_for_nothing_and_no_script_fails(opened, html):
    opened.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert opened.requests == [html.as_uri()]
    assert opened.errors == []


def test_nothing_in_it_points_outside(html):
    text = html.read_text(encoding="utf-8")
    addresses = text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    found = [word for word in ("http:", "https:", "@import", "url(//") if word in addresses]
    assert found == []


def test_pictures_are_there(opened, facts):
    drawn = opened.evaluate("""[...document.querySelectorAll('svg.map')].map((s) =>
        [s.getBoundingClientRect().width, s.getBoundingClientRect().height,
         s.querySelectorAll('.part rect').length])""")
    assert len(drawn) == 1 + len(facts["vm_names"])
    assert all(width > 250 and height > 150 and parts > 5 for width, height, parts in drawn)


def test_it_fits_its_window_and_can_be_read(opened):
    opened.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert opened.evaluate(WIDE) == []
    texts = opened.evaluate(TEXTS)
    assert len(texts) > 500
    assert [t for t in texts if t[1] < 10.5] == []
    assert opened.evaluate(CONTRAST) >= 4.5


def test_every_link_leads_somewhere(opened, html):
    links = opened.evaluate("[...document.querySelectorAll('a')].map((a) => a.getAttribute('href'))")
    assert len(links) > 20
    for link in links:
        if link.startswith("#"):
            assert opened.evaluate(f"!!document.getElementById({link[1:]!r})"), link
        else:
            assert (html.parent / link).is_file(), link


def test_pointing_at_a_part_shows_its_details(opened):
    where = opened.evaluate("""(() => { const p = [...document.querySelectorAll(
        '#map-0 .part.memory')].find((g) => g.dataset.tip.startsWith('forth'));
        p.scrollIntoView({block: 'center'}); const r = p.querySelector('rect');
        const b = r.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()""")
    opened.command("Input.dispatchMouseEvent", type="mouseMoved", x=where[0], y=where[1])
    said = opened.evaluate("document.querySelector('#map-0').parentElement"
                           ".querySelector('.tip').textContent")
    assert said.startswith("forth\n0x6000_0000–0x6000_ffff\n64 KiB\nbelongs to: shared\naccess: rw")


def _view(browser):
    return browser.evaluate("document.querySelector('#map-physical').getAttribute('viewBox')"
                            ".split(' ').map(Number)")


def _press(browser, what):
    browser.evaluate("document.querySelector('#map-physical').closest('figure')"
                     f".querySelector('[data-zoom={what}]').click()")


def test_buttons_zoom(opened):
    whole = _view(opened)
    _press(opened, "in")
    assert _view(opened)[2] == pytest.approx(whole[2] / 1.6)
    for _ in range(20):
        _press(opened, "in")
    assert _view(opened)[2] == pytest.approx(whole[2] / 16)
    for _ in range(20):
        _press(opened, "out")
    assert _view(opened) == whole
    _press(opened, "in")
    _press(opened, "all")
    assert _view(opened) == whole


def test_fingers_zoom_and_move(browser, html):
    browser.size(*SIZES[0])
    browser.open(html.as_uri())
    left, top = browser.evaluate("""(() => { const s = document.querySelector('#map-physical');
        s.scrollIntoView(); const b = s.getBoundingClientRect(); return [b.x, b.y]; })()""")

    def touch(kind, *points):
        browser.command("Input.dispatchTouchEvent", type=kind, touchPoints=[
            {"x": left + x, "y": top + y, "id": n} for n, (x, y) in enumerate(points)])

    whole = _view(browser)
    touch("touchStart", (150, 200))
    touch("touchStart", (150, 200), (190, 240))
    touch("touchMove", (110, 160), (230, 280))
    touch("touchEnd")
    zoomed = _view(browser)
    assert zoomed[2] < whole[2] / 1.5
    touch("touchStart", (150, 200))
    touch("touchMove", (120, 170))
    touch("touchEnd")
    moved = _view(browser)
    assert moved[2] == zoomed[2] and moved[0] > zoomed[0] and moved[1] > zoomed[1]


def test_a_bad_answer_is_red(browser, facts, tmp_path):
    wrong = {**facts, "verdicts": {"status": "bad", "words": "the verifier failed", "vms": {},
                                   "verdict": "not proved", "properties": [], "total_checked": 0},
             "summary": {"status": "bad", "rows": [{"part": "verdicts", "status": "bad",
                                                    "question": "Isolated?", "words": "no"}]}}
    path = tmp_path / "evidence.html"
    path.write_text(page(wrong, []), encoding="utf-8")
    browser.open(path.as_uri())
    assert "must not be used" in browser.evaluate("document.querySelector('#verdict').textContent")
    assert browser.evaluate("getComputedStyle(document.querySelector('#verdict')).color"
                            ) == "rgb(179, 19, 29)"
    assert browser.evaluate("document.body.textContent.includes('The verifier failed')")


def test_words_of_others_are_text(facts, tmp_path, browser):
    """A description, a log, a verifier's sentence: none of it becomes markup."""
    evil = "<img src=x onerror=alert(1)>"
    wrong = {**facts, "limits": [evil], "physical_map": [
        {**facts["physical_map"][0], "label": evil, "note": f'"{evil}'}]}
    path = tmp_path / "evidence.html"
    path.write_text(page(wrong, [evil]), encoding="utf-8")
    browser.open(path.as_uri())
    assert browser.evaluate("document.querySelectorAll('img').length") == 0


def test_it_can_be_printed(opened, tmp_path):
    opened.pdf(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").stat().st_size > 50000
    opened.command("Emulation.setEmulatedMedia", media="print")
    opened.size(690, 1000)
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    opened.command("Emulation.setEmulatedMedia", media="")
