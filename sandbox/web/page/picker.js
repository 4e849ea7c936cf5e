// The list of commands above the message box.

import { h } from "./dom.js";

export class Picker {
  #box;
  #node;
  #take;
  #leave;
  #known = null;
  #shown = [];
  #at = 0;

  // `take` gets the command that is chosen, `leave` is called when somebody wants none.
  constructor(box, root, { take, leave }) {
    this.#box = box;
    this.#take = take;
    this.#leave = leave;
    this.#node = h("ul", { id: "picker", class: "picker", role: "listbox", "aria-label": "Commands" });
    root.prepend(this.#node);
    box.setAttribute("aria-expanded", "true");
  }

  know(commands) {
    this.#known = commands;
  }

  narrow(text) {
    if (!this.#known) return;
    const words = text.slice(1).trimStart().toLowerCase();
    const rank = ({ path }) => (path.startsWith(words) ? 0 : path.includes(words) ? 1 : 2);
    this.#shown = this.#known
      .filter((command) => rank(command) < 2)
      .sort((one, other) => rank(one) - rank(other) || (one.path < other.path ? -1 : 1));
    this.#at = 0;
    this.#draw();
  }

  // The command that these words are, or that is marked; null where they are none.
  meant(text) {
    const path = text.slice(1).trim();
    return this.#known?.find((command) => command.path === path) ?? this.#shown[this.#at] ?? null;
  }

  // Whether the key was for the list.
  pressed(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      this.#leave();
      return true;
    }
    const count = this.#shown.length;
    if (!count) return false;
    if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) {
      event.preventDefault();
      this.#take(this.#shown[this.#at]);
      return true;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return false;
    event.preventDefault();
    this.#at = (this.#at + step + count) % count;
    this.#draw();
    return true;
  }

  remove() {
    this.#node.remove();
    this.#box.setAttribute("aria-expanded", "false");
    this.#box.removeAttribute("aria-activedescendant");
  }

  #draw() {
    if (!this.#shown.length) {
      const why = this.#known.length ? "No such command for you here." : "No commands here: is the bot running?";
      this.#node.replaceChildren(h("li", { class: "none" }, why));
      return;
    }
    const items = this.#shown.map((command, index) =>
      h(
        "li",
        {
          id: `picker-${index}`,
          role: "option",
          "aria-selected": String(index === this.#at),
          onclick: () => this.#take(command),
        },
        h("b", {}, `/${command.path}`),
        " ",
        h("small", {}, command.description),
      ),
    );
    this.#node.replaceChildren(...items);
    items[this.#at].scrollIntoView({ block: "nearest" });
    this.#box.setAttribute("aria-activedescendant", `picker-${this.#at}`);
  }
}
