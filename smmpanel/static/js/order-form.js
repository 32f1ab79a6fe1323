// The order form while typing: which fields were touched, the suggested quantity, one submission only.
(() => {
  "use strict";

  const form = document.querySelector("[data-order-form]");
  if (!form) return;
  const touched = form.querySelector("[data-touched]");
  const button = form.querySelector("[data-submit]");

  // An error appears while typing only in a field that was left once; the server asks which those are.
  form.addEventListener("focusout", ({ target }) => {
    if (!target.name || !target.value || !document.getElementById(`id_${target.name}_error`)) return;
    const names = new Set(touched.value.split(",").filter(Boolean));
    if (names.has(target.name)) return;
    touched.value = [...names.add(target.name)].join(",");
    form.dispatchEvent(new Event("touch"));
  });

  document.addEventListener("htmx:afterSettle", () => {
    for (const error of form.querySelectorAll(".errorlist[id]")) {
      const field = document.getElementById(error.id.replace(/_error$/, ""));
      if (!field) continue;
      if (error.textContent.trim()) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  });

  form.addEventListener("click", (event) => {
    const suggestion = event.target.closest("[data-quantity]");
    const quantity = form.elements.quantity;
    if (!suggestion || !quantity) return;
    event.preventDefault();
    quantity.value = suggestion.dataset.quantity;
    quantity.dispatchEvent(new Event("input", { bubbles: true }));
    quantity.focus();
  });

  // What is sent is what was shown: a click that was faster than its quote waits for it. Where none comes it is sent all the
  // same: the server then shows the total first, and orders nothing.
  const PATIENCE_MS = 10_000;
  const quoted = new Set(["link", "quantity", "comments"]);
  let typed = 0;
  let asked = 0;
  let shown = 0;
  let state = "open"; // then "waiting" for a quote, and "sent"

  form.addEventListener("input", ({ target }) => {
    if (quoted.has(target.name)) typed += 1;
  });
  form.addEventListener("htmx:beforeRequest", () => {
    asked = typed;
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target?.id !== "following") return;
    shown = asked;
    renewLater();
    if (state === "waiting" && shown === typed) send();
  });

  // A price that stands on the page is one that holds: shortly before it ends it is asked for anew.
  const MARGIN_SECONDS = 30;
  let renewal;
  const renewLater = () => {
    clearTimeout(renewal);
    const held = document.querySelector("[data-holds-seconds]");
    if (!held) return;
    const renew = () => form.dispatchEvent(new Event("touch"));
    renewal = setTimeout(renew, (held.dataset.holdsSeconds - MARGIN_SECONDS) * 1000);
  };
  renewLater();

  const send = () => {
    if (state !== "waiting") return;
    state = "ready";
    form.requestSubmit(button);
  };

  form.addEventListener("htmx:sendError", send);
  form.addEventListener("htmx:responseError", send);

  // The server places one order however often this is sent; the button only says that it was heard.
  form.addEventListener("submit", (event) => {
    const busy = state === "waiting" || state === "sent";
    const early = state === "open" && shown !== typed;
    if (busy || early) event.preventDefault();
    if (busy) return;
    button.setAttribute("aria-disabled", "true");
    button.classList.add("htmx-request");
    state = early ? "waiting" : "sent";
    if (!early) return;
    form.dispatchEvent(new Event("touch"));
    setTimeout(send, PATIENCE_MS);
  });
  window.addEventListener("pageshow", () => {
    state = "open";
    button.removeAttribute("aria-disabled");
    button.classList.remove("htmx-request");
  });
})();
