// What pages do beyond links and forms. Everything here adds to pages that work without it; nothing is kept.
"use strict";
(() => {
  const nearest = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);
  const announce = (text) => {
    const region = document.getElementById("announcements");
    if (region) region.textContent = text;
  };

  // Copying: data-copy names the text itself, data-copy-from the element that holds it.
  async function copy(button) {
    const source = button.dataset.copyFrom ? document.getElementById(button.dataset.copyFrom) : null;
    const text = source ? source.textContent : button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Over plain http browsers have no clipboard object; a selected field still can be copied.
      const field = document.createElement("textarea");
      field.value = text;
      field.className = "visually-hidden";
      (button.closest("dialog") || document.body).append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
      button.focus();
    }
    button.classList.add("done");
    announce("Copied");
    setTimeout(() => button.classList.remove("done"), 1600);
  }

  function toggleSecret(button) {
    const field = document.getElementById(button.getAttribute("aria-controls"));
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  }

  function addRow(button) {
    const rows = document.getElementById(button.dataset.addRow);
    const fresh = document.getElementById(`${button.dataset.addRow}-template`).content.cloneNode(true);
    const number = rows.children.length + 1;
    fresh.querySelectorAll("[id], [for]").forEach((one) => {
      if (one.id) one.id += `-${number}`;
      if (one.htmlFor) one.htmlFor += `-${number}`;
    });
    rows.append(fresh);
    rows.lastElementChild.querySelector("input").focus();
  }

  function removeRow(button) {
    const row = button.closest("[data-row]");
    const next = row.nextElementSibling || row.previousElementSibling;
    if (!next) return row.querySelectorAll("input").forEach((field) => (field.value = ""));
    row.remove();
    next.querySelector("input").focus();
  }

  const closeToast = (button) => button.closest(".toast").remove();

  function toggleMenu(button) {
    const open = document.getElementById("side").classList.toggle("open");
    button.setAttribute("aria-expanded", String(open));
  }

  const actions = [
    ["[data-copy], [data-copy-from]", copy],
    ["[data-toggle-secret]", toggleSecret],
    ["[data-add-row]", addRow],
    ["[data-remove-row]", removeRow],
    ["[data-close-toast]", closeToast],
    ["[data-toggle-menu]", toggleMenu],
    ["[data-close-dialog]", (button) => button.closest("dialog")?.close()],
  ];
  document.addEventListener("click", (event) => {
    for (const [selector, act] of actions) {
      const found = nearest(event, selector);
      if (!found) continue;
      // Within a dialog "Cancel" closes it; on a page of its own it is a link back.
      if (selector === "[data-close-dialog]" && !found.closest("dialog")) continue;
      event.preventDefault();
      act(found);
      return;
    }
    for (const menu of document.querySelectorAll("details.account[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.account[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    const typing = event.target instanceof Element && event.target.matches("input, textarea, select");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = document.querySelector("input[type=search]");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
  });

  // What is being mended is no longer marked as wrong.
  document.addEventListener("input", (event) => event.target.removeAttribute("aria-invalid"));

  // The theme changes at once; the form behind it lets the server remember it.
  document.addEventListener("submit", (event) => {
    const form = nearest(event, "form.theme");
    if (!form || !event.submitter) return;
    event.preventDefault();
    const theme = event.submitter.value;
    document.documentElement.dataset.theme = theme;
    for (const button of form.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button === event.submitter));
    }
    const body = new URLSearchParams(new FormData(form, event.submitter));
    fetch(form.action, { method: "POST", body, redirect: "manual", keepalive: true });
  });

  // A dialog opens when its content has arrived; focus goes to the safe choice.
  document.addEventListener("htmx:afterSwap", (event) => {
    const dialog = event.detail.target;
    if (dialog.id !== "dialog") return;
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("[autofocus], .form-foot .button:not(.danger)")?.focus();
  });
  document.addEventListener("htmx:responseError", (event) => {
    // Whoever was signed out meanwhile is shown why, instead of a page that does nothing.
    if (event.detail.xhr.status === 401) location.reload();
    else announce("That did not work; reload the page and try again.");
  });

  // Times are written in UTC by the server and shown in the reader's own time.
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  function since(when) {
    const seconds = Math.round((when - Date.now()) / 1000);
    const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) || units[3];
    return relative.format(Math.trunc(seconds / size), unit);
  }
  function showTimes(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const when = new Date(time.dateTime);
      const whole = when.toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
      time.title = whole;
      time.textContent = time.dataset.form === "relative" ? since(when) : whole;
    }
  }

  // Live parts: <main data-events="URL"> reads server-sent events; they trigger "live" and "live:KIND" on the body, each
  // at most once a second, so that an element with hx-trigger="live:registered from:body" fetches itself anew. What
  // happened while the page was on its way (behind the event data-events-after) is told first. A page that nobody looks
  // at hears nothing (a browser has few connections); looked at again, it fetches everything.
  function listen() {
    const holder = document.querySelector("[data-events]");
    if (!holder) return;
    const kinds = (holder.dataset.eventKinds || "").split(" ").filter(Boolean);
    const heard = new Set();
    let source = null;
    let timer = 0;
    const tell = () => {
      // A part that is being fetched will be replaced, and deaf until then: it is told when it is there.
      if (document.querySelector("[hx-trigger^=live].htmx-request")) return void (timer = setTimeout(tell, 100));
      timer = 0;
      const told = [...heard];
      heard.clear();
      htmx.trigger(document.body, "live");
      for (const kind of told) htmx.trigger(document.body, `live:${kind}`);
    };
    const hear = (kind) => {
      heard.add(kind);
      if (!timer) timer = setTimeout(tell, 1000);
    };
    const open = (isAgain) => {
      const after = isAgain ? "" : `&after=${holder.dataset.eventsAfter}`;
      source = new EventSource(`${holder.dataset.events}?kinds=${kinds.join(",")}${after}`);
      source.onopen = () => {
        if (isAgain) kinds.forEach(hear);
        isAgain = true;
      };
      for (const kind of kinds) source.addEventListener(kind, () => hear(kind));
    };
    const close = () => {
      if (source) source.close();
      source = null;
    };
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) close();
      else if (!source) open(true);
    });
    window.addEventListener("pagehide", close);
    if (!document.hidden) open(false);
  }

  // A live part that was replaced while it fetched itself anew (by a search, by another page of the list) is too late:
  // what it brings is of the list before.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const asker = event.detail.requestConfig.elt;
    if (asker.matches("[hx-trigger^=live]") && !asker.isConnected) event.detail.shouldSwap = false;
  });

  // What was unfolded stays so when its part of the page is fetched anew.
  let unfolded = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    unfolded = [...event.detail.target.querySelectorAll("details[id][open]")].map((one) => one.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
    unfolded = [];
  });

  document.addEventListener("DOMContentLoaded", () => {
    showTimes(document);
    listen();
    setInterval(() => showTimes(document), 30000);
    // A page that answers a form stands under the address of what it shows, so that reloading repeats nothing.
    const address = document.querySelector("[data-replace-url]");
    if (address) history.replaceState(null, "", address.dataset.replaceUrl);
    const wrong = document.querySelector("[aria-invalid=true]");
    if (wrong) wrong.focus();
    for (const toast of document.querySelectorAll(".toast:not(.danger)")) setTimeout(() => toast.remove(), 9000);
  });
  document.addEventListener("htmx:load", (event) => showTimes(event.detail.elt));
})();
