// Survival curves that say, for one month, how many patients are at risk and which share is free of the event.
"use strict";
(() => {
  const BOX = { left: 46, right: 628, top: 12, bottom: 262 }; // of the curves, in units of the drawing
  const percent = (share) => (100 * share).toFixed(1);
  const tag = (name, attributes, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    element.textContent = text;
    return element;
  };
  const shareText = (group, i) => group.survival[i] === null ? (group.at_risk[i] ? "not shown" : "nobody is followed that long")
    : `${percent(group.survival[i])} (${percent(group.ci_low[i])}\u2013${percent(group.ci_high[i])})`;

  const axes = (months) => {
    const last = months[months.length - 1] || 1;
    return {
      x: (month) => BOX.left + (BOX.right - BOX.left) * month / last,
      y: (share) => BOX.bottom - (BOX.bottom - BOX.top) * share,
      last,
    };
  };

  // Whole months make steps; longer intervals only points with their intervals.
  const curve = (panel, group, step, { x: along, y }) => {
    const x = (month) => along(month) + (step > 1 ? 5 * panel.groups.indexOf(group) : 0); // points side by side
    const known = panel.months.map((month, i) => [month, i]).filter(([, i]) => group.survival[i] !== null);
    const look = { stroke: group.colour, fill: "none", "stroke-width": 2 };
    if (step > 1) return known.flatMap(([month, i]) => [
      tag("line", { ...look, x1: x(month), x2: x(month), y1: y(group.ci_low[i]), y2: y(group.ci_high[i]) }),
      tag("circle", { cx: x(month), cy: y(group.survival[i]), r: 4, stroke: group.colour,
        fill: group.dashed ? "#fff" : group.colour })]);
    const path = known.map(([month, i], k) =>
      k ? `H${x(month).toFixed(1)}V${y(group.survival[i]).toFixed(1)}` : `M${x(month)},${y(group.survival[i])}`).join("");
    return [tag("path", { ...look, d: path, ...(group.dashed ? { "stroke-dasharray": "7 4" } : {}) })];
  };

  const draw = (svg, panel, step) => {
    const scale = axes(panel.months), { x, y, last } = scale, ink = { stroke: "#5f6670", "stroke-width": 1 };
    const words = { fill: "#1b1b1b", "font-size": 13 };
    const parts = [tag("path", { ...ink, fill: "none", d: `M${BOX.left},${BOX.top}V${BOX.bottom}H${BOX.right}` })];
    for (const share of [0, 0.25, 0.5, 0.75, 1])
      parts.push(tag("text", { ...words, x: BOX.left - 6, y: y(share) + 4, "text-anchor": "end" }, `${100 * share}%`));
    for (let month = 0; month <= last; month += 12)
      parts.push(tag("text", { ...words, x: x(month), y: BOX.bottom + 18, "text-anchor": "middle" }, String(month)));
    parts.push(tag("text", { ...words, x: BOX.right, y: BOX.bottom + 34, "text-anchor": "end" }, "months of follow-up"));
    panel.groups.forEach((group) => parts.push(...curve(panel, group, step, scale)));
    const pointer = tag("line", { stroke: "#1b1b1b", "stroke-dasharray": "2 3", y1: BOX.top, y2: BOX.bottom });
    svg.replaceChildren(...parts, pointer);
    return { pointer, ...scale };
  };

  const start = (form) => {
    const data = JSON.parse(form.querySelector("script[type='application/json']").textContent);
    const select = form.querySelector("select"), slider = form.querySelector("input");
    const svg = form.querySelector("svg"), body = form.querySelector("tbody");
    let panel, drawn;
    const read = () => {
      const i = panel.months.indexOf(Number(slider.value)), month = panel.months[i];
      drawn.pointer.setAttribute("x1", drawn.x(month));
      drawn.pointer.setAttribute("x2", drawn.x(month));
      const said = panel.groups.map((group, k) => {
        const texts = [String(group.at_risk[i]), shareText(group, i)];
        texts.forEach((text, column) => { body.rows[k].cells[column + 1].textContent = text; });
        return `${group.name}: ${texts[0]} at risk, ${texts[1]}`;
      });
      form.dataset.month = month;
      slider.setAttribute("aria-valuetext", `${month} months. ${said.join("; ")}`);
    };
    const show = () => {
      panel = data.panels[Number(select.value)];
      drawn = draw(svg, panel, data.step);
      body.replaceChildren(...panel.groups.map((group) => {
        const row = document.createElement("tr"), head = document.createElement("th"), mark = document.createElement("span");
        mark.className = group.dashed ? "key dashed" : "key";
        mark.style.setProperty("--key", group.colour);
        head.scope = "row";
        head.append(mark, group.name);
        row.append(head, document.createElement("td"), document.createElement("td"));
        return row;
      }));
      Object.assign(slider, { step: data.step, max: String(drawn.last) });
      read();
    };
    const follow = (event) => {
      const box = svg.getBoundingClientRect(), at = (event.clientX - box.left) * 640 / box.width;
      const month = drawn.last * (at - BOX.left) / (BOX.right - BOX.left);
      slider.value = String(Math.min(Math.max(month, 0), drawn.last)); // the slider rounds to its step
      read();
    };
    select.addEventListener("change", show);
    slider.addEventListener("input", read);
    svg.addEventListener("pointermove", follow);
    svg.addEventListener("pointerdown", follow);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    show();
  };

  const startAll = () => document.querySelectorAll("form.survival-reader").forEach(start);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
