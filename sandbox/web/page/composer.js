// The message box: words and files, or a slash command that is picked, filled in and sent.

import { channels, people, roles } from "./components.js";
import { button, byId, h } from "./dom.js";
import { FAILED, plain } from "./messages.js";
import { say, upload } from "./rest.js";

const [STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT] = [3, 4, 5, 6, 7, 8, 9, 10, 11];
const TYPES = { 3: "text", 4: "whole number", 5: "True or False", 6: "member", 7: "channel", 8: "role", 9: "member or role", 10: "number", 11: "file" };
const TYPING_MS = 150;

let serial = 0;

export class Composer {
  #app;
  #root = byId("composer");
  #channel = null;
  #files = [];
  #replyTo = null;
  #box;
  #picker = null;

  constructor(app) {
    this.#app = app;
    this.#root.addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("keydown", (event) => {
      const isWriting = event.target.closest("input, textarea, select, dialog, [role=listbox]");
      if (event.key === "/" && !isWriting && !event.ctrlKey && !event.metaKey && this.#box) {
        event.preventDefault();
        this.#box.focus();
        this.#box.value = "/";
        this.#typed();
      }
    });
  }

  // Begin anew in a channel.
  show(channel) {
    this.#channel = channel;
    this.#files = [];
    this.#replyTo = null;
    this.#draw();
  }

  // Rights may have changed; what is being written stays.
  refresh(channel) {
    const before = this.#channel;
    this.#channel = channel;
    if (!this.#box || before?.may.send !== channel.may.send) this.#draw();
  }

  focus() {
    this.#box?.focus();
  }

  replyTo(message) {
    this.#replyTo = message;
    const kept = this.#box?.value ?? "";
    this.#draw();
    if (this.#box) {
      this.#box.value = kept;
      this.#box.focus();
    }
  }

  #draw() {
    this.#close();
    const channel = this.#channel;
    this.#root.hidden = !channel || channel.may.post;
    this.#box = null;
    if (this.#root.hidden) return;
    // Commands are offered where one may not write, too: Discord has them in read-only channels for whoever may use them.
    this.#box = h("textarea", {
      id: "box",
      rows: 1,
      maxlength: 2000,
      autocomplete: "off",
      placeholder: channel.may.send ? `Message ${this.#app.called(channel)}` : "Only commands: type /",
      "aria-label": `Message ${this.#app.called(channel)}`,
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": "picker",
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#pressed(event),
      onpaste: (event) => this.#take([...event.clipboardData.files]),
    });
    const choose = h("input", { type: "file", multiple: true, hidden: true, onchange: () => this.#take([...choose.files]) });
    this.#root.replaceChildren(
      ...[
        this.#replyTo && this.#tag(`Answering ${this.#app.user(this.#replyTo.author.id).name}: ${plain(this.#replyTo).slice(0, 60)}`, () => this.replyTo(null)),
        ...this.#files.map((file) => this.#tag(file.name, () => this.#leave(file))),
        choose,
        channel.may.attach && channel.may.send && button("+ File", () => choose.click(), { class: "key secondary", "aria-label": "Add a file" }),
        this.#box,
        button("Send", () => this.#send(), { class: "key primary" }),
      ].filter(Boolean),
    );
  }

  #tag(text, remove) {
    return h("p", { class: "tagged" }, text, " ", button("Remove", remove, { class: "quiet" }));
  }

  #take(files) {
    if (!files.length) return;
    this.#files.push(...files);
    this.#redraw();
  }

  #leave(file) {
    this.#files = this.#files.filter((other) => other !== file);
    this.#redraw();
  }

  #redraw() {
    const kept = this.#box.value;
    this.#draw();
    this.#box.value = kept;
    this.#box.focus();
  }

  async #send() {
    const text = this.#box.value.trim();
    if (text.startsWith("/")) {
      await this.#typed();
      this.#picker?.takeExact(text);
      return;
    }
    if (!text && !this.#files.length) return;
    const [channel, files, reply] = [this.#channel, this.#files, this.#replyTo];
    try {
      await say(this.#app, channel.id, text, files, reply?.id);
      this.#files = [];
      this.#replyTo = null;
      if (this.#channel === channel) this.#draw();
      this.#box?.focus();
    } catch (error) {
      this.#app.toast(error.message);
    }
  }

  #pressed(event) {
    if (this.#picker?.pressed(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Escape" && this.#replyTo) this.replyTo(null);
  }

  // slash commands

  async #typed() {
    const { value } = this.#box;
    this.#box.rows = Math.min(8, value.split("\n").length);
    if (!/^\/[^\n]*$/.test(value)) {
      this.#close();
      return;
    }
    if (!this.#picker) {
      this.#picker = new Picker(this.#box, this.#root, (command) => this.#fill(command));
      try {
        const { slash } = await this.#app.line.ask("commands", { channel: this.#channel.id });
        this.#picker?.know(slash);
      } catch (error) {
        this.#app.toast(error.message);
        this.#close();
        return;
      }
    }
    this.#picker?.narrow(this.#box.value);
  }

  #close() {
    this.#picker?.remove();
    this.#picker = null;
  }

  #fill(command) {
    this.#close();
    if (!command.options.length) {
      this.#run(command, {});
      return;
    }
    const form = new Options(this.#app, this.#channel, command, {
      cancel: () => {
        this.#draw();
        this.#box.focus();
      },
      send: (options) => this.#run(command, options),
    });
    this.#root.replaceChildren(form.node);
    this.#box = null;
    form.focus();
  }

  async #run(command, options) {
    this.#draw();
    this.#box?.focus();
    const channel = this.#channel;
    const note = this.#app.messages.note(`${this.#app.user(this.#app.server.me).name} uses /${command.path} …`);
    try {
      await this.#app.interact("slash", { channel: channel.id, path: command.path, options });
      note.remove();
    } catch (error) {
      note.say(error.message === FAILED ? FAILED : `/${command.path}: ${error.message}`);
    }
  }
}

