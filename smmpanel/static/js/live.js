// Parts of a page that ask for themselves again: quiet while nobody looks, and open details stay open.
(() => {
  "use strict";

  const isLive = (element) => element instanceof Element && element.hasAttribute("data-live");
  let open = [];

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && isLive(event.detail.elt)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", () => {
    open = [...document.querySelectorAll("details[id][open]")].map((details) => details.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  });

  // Said once, when it changed: a region that is replaced as a whole is not read out by itself.
  const announcer = document.querySelector("[data-announcer]");
  document.addEventListener("htmx:afterSettle", () => {
    const headline = document.querySelector("[data-headline]")?.textContent.trim();
    if (announcer && headline && announcer.textContent !== headline) announcer.textContent = headline;
  });
})();
