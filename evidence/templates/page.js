"use strict";
// Pictures: a tap or the pointer shows a part's details below the picture; buttons, two fingers, or
// ctrl and the wheel zoom; a finger or the pointer moves a picture that is zoomed.
(function () {
  const MOST = 16;

  function picture(figure) {
    const svg = figure.querySelector("svg.map");
    const tip = figure.querySelector(".tip");
    // Not viewBox.baseVal, which is of single precision: the whole would not be whole again.
    const [x0, y0, w0, h0] = svg.getAttribute("viewBox").split(" ").map(Number);
    const full = { x: x0, y: y0, w: w0, h: h0 };
    let view = Object.assign({}, full);
    const fingers = new Map();

    function show() {
      svg.setAttribute("viewBox", [view.x, view.y, view.w, view.h].join(" "));
      svg.classList.toggle("zoomed", view.w < full.w);
    }
    function bounded(value, low, high) { return Math.min(Math.max(value, low), high); }
    function place(x, y, w) {
      view.w = bounded(w, full.w / MOST, full.w);
      view.h = full.h * view.w / full.w;
      view.x = bounded(x, full.x, full.x + full.w - view.w);
      view.y = bounded(y, full.y, full.y + full.h - view.h);
      show();
    }
    function zoom(factor, clientX, clientY) {
      const box = svg.getBoundingClientRect();
      const fx = clientX === undefined ? 0.5 : (clientX - box.left) / box.width;
      const fy = clientY === undefined ? 0.5 : (clientY - box.top) / box.height;
      const w = bounded(view.w / factor, full.w / MOST, full.w);
      const h = full.h * w / full.w;
      place(view.x + fx * (view.w - w), view.y + fy * (view.h - h), w);
    }
    function describe(target) {
      const part = target && target.closest ? target.closest(".part") : null;
      if (!part) { return; }
      svg.querySelectorAll(".chosen").forEach((p) => p.classList.remove("chosen"));
      part.classList.add("chosen");
      tip.textContent = part.dataset.tip;
    }
    function middle() {
      const all = Array.from(fingers.values());
      const x = all.reduce((sum, p) => sum + p.x, 0) / all.length;
      const y = all.reduce((sum, p) => sum + p.y, 0) / all.length;
      const apart = all.length < 2 ? 0 : Math.hypot(all[0].x - all[1].x, all[0].y - all[1].y);
      return { x: x, y: y, apart: apart };
    }

    svg.addEventListener("pointerover", (e) => describe(e.target));
    svg.addEventListener("focusin", (e) => describe(e.target));
    svg.addEventListener("pointerdown", (e) => {
      fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
      describe(e.target);
      if (fingers.size > 1) { svg.style.touchAction = "none"; }
    });
    svg.addEventListener("pointermove", (e) => {
      if (!fingers.has(e.pointerId)) { return; }
      const before = middle();
      fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
      const after = middle();
      const scale = view.w / svg.getBoundingClientRect().width;
      if (before.apart > 0) { zoom(after.apart / before.apart, after.x, after.y); }
      if (view.w < full.w) {
        place(view.x - (after.x - before.x) * scale, view.y - (after.y - before.y) * scale, view.w);
      }
    });
    ["pointerup", "pointercancel", "pointerleave"].forEach((name) =>
      svg.addEventListener(name, (e) => {
        fingers.delete(e.pointerId);
        svg.style.touchAction = "";
      }));
    svg.addEventListener("wheel", (e) => {
      if (!e.ctrlKey && !e.metaKey) { return; }
      e.preventDefault();
      zoom(e.deltaY < 0 ? 1.25 : 0.8, e.clientX, e.clientY);
    }, { passive: false });
    figure.addEventListener("click", (e) => {
      const action = e.target.dataset ? e.target.dataset.zoom : undefined;
      if (action === "in") { zoom(1.6); }
      if (action === "out") { zoom(1 / 1.6); }
      if (action === "all") { place(full.x, full.y, full.w); }
    });
  }

  document.querySelectorAll("figure.picture").forEach(picture);
  // What is folded away is printed too.
  window.addEventListener("beforeprint", () =>
    document.querySelectorAll("details.print").forEach((d) => { d.open = true; }));
})();
