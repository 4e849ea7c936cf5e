// A field for which the bot offers choices while one types.

import { h } from "./dom.js";

const TYPING_MS = 150;

let serial = 0;

export class Offering {
  #input;
  #list;
  #ask;
  #choices = [];
  #at = -1;
  #asked = 0;
  #timer = null;
  #chosen = null; // {name, value}: the name is shown, the value is sent
  node;

  // `ask` gets what is typed and gives a promise of choices.
  constructor(input, name, ask) {
    const id = `choices-${++serial}`;
    this.#input = input;
    this.#ask = ask;
    this.#list = h("ul", { id, class: "picker", role: "listbox", "aria-label": `Choices for ${name}`, hidden: true });
    for (const [key, value] of Object.entries({
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": id,
    })) {
      input.setAttribute(key, value);
    }
    input.addEventListener("input", () => this.#typed());
    input.addEventListener("focus", () => this.#chosen === null && this.#fetch());
    input.addEventListener("blur", () => this.#show(false));
    input.addEventListener("keydown", (event) => this.#pressed(event));
    this.node = h("div", { class: "offering" }, input, this.#list);
  }

  get value() {
    return this.#chosen ? this.#chosen.value : this.#input.value || undefined;
  }

  #typed() {
    this.#chosen = null;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fetch(), TYPING_MS);
  }

  async #fetch() {
    const number = ++this.#asked;
    let found = null;
    try {
      found = await this.#ask(this.#input.value);
    } catch {
      // Said in the list: whoever types can go on without choices.
    }
    if (number !== this.#asked || document.activeElement !== this.#input) return;
    this.#choices = found ?? [];
    this.#draw(found === null ? "No choices came from the bot." : "Nothing to choose from.");
  }

  #draw(instead) {
    const items = this.#choices.map((choice, index) =>
      h(
        "li",
        {
          id: `${this.#list.id}-${index}`,
          role: "option",
          "aria-selected": "false",
          onmousedown: (event) => event.preventDefault(), // the field keeps the focus
          onclick: () => this.#take(choice),
        },
        choice.name,
      ),
    );
    this.#list.replaceChildren(...(items.length ? items : [h("li", { class: "none" }, instead)]));
    this.#mark(-1);
    this.#show(true);
  }

  #show(isShown) {
    this.#list.hidden = !isShown;
    this.#input.setAttribute("aria-expanded", String(isShown));
  }

  #mark(index) {
    this.#at = index;
    [...this.#list.children].forEach((item, each) => item.setAttribute("aria-selected", String(each === index)));
    if (index < 0) {
      this.#input.removeAttribute("aria-activedescendant");
      return;
    }
    this.#input.setAttribute("aria-activedescendant", `${this.#list.id}-${index}`);
    this.#list.children[index].scrollIntoView({ block: "nearest" });
  }

  #take(choice) {
    this.#chosen = choice;
    this.#input.value = choice.name;
    this.#show(false);
    this.#input.focus();
  }

  #pressed(event) {
    const count = this.#choices.length;
    if (this.#list.hidden || !count) return;
    const isMarked = this.#at >= 0;
    if (event.key === "ArrowDown") this.#mark((this.#at + 1) % count);
    else if (event.key === "ArrowUp") this.#mark((Math.max(this.#at, 0) - 1 + count) % count);
    else if (event.key === "Enter" && isMarked) this.#take(this.#choices[this.#at]);
    else if (event.key === "Tab" && isMarked && !event.shiftKey) {
      this.#take(this.#choices[this.#at]);
      return;
    } else if (event.key === "Escape") this.#show(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
