// A table or figure that is wider than its box can be reached and scrolled with the keyboard.
"use strict";
(() => {
  const mark = () => document.querySelectorAll(".table-wrap, figure").forEach((box) => {
    if (box.scrollWidth <= box.clientWidth || box.hasAttribute("tabindex")) return;
    box.tabIndex = 0;
    if (box.tagName !== "FIGURE") box.setAttribute("role", "region");
    box.setAttribute("aria-label", box.querySelector("caption, figcaption")?.innerText.split(".")[0] || "Table");
  });
  const start = () => {
    mark();
    window.addEventListener("resize", mark);
    document.addEventListener("toggle", mark, true); // details that open
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
