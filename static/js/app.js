// Progressive only: every page works without this file. No dependencies; htmx is optional.
(() => {
  "use strict";
  const root = document.documentElement;
  const $ = (selector, scope = document) => scope.querySelector(selector);
  const $$ = (selector, scope = document) => [...scope.querySelectorAll(selector)];
  root.dataset.js = "";

  /* Theme: the server reads the cookie, so that the next page comes without a flash. */
  const setTheme = (theme) => {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    try { localStorage.setItem("theme", theme); } catch { /* storage may be off */ }
    const age = theme === "system" ? 0 : 31536000;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax${secure}`;
    markTheme();
  };
  const markTheme = () => {
    const now = root.dataset.theme || "system";
    $$("[data-theme-set]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.themeSet === now)));
  };

  /* Times: stored in UTC, shown in the reader's zone, the zone on hover. */
  const relative = (then) => {
    const seconds = (Date.now() - then) / 1000, size = Math.abs(seconds);
    if (size < 45) return "now";
    if (size >= 28 * 86400) return null;
    const whole = seconds > 0 ? Math.floor : Math.round;  // as clock.py says it
    const days = whole(size / 86400);
    if (size >= 86400 && days === 1) return seconds > 0 ? "yesterday" : "tomorrow";
    const amount = size < 3570 ? `${Math.max(Math.round(size / 60), 1)} min`
      : size < 86400 ? `${Math.max(whole(size / 3600), 1)} h`
      : days < 14 ? `${days} days` : `${whole(size / 604800)} weeks`;
    return seconds > 0 ? `${amount} ago` : `in ${amount}`;
  };
  const dateFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
  const fullFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });
  const localise = (scope = document) => $$("time[data-when]", scope).forEach((element) => {
    const then = new Date(element.dateTime);
    if (Number.isNaN(then.valueOf())) return;
    element.title = fullFormat.format(then);
    const style = element.dataset.when;
    const text = style === "full" ? fullFormat.format(then) : (style === "relative" && relative(then)) || dateFormat.format(then);
    if (element.textContent !== text) element.textContent = text;
  });

  /* Toasts: the region is a live region, so that adding a node speaks it. */
  const dismissSoon = (toast) => {
    if (toast.dataset.timed || toast.closest("[data-static]")) return;
    toast.dataset.timed = "";
    const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
    setTimeout(leave, toast.dataset.tone === "stop" || $("form", toast) ? 12000 : 6000);
  };
  const toast = (text, tone = "ok") => {
    const box = document.createElement("div");
    box.className = "toast";
    box.dataset.toast = "";
    box.dataset.tone = tone;
    box.append(Object.assign(document.createElement("span"), { textContent: text }));
    $("#toasts")?.append(box);
    dismissSoon(box);
  };

  /* Copy, reveal, dismiss, theme, menus, selection: one listener for all pages and swapped fragments. */
  const actions = {
    async copy(button) {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.dataset.copied = "";
        toast("Copied");
        setTimeout(() => delete button.dataset.copied, 1600);
      } catch { toast("Copying is not allowed here", "stop"); }
    },
    /* Text that another address answers with; a browser that refuses the clipboard shows it instead. */
    async copyUrl(link) {
      const text = fetch(link.href).then((answer) => { if (!answer.ok) throw new Error(answer.status); return answer.text(); });
      try { // Safari lets go of the click unless the promise itself is handed over
        if (window.ClipboardItem) await navigator.clipboard.write([new ClipboardItem({ "text/plain": text.then((words) => new Blob([words], { type: "text/plain" })) })]);
        else await navigator.clipboard.writeText(await text);
        toast("Copied");
      } catch { location.assign(link.href); }
    },
    reveal(button) {
      const field = document.getElementById(button.dataset.reveal);
      const shown = field.type === "text";
      field.type = shown ? "password" : "text";
      button.setAttribute("aria-pressed", String(!shown));
    },
    dismiss(button) { button.closest("[data-toast]")?.remove(); },
    themeSet(button) { setTheme(button.dataset.themeSet); button.closest("details")?.removeAttribute("open"); },
    bulkClear() { rows().forEach((box) => { box.checked = false; }); keepSelection([]); countRows(); },
    palette() { openPalette(); },
    close(button) { button.closest("dialog")?.close(); },
  };
  document.addEventListener("click", (event) => {
    for (const [name, act] of Object.entries(actions)) {
      const attribute = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      const target = event.target.closest(`[data-${attribute}]`);
      if (target) {
        if (name === "close" && !target.closest("dialog")) return; // a plain link on the full page
        event.preventDefault();
        act(target, event);
        return;
      }
    }
    $$("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    const box = event.target.closest("input.box");
    if (box) selectRows(box, event);
  });

  /* Selection: shift-click takes the range, the box in the head takes all. In a list of pages it lasts while one pages:
     the session remembers it for these filters, and hidden boxes stand in the form for whoever is on another page. */
  let anchor = null;
  const MOST_CHOSEN = 200; // they travel in the address
  const rows = () => $$("input.box[name]:not([data-all], [data-elsewhere])");
  const filtered = () => { // the address without the page it shows
    const query = new URLSearchParams(location.search);
    ["cursor", "sort", "order"].forEach((name) => query.delete(name));
    query.sort();
    return `chosen ${location.pathname}?${query}`;
  };
  const chosenBefore = () => { try { return JSON.parse(sessionStorage.getItem(filtered())) || []; } catch { return []; } };
  const keepSelection = (chosen) => {
    const form = $("form[data-selection]");
    if (!form) return;
    try {
      if (chosen.length) sessionStorage.setItem(filtered(), JSON.stringify(chosen));
      else sessionStorage.removeItem(filtered());
    } catch { /* storage may be off: then a selection ends with its page */ }
    const here = new Set(rows().map((box) => box.value));
    form.replaceChildren(...chosen.filter((value) => !here.has(value)).map((value) => {
      const box = Object.assign(document.createElement("input"), { type: "checkbox", className: "box", name: "user", value, checked: true });
      box.dataset.elsewhere = "";
      return box;
    }));
  };
  const noteSelection = () => {
    if (!$("form[data-selection]") || !rows().length || rows()[0].disabled) return;
    const here = rows(), known = new Set(here.map((box) => box.value));
    const chosen = [...chosenBefore().filter((value) => !known.has(value)), ...here.filter((box) => box.checked).map((box) => box.value)];
    if (chosen.length > MOST_CHOSEN) {
      toast(`At most ${MOST_CHOSEN} one by one: select all who match instead`, "wait");
      const before = new Set(chosenBefore());
      here.forEach((box) => { box.checked = before.has(box.value); });
      return;
    }
    keepSelection(chosen);
  };
  const recallSelection = () => {
    if (!$("form[data-selection]")) return;
    const chosen = chosenBefore(), known = new Set(chosen);
    rows().forEach((box) => { if (known.has(box.value)) box.checked = true; });
    keepSelection($("[data-bulk-count]") ? chosen : []);
  };
  document.addEventListener("submit", (event) => { // what was asked for is asked for: nobody is chosen any more
    if (event.target.matches(".dialog[action*='/bulk/']")) try { Object.keys(sessionStorage).filter((key) => key.startsWith("chosen ")).forEach((key) => sessionStorage.removeItem(key)); } catch { /* storage may be off */ }
  });
  const countRows = () => {
    const boxes = rows(), ticked = boxes.filter((box) => box.checked).length, elsewhere = $$("input[data-elsewhere]").length;
    $$("[data-bulk-count]:not([data-static] *)").forEach((element) => { element.textContent = `${ticked + elsewhere} selected${elsewhere ? ` (${elsewhere} elsewhere)` : ""}`; });
    $$("input.box[data-all]").forEach((all) => { all.checked = ticked > 0 && ticked === boxes.length; all.indeterminate = ticked > 0 && ticked < boxes.length; });
    $$("[data-counts-ticked]").forEach((element) => { // a consent's button says how many
      const [none, one, many] = element.dataset.countsTicked.split("|");
      const count = $$("input:checked", element.form || document).filter((box) => box.type === "checkbox" && !("uncounted" in box.dataset)).length;
      element.textContent = (count === 0 ? none : count === 1 ? one : many).replace("#", count);
    });
  };
  const selectRows = (box, event) => {
    const boxes = rows();
    if ("all" in box.dataset) boxes.forEach((other) => { other.checked = box.checked; });
    else if (event.shiftKey && anchor && boxes.includes(anchor)) {
      const [from, to] = [boxes.indexOf(anchor), boxes.indexOf(box)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach((other) => { other.checked = box.checked; });
    }
    if (!("all" in box.dataset)) anchor = box;
    noteSelection();
    countRows();
  };

  /* A number inside one of a few choices: typing it chooses. */
  document.addEventListener("input", (event) => {
    const choice = event.target.matches?.(".segmented [type=number]") && $("[type=radio]", event.target.closest("label"));
    if (choice) choice.checked = true;
  });

  /* Filter a list in place (tenant switcher): labels stand only in the whole list; Enter opens the first that is left. */
  const left = (list) => $$("a", list).filter((link) => !link.closest("[hidden]"));
  document.addEventListener("input", (event) => {
    const list = event.target.dataset.filter && $(event.target.dataset.filter);
    if (!list) return;
    const wanted = event.target.value.trim().toLowerCase();
    [...list.children].forEach((item) => {
      item.hidden = wanted !== "" && (item.matches(".menu-label") || !item.textContent.toLowerCase().includes(wanted));
    });
    const none = $("[data-filter-none]", list.parentElement);
    if (none) none.hidden = left(list).length > 0;
  });
  document.addEventListener("keydown", (event) => {
    const list = event.key === "Enter" && event.target.dataset?.filter && $(event.target.dataset.filter);
    if (list) { event.preventDefault(); left(list)[0]?.click(); }
  });

  /* Menus: the arrow keys walk through what can be chosen; a menu with a search field begins there. */
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.("details.menu[open]")) return;
    if (event.target.matches(".menu-cell > .menu")) { // near the end of a list it opens upwards, clear of the dock
      event.target.classList.remove("up");
      const end = $(".dock")?.getBoundingClientRect().top ?? window.innerHeight, panel = $(".menu-panel", event.target).getBoundingClientRect();
      event.target.classList.toggle("up", panel.bottom > end && event.target.getBoundingClientRect().top > panel.height);
    }
    const field = $("input[type=search]", event.target);
    if (field) { field.value = ""; field.dispatchEvent(new Event("input", { bubbles: true })); field.focus(); }
  }, true);
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details.menu[open]");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!menu || !step || event.target.matches("select, textarea, input:not([type=search])")) return;
    const stops = $$(".menu-panel :is(a, button, input[type=search])", menu).filter((stop) => !stop.closest("[hidden]") && stop.offsetParent);
    if (!stops.length) return;
    event.preventDefault();
    const at = stops.indexOf(event.target);
    stops[at < 0 && step < 0 ? stops.length - 1 : (at + step + stops.length) % stops.length].focus();
  });
  document.addEventListener("change", countRows);

  /* Palette: the links of the page, the tenants, and a search of end users. */
  const paletteItems = (query) => {
    const wanted = query.trim().toLowerCase();
    const links = [
      ...$$(".rail-item").map((link) => [link.querySelector("span").textContent, "page", link.href]),
      ...$$("#tenant-list a").map((link) => [link.querySelector(".name").textContent, "tenant", link.href]),
      ...$$(".rail-person a.menu-item").map((link) => [link.textContent.trim(), "account", link.href]),
    ].filter(([text]) => text.toLowerCase().includes(wanted));
    const search = $("[data-palette]")?.dataset.palette;
    if (search && wanted) links.push([`Find “${query.trim()}” in End Users`, "search", search + encodeURIComponent(query.trim())]);
    return links;
  };
  const openPalette = () => {
    if (!$("[data-palette]")) return;
    let box = $("dialog.palette");
    if (!box) {
      box = document.createElement("dialog");
      box.className = "palette";
      box.setAttribute("aria-label", "Search or jump to");
      box.innerHTML = '<div class="searchbox"><input class="input" type="text" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-label="Search or jump to" placeholder="Search or jump to" autocomplete="off"></div><ul class="palette-list" id="palette-list" role="listbox" aria-label="Results"></ul>';
      box.firstChild.prepend($("[data-palette] .icon").cloneNode(true));
      document.body.append(box);
      const input = $("input", box), list = $("ul", box);
      const choose = (step) => {
        const all = [...list.children], at = all.findIndex((item) => item.ariaSelected === "true");
        const next = all[(at + step + all.length) % all.length];
        all.forEach((item) => item.setAttribute("aria-selected", String(item === next)));
        next?.scrollIntoView({ block: "nearest" });
        input.setAttribute("aria-activedescendant", next?.id || "");
      };
      const fill = () => {
        list.replaceChildren(...paletteItems(input.value).map(([text, kind, href], index) => {
          const item = document.createElement("li");
          Object.assign(item, { id: `palette-${index}`, role: "option" });
          item.dataset.href = href;
          item.append(...[text, kind].map((word) => Object.assign(document.createElement("span"), { textContent: word })));
          item.setAttribute("aria-selected", String(index === 0));
          return item;
        }));
      };
      input.addEventListener("input", fill);
      input.addEventListener("keydown", (event) => {
        if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); choose(event.key === "ArrowDown" ? 1 : -1); }
        if (event.key === "Enter") { const item = $('[aria-selected="true"]', list); if (item) location.assign(item.dataset.href); }
      });
      list.addEventListener("click", (event) => { const item = event.target.closest("li"); if (item) location.assign(item.dataset.href); });
      box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
      box.refill = () => { input.value = ""; fill(); };
    }
    box.refill();
    box.showModal();
  };

  /* Rows by the keyboard: j and k walk through the names of a list, x ticks the one that has the focus. */
  const stepRow = (event) => {
    const names = $$(".table tbody a.name"), at = names.indexOf(document.activeElement?.closest("tr")?.querySelector("a.name"));
    if (!names.length) return;
    event.preventDefault();
    if (event.key === "x") return void (at >= 0 && $("input.box", names[at].closest("tr"))?.click());
    names[Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), names.length - 1)].focus();
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select, [contenteditable]");
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); }
    if (event.key === "/" && !typing && !event.metaKey && !event.ctrlKey) {
      const field = $("[data-slash]");
      if (field) { event.preventDefault(); field.focus(); field.select(); }
    }
    if (["j", "k", "x"].includes(event.key) && !typing && !event.metaKey && !event.ctrlKey && !event.altKey && !$("dialog[open]")) stepRow(event);
    if (event.key === "Escape") {
      const menu = event.target.closest?.("details.menu[open]") || $("details.menu[open]");
      if (menu) { menu.open = false; $("summary", menu).focus(); }
      else if (!typing && !$("dialog[open]") && $("[data-bulk-clear]")) actions.bulkClear();
    }
  });

  /* htmx: answers for #dialog open it; errors become a toast; new nodes are localised. */
  document.addEventListener("htmx:beforeSwap", ({ detail }) => { // a question that is the page itself answers in its place
    const page = detail.target.id === "dialog" && detail.requestConfig.elt.closest(".dialog-page");
    if (page) detail.target = page;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    localise(event.target);
    const dialog = $("#dialog");
    if (event.target === dialog && dialog.childElementCount) {
      $$("details.menu[open]").forEach((menu) => { menu.open = false; });
      if (!dialog.open) dialog.showModal();
      const title = $("h1, h2", dialog);
      if (title) dialog.setAttribute("aria-label", title.textContent);
    }
    $$(".toast").forEach(dismissSoon);
    recallSelection();
    countRows();
    showTab();
  });
  document.addEventListener("htmx:afterSettle", (event) => { // after htmx has minded autofocus
    if (event.target.matches("#dialog, .dialog-page")) ($("[aria-invalid='true']", event.target) || $("[autofocus]", event.target) || $("[data-close]", event.target))?.focus();
  });
  document.addEventListener("htmx:configRequest", ({ detail }) => { // an address says only what was asked for
    if (detail.verb === "get") [...detail.formData.entries()].forEach(([name, value]) => { if (value === "") detail.formData.delete(name); });
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    const id = event.detail.xhr.getResponseHeader?.("X-Request-ID");
    const said = { 403: "You may not do this", 404: "It is gone", 429: "Too many tries; wait a moment" }[status] || "It did not work";
    toast(id ? `${said} (${id})` : said, "stop");
  });
  document.addEventListener("htmx:sendError", () => toast("The server can’t be reached", "stop"));
  document.addEventListener("toast", (event) => toast(event.detail.text || event.detail.value, event.detail.tone));

  const showTab = () => $$(".tabs > [aria-current]").forEach((tab) => { // narrow: the row scrolls sideways
    const row = tab.parentElement, over = tab.offsetLeft + tab.offsetWidth - row.offsetLeft - row.clientWidth;
    if (over > 0) row.scrollLeft = over;
  });
  const start = () => { showTab(); localise(); markTheme(); recallSelection(); countRows(); $$(".toast").forEach(dismissSoon); };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
  setInterval(() => localise(), 30000);
})();
