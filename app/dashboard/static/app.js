// What pages do beyond being read: local times, keys, live rows, what was just done.
// Without it every page still reads, and every form still works.
(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const say = document.body.dataset; // the texts that scripts need, in the page's language
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  document.documentElement.classList.add("js");

  // Times: in the viewer's zone, and counted from the server's clock.
  const language = document.documentElement.lang;
  const short = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" });
  const ahead = say.now * 1000 - Date.now();
  const SOON_MS = 600000;
  const UNITS = [[86400, "days"], [3600, "hours"], [60, "minutes"]];
  const span = (ms) => {
    const seconds = Math.abs(ms) / 1000;
    const unit = UNITS.find(([size]) => seconds >= size);
    return unit ? fill(say[unit[1]], { n: Math.floor(seconds / unit[0]) }) : say.moment;
  };
  const SHOWN = {
    moment: (at) => short.format(at),
    ago: (at, now) => fill(at <= now ? say.ago : say.ahead, { span: span(now - at) }),
    left: (at, now, element) => {
      element.classList.toggle("over", at < now);
      element.classList.toggle("soon", at >= now && at - now < SOON_MS);
      return fill(at < now ? say.over : say.left, { span: span(at - now) });
    },
  };
  function showTimes(root = document) {
    const now = Date.now() + ahead;
    for (const element of all("time[data-time]", root)) {
      const at = Date.parse(element.dateTime);
      const text = SHOWN[element.dataset.time](at, now, element);
      if (element.textContent !== text) element.textContent = text;
      if (!element.title) element.title = full.format(at);
    }
  }
  showTimes();
  setInterval(showTimes, 15000);

  // What was just done, or went wrong.
  const TOAST_MS = 7000;
  const fading = (item) => setTimeout(() => item.remove(), TOAST_MS);
  function toast(text, kind) {
    const item = document.createElement("p");
    item.className = `toast ${kind}`;
    item.textContent = text;
    one("#toasts").append(item);
    fading(item);
  }
  all("#toasts .toast").forEach(fading);
  const here = new URL(location.href);
  if (here.searchParams.has("told")) {
    here.searchParams.delete("told");
    history.replaceState(history.state, "", here);
  }

  // htmx: each request proves that one of our pages sent it, and no failure passes unseen.
  const on = (name, run) => document.body.addEventListener(name, run);
  on("toast", (event) => toast(event.detail.text, event.detail.kind || "good"));
  on("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRF-Token"] = one("meta[name=csrf]").content;
  });
  on("htmx:load", (event) => showTimes(event.detail.elt.parentNode || document));
  on("htmx:sendError", () => toast(say.offline, "bad"));
  on("htmx:timeout", () => toast(say.offline, "bad"));
  on("htmx:responseError", (event) => {
    if (!event.detail.xhr.getResponseHeader("HX-Trigger")) toast(say.failed, "bad");
  });

  // Forms that ask first, and filters that apply themselves.
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm;
    if (question && !confirm(question)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);
  on("change", (event) => event.target.closest("form[data-auto]")?.requestSubmit());

  // Buttons of the page itself.
  on("click", async (event) => {
    const button = event.target.closest("[data-open], [data-copy]");
    if (button?.dataset.open) {
      all("details.menu[open]").forEach((menu) => (menu.open = false));
      one(button.dataset.open).showModal();
    } else if (button) {
      try {
        await navigator.clipboard.writeText(one(button.dataset.copy).textContent.trim());
        toast(say.copied, "good");
      } catch {
        getSelection().selectAllChildren(one(button.dataset.copy));
      }
    }
    for (const menu of all("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // Keys. WCAG 2.1.4: single characters can be turned off.
  const SETTING = "inlet.keys";
  const stored = (value) => {
    try {
      if (value) localStorage.setItem(SETTING, value);
      return localStorage.getItem(SETTING);
    } catch {
      return null; // a browser that keeps nothing
    }
  };
  let keys = stored() !== "off";
  const box = one("[data-keys]");
  if (box) {
    box.checked = keys;
    box.addEventListener("change", () => {
      keys = box.checked;
      stored(keys ? "on" : "off");
    });
  }
  const rowOf = (element) => element?.closest?.("[data-row]");
  function focusRow(row) {
    (one("a[data-main]", row) || one("a", row) || row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  function move(step) {
    const rows = all("[data-row]");
    const now = rows.indexOf(rowOf(document.activeElement));
    const next = rows[now < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, now + step))];
    if (next) focusRow(next);
    return Boolean(next);
  }
  function press(key) {
    const row = rowOf(document.activeElement);
    const wanted = `[data-key="${key}"]`;
    const found = row ? one(wanted, row) : all(wanted).find((each) => !rowOf(each));
    found?.click();
    return Boolean(found);
  }
  function reach(selector, act) {
    const found = one(selector);
    if (found) act(found);
    return Boolean(found);
  }
  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    m: () => press("m"),
    e: () => press("e"),
    "/": () => reach("[data-search]", (field) => field.focus()),
    "?": () => reach("#keys", (dialog) => dialog.showModal()),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, dialog, [contenteditable]");
    if (!keys || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (Object.hasOwn(KEYS, event.key) && KEYS[event.key]()) event.preventDefault();
  });

  // Live lists: <ul data-stream="/…/stream" data-max="100">. The stream sends whole rows, each with
  // an id: `row` (put first, or in place of the one of that id), `part` (only in place), `gone` (an id).
  const AGAIN_MS = 5000;
  function parsed(html) {
    const template = document.createElement("template");
    template.innerHTML = html; // scripts in it never run: the policy allows none
    return [...template.content.children];
  }
  function settle(fresh) {
    window.htmx?.process(fresh);
    showTimes(fresh);
  }
  function replace(old, fresh) {
    const held = old.contains(document.activeElement) && document.activeElement;
    if (held && held.matches("input, textarea, select")) return; // somebody is typing there
    old.replaceWith(fresh);
    settle(fresh);
    if (held) rowOf(fresh) ? focusRow(fresh) : fresh.focus();
  }
  function add(list, fresh) {
    all("[data-empty]").forEach((each) => each.remove());
    list.prepend(fresh);
    fresh.classList.add("fresh");
    settle(fresh);
    while (list.children.length > (list.dataset.max || 100)) list.lastElementChild.remove();
    if (fresh.dataset.say) one("#live").textContent = fill(say.new, { what: fresh.dataset.say });
  }
  function listen(list) {
    let source = null;
    let last = "";
    const tell = (live) => {
      for (const each of all("[data-live-state]")) {
        each.textContent = live ? say.live : say.stale;
        each.classList.toggle("on", live);
      }
    };
    const receive = (name, run) =>
      source.addEventListener(name, (event) => {
        last = event.lastEventId || last;
        run(event.data);
      });
    const inPlace = (fresh) => {
      const old = fresh.id && document.getElementById(fresh.id);
      if (old) replace(old, fresh);
      return Boolean(old);
    };
    function open() {
      if (source || document.hidden) return;
      const address = new URL(list.dataset.stream, location.href);
      if (last) address.searchParams.set("after", last);
      source = new EventSource(address);
      source.onopen = () => tell(true);
      source.onerror = () => {
        tell(false);
        if (source?.readyState !== EventSource.CLOSED) return; // it comes back by itself
        source = null;
        setTimeout(open, AGAIN_MS);
      };
      receive("row", (html) => parsed(html).forEach((row) => inPlace(row) || add(list, row)));
      receive("part", (html) => parsed(html).forEach(inPlace));
      receive("gone", (id) => document.getElementById(id)?.remove());
    }
    function close() {
      source?.close();
      source = null;
      tell(false);
    }
    document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
    addEventListener("pagehide", close);
    addEventListener("pageshow", open);
    open();
  }
  all("[data-stream]").forEach(listen);
})();