// The list of commands above the box.
class Picker {
  #box;
  #node;
  #take;
  #known = null;
  #shown = [];
  #at = 0;

  constructor(box, root, take) {
    this.#box = box;
    this.#take = take;
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
    this.#shown = this.#known.filter((command) => rank(command) < 2).sort((one, other) => rank(one) - rank(other) || (one.path < other.path ? -1 : 1));
    this.#at = 0;
    this.#draw();
  }

  // Sending the typed words takes the command that they are, or that is marked.
  takeExact(text) {
    const path = text.slice(1).trim();
    const exact = this.#known?.find((command) => command.path === path);
    const chosen = exact ?? this.#shown[this.#at];
    if (chosen) this.#take(chosen);
  }

  pressed(event) {
    if (event.key === "Escape") {
      this.#node.hidden = true;
      this.#box.value = "";
    } else if (!this.#shown.length) return false;
    else if (event.key === "ArrowDown") this.#at = (this.#at + 1) % this.#shown.length;
    else if (event.key === "ArrowUp") this.#at = (this.#at - 1 + this.#shown.length) % this.#shown.length;
    else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) {
      event.preventDefault();
      this.#take(this.#shown[this.#at]);
      return true;
    } else return false;
    event.preventDefault();
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
      this.#node.replaceChildren(h("li", { class: "none" }, this.#known.length ? "No such command for you here." : "No commands here: is the bot running?"));
      return;
    }
    const items = this.#shown.map((command, index) =>
      h(
        "li",
        { id: `picker-${index}`, role: "option", "aria-selected": String(index === this.#at), onclick: () => this.#take(command) },
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

// The options of one command.
class Options {
  #app;
  #channel;
  #command;
  #done;
  #fields = new Map();
  #list;
  #more;
  #problem;
  node;

  constructor(app, channel, command, done) {
    this.#app = app;
    this.#channel = channel;
    this.#command = command;
    this.#done = done;
    this.#list = h("div", { class: "options" });
    this.#more = h("p", { class: "optional" });
    this.#problem = h("p", { class: "failure", role: "alert" });
    this.node = h(
      "div",
      {
        class: "command",
        role: "group",
        "aria-label": `/${command.path}`,
        onkeydown: (event) => {
          if (event.key === "Escape") done.cancel();
          else if (event.key === "Enter" && !event.shiftKey && event.target.matches("input, select") && !event.isComposing) this.#send();
          else return;
          event.preventDefault();
        },
      },
      h("p", { class: "lead" }, h("b", {}, `/${command.path}`), ` ${command.description}`),
      this.#list,
      this.#more,
      this.#problem,
      h("div", { class: "row" }, button("Cancel", done.cancel, { class: "key secondary" }), button("Send", () => this.#send(), { class: "key primary" })),
    );
    const first = command.options.filter((option) => option.required);
    for (const option of first.length ? first : command.options.slice(0, 1)) this.#add(option);
    this.#offer();
  }

  focus() {
    this.#list.querySelector("input, select")?.focus();
  }

  #offer() {
    const left = this.#command.options.filter((option) => !this.#fields.has(option.name));
    this.#more.replaceChildren(
      ...left.map((option) =>
        button(
          `+ ${option.name}`,
          () => {
            this.#add(option);
            this.#offer();
            this.#list.lastElementChild.querySelector("input, select").focus();
          },
          { class: "key secondary", title: option.description },
        ),
      ),
    );
  }

  #add(option) {
    const id = `option-${++serial}`;
    const field = this.#input(option, id);
    this.#fields.set(option.name, { option, ...field });
    this.#list.append(
      h(
        "div",
        { class: "field" },
        h("label", { class: "name", for: id }, option.name, h("small", {}, ` ${option.description} (${TYPES[option.type] ?? "?"}${option.required ? "" : ", optional"})`)),
        field.node,
      ),
    );
  }

  #input(option, id) {
    const among = (options) => {
      const node = h("select", { id }, h("option", { value: "" }, "Choose…"), options.map(({ value, label }) => h("option", { value }, label)));
      return { node, value: () => node.value || undefined };
    };
    if (option.choices?.length) return among(option.choices.map((choice) => ({ value: String(choice.value), label: choice.name })));
    switch (option.type) {
      case BOOLEAN:
        return among([{ value: "True", label: "True" }, { value: "False", label: "False" }]);
      case USER:
        return among(people(this.#app));
      case ROLE:
        return among(roles(this.#app));
      case MENTIONABLE:
        return among([...people(this.#app), ...roles(this.#app)]);
      case CHANNEL:
        return among(channels(this.#app, option.channel_types));
      case ATTACHMENT: {
        const node = h("input", { id, type: "file" });
        return { node, value: async () => (node.files[0] ? { uploads: [await upload(node.files[0])] } : undefined) };
      }
      case INTEGER:
      case NUMBER: {
        const node = h("input", { id, type: "number", min: option.min_value, max: option.max_value, step: option.type === INTEGER ? 1 : "any" });
        return { node, value: () => node.value || undefined };
      }
    }
    const node = h("input", { id, type: "text", minlength: option.min_length || undefined, maxlength: option.max_length || undefined, autocomplete: "off" });
    if (option.type === STRING && option.autocomplete) return this.#offering(option, node);
    return { node, value: () => node.value || undefined };
  }

  // A text for which the bot offers choices while one types.
  #offering(option, node) {
    const id = `choices-${++serial}`;
    const list = h("ul", { id, class: "picker", role: "listbox", "aria-label": `Choices for ${option.name}`, hidden: true });
    let [choices, at, timer, asked] = [[], -1, null, 0];
    let chosen = null; // {name, value}: the name is shown, the value is sent
    node.setAttribute("role", "combobox");
    node.setAttribute("aria-autocomplete", "list");
    node.setAttribute("aria-expanded", "false");
    node.setAttribute("aria-controls", id);

    const show = (isShown) => {
      list.hidden = !isShown;
      node.setAttribute("aria-expanded", String(isShown));
    };
    const mark = (index) => {
      at = index;
      [...list.children].forEach((item, each) => item.setAttribute("aria-selected", String(each === at)));
      if (at >= 0) {
        node.setAttribute("aria-activedescendant", `${id}-${at}`);
        list.children[at].scrollIntoView({ block: "nearest" });
      }
    };
    const take = (choice) => {
      chosen = choice;
      node.value = choice.name;
      show(false);
      node.focus();
    };
    const ask = async () => {
      const number = ++asked;
      try {
        const options = { ...(await this.#given(option.name)), [option.name]: node.value };
        const found = await this.#app.line.ask("autocomplete", { channel: this.#channel.id, path: this.#command.path, options, focus: option.name });
        if (number !== asked || document.activeElement !== node) return;
        choices = found;
        list.replaceChildren(
          ...(found.length
            ? found.map((choice, index) =>
                h("li", { id: `${id}-${index}`, role: "option", "aria-selected": "false", onmousedown: (event) => event.preventDefault(), onclick: () => take(choice) }, choice.name),
              )
            : [h("li", { class: "none" }, "Nothing to choose from.")]),
        );
        mark(-1);
        show(true);
      } catch (error) {
        if (number !== asked) return;
        list.replaceChildren(h("li", { class: "none" }, "No choices came from the bot."));
        show(true);
      }
    };
    node.addEventListener("input", () => {
      chosen = null;
      clearTimeout(timer);
      timer = setTimeout(ask, TYPING_MS);
    });
    node.addEventListener("focus", () => chosen === null && ask());
    node.addEventListener("blur", () => show(false));
    node.addEventListener("keydown", (event) => {
      if (list.hidden || !choices.length) return;
      if (event.key === "ArrowDown") mark((at + 1) % choices.length);
      else if (event.key === "ArrowUp") mark((at - 1 + choices.length) % choices.length);
      else if (event.key === "Enter" && at >= 0) take(choices[at]);
      else if (event.key === "Tab" && at >= 0 && !event.shiftKey) {
        take(choices[at]);
        return;
      } else if (event.key === "Escape") show(false);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return {
      node: h("div", { class: "offering" }, node, list),
      value: () => (chosen ? String(chosen.value) : node.value || undefined),
    };
  }

  // What is filled in so far, files left out: they are sent with the command only.
  async #given(except) {
    const given = {};
    for (const [name, { option, value }] of this.#fields) {
      if (name === except || option.type === ATTACHMENT) continue;
      const said = await value();
      if (said !== undefined) given[name] = said;
    }
    return given;
  }

  async #send() {
    try {
      const options = {};
      for (const [name, { option, node }] of this.#fields) {
        const input = node.matches("input, select") ? node : node.querySelector("input");
        if (option.required && !input.value) throw new Error(`Fill in ${name} first.`);
        if (!input.checkValidity()) throw new Error(`${name}: ${input.validationMessage}`);
      }
      for (const [name, { value }] of this.#fields) {
        const said = await value();
        if (said !== undefined) options[name] = said;
      }
      this.#done.send(options);
    } catch (error) {
      this.#problem.textContent = error.message;
    }
  }
}
