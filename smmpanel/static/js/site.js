// Small comforts for every page; each page works without them.
(() => {
  "use strict";

  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(source.textContent.trim());
    const before = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = before; }, 2000);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    if (event.target.closest("[data-print]")) window.print();
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // A part of a page that is answered with the login page: the session is over, so the whole page goes there.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { responseURL } = event.detail.xhr;
    if (!responseURL || !new URL(responseURL).pathname.startsWith("/accounts/login")) return;
    event.preventDefault();
    location.reload();
  });

  // A sign-up tells us the browser's time zone, so that promised times are shown in it.
  document.addEventListener("DOMContentLoaded", () => {
    for (const input of document.querySelectorAll("input[data-time-zone]")) {
      input.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
    }
  });
})();
