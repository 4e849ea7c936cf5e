// A menu of choices that says nothing before one is taken: a button, and a listbox with arrow keys, Enter and Escape.

import { button, h } from "./dom.js";

let opened = null;
let serial = 0;

export function closeChooser() {
  opened?.();
}

// options: [{value, label, description?, chosen?}]; onchoose gets the values.
export function chooser({ placeholder, options, least = 1, most = 1, disabled = false, customId = "", onchoose }) {
  const several = most > 1;
  const id = `chooser-${++serial}`;
  const chosen = new Set(options.filter((option) => option.chosen).map((option) => option.value));
  const labels = () => options.filter((option) => chosen.has(option.value)).map((option) => option.label);
  const named = () => [placeholder, labels().join(", ")].filter(Boolean).join(": ");
  const key = button(labels().join(", ") || placeholder, () => (list.hidden ? open() : close()), {
    class: "chooser-key",
    role: "combobox",
    "aria-haspopup": "listbox",
    "aria-expanded": "false",
    "aria-controls": id,
    "aria-label": named(),
    disabled,
    data: { customId },
  });
  const items = options.map((option) =>
    h(
      "li",
      { role: "option", tabindex: -1, "aria-selected": String(chosen.has(option.value)), onclick: () => take(option) },
      h("span", {}, option.label),
      option.description && h("small", {}, option.description),
    ),
  );
  const list = h(
    "ul",
    { id, role: "listbox", "aria-label": placeholder, "aria-multiselectable": several || undefined, hidden: true },
    items,
  );
  const done = several && button("Choose", () => finish(), { class: "key primary", hidden: true });
  const root = h("div", { class: "chooser", onkeydown: pressed }, key, list, done);

  function open() {
    closeChooser();
    opened = close;
    list.hidden = false;
    // Upwards, unless there is no room.
    const scroller = root.closest("#messages") ?? document.documentElement;
    const room = key.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    list.classList.toggle("down", room < list.offsetHeight);
    if (done) done.hidden = false;
    key.setAttribute("aria-expanded", "true");
    (items[options.findIndex((option) => chosen.has(option.value))] ?? items[0])?.focus();
  }

  function close() {
    opened = null;
    list.hidden = true;
    if (done) done.hidden = true;
    key.setAttribute("aria-expanded", "false");
  }

  function take(option) {
    if (!several) {
      close();
      key.focus();
      onchoose([option.value]);
      return;
    }
    if (chosen.has(option.value)) chosen.delete(option.value);
    else if (chosen.size < most) chosen.add(option.value);
    items.forEach((item, index) => item.setAttribute("aria-selected", String(chosen.has(options[index].value))));
    key.textContent = labels().join(", ") || placeholder;
    key.setAttribute("aria-label", named());
  }

  function finish() {
    if (chosen.size < least) return;
    close();
    key.focus();
    onchoose([...chosen]);
  }

  function pressed(event) {
    if (list.hidden) {
      if (event.target === key && ["ArrowDown", "ArrowUp"].includes(event.key)) {
        event.preventDefault();
        open();
      }
      return;
    }
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) items[Math.max(0, Math.min(items.length - 1, to))].focus();
    else if ((event.key === "Enter" || event.key === " ") && at >= 0) take(options[at]);
    else if (event.key === "Escape") {
      close();
      key.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  root.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !root.contains(event.relatedTarget)) close();
  });
  return root;
}
