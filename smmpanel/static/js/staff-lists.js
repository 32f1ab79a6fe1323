// On a narrow screen a row of a staff list is a card: each cell learns the name of its column (css/admin.css shows it).
(() => {
  "use strict";

  const columnOf = (cell) => [...cell.classList].find((name) => /^(column|field)-/.test(name))?.replace(/^\w+-/, "");

  document.addEventListener("DOMContentLoaded", () => {
    const list = document.getElementById("result_list");
    if (!list) return;
    const names = new Map();
    for (const head of list.querySelectorAll("thead th")) names.set(columnOf(head), head.querySelector(".text")?.textContent.trim());
    for (const cell of list.querySelectorAll("tbody [class*='field-']")) {
      const name = names.get(columnOf(cell));
      if (name) cell.dataset.label = name;
    }
  });
})();
