// Sorts and filters the table of sets of sequences that stands in the page.
"use strict";
(() => {
  const NEXT = { none: "first", descending: "ascending", ascending: "descending" };

  // Empty cells stand last, whichever way the others go.
  const compare = (a, b, asText, up) => {
    if ((a === "") !== (b === "")) return a === "" ? 1 : -1;
    const order = asText ? a.localeCompare(b, "en") : Number(a) - Number(b);
    return up ? order : -order;
  };

  const sortBy = (table, place, heads) => {
    const asText = place < Number(table.dataset.textColumns), now = heads[place].getAttribute("aria-sort");
    const next = NEXT[now] === "first" ? (asText ? "ascending" : "descending") : NEXT[now];
    heads.forEach((head, i) => head.setAttribute("aria-sort", i === place ? next : "none"));
    const value = (row) => row.cells[place].dataset.value;
    const rows = [...table.tBodies[0].rows].sort((a, b) => compare(value(a), value(b), asText, next === "ascending"));
    table.tBodies[0].append(...rows);
  };

  const start = (explorer) => {
    const form = explorer.querySelector("form"), table = explorer.querySelector("table");
    const output = form.querySelector("output"), filters = [...form.querySelectorAll("select")];
    const heads = [...table.tHead.rows[0].cells], rows = [...table.tBodies[0].rows];
    heads.forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => sortBy(table, place, heads));
    });
    const filter = () => {
      const kept = (row) => filters.every(({ value, dataset }) =>
        value === "" || row.dataset.held.split(" ").includes(dataset.sequence) === (value === "with"));
      rows.forEach((row) => { row.hidden = !kept(row); });
      const shown = rows.filter((row) => !row.hidden).length;
      output.textContent = `${shown} of ${rows.length} sets shown. Choose a column's head to sort by it.`;
    };
    form.addEventListener("change", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    filter();
  };

  const startAll = () => document.querySelectorAll(".subset-explorer").forEach(start);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
