// The options of one command, filled in.

import { channels, people, roles } from "./components.js";
import { button, h } from "./dom.js";
import { Offering } from "./offering.js";
import { upload } from "./rest.js";

const [INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT] = [4, 5, 6, 7, 8, 9, 10, 11];
const TYPES = {
  3: "text",
  4: "whole number",
  5: "True or False",
  6: "member",
  7: "channel",
  8: "role",
  9: "member or role",
  10: "number",
  11: "file",
};

let serial = 0;

export class Options {
  #app;
  #channel;
  #command;
  #done;
  #fields = new Map(); // name -> {option, input, value()}
  #list = h("div", { class: "options" });
  #more = h("p", { class: "optional" });
  #problem = h("p", { class: "failure", role: "alert" });
  #key = button("Send", () => this.#send(), { class: "key primary" });
  node;

  // `done` has `cancel` and `send`, which gets the options by name.
  constructor(app, channel, command, done) {
    this.#app = app;
    this.#channel = channel;
    this.#command = command;
    this.#done = done;
    this.node = h(
      "div",
      { class: "command", role: "group", "aria-label": `/${command.path}`, onkeydown: (event) => this.#pressed(event) },
      h("p", { class: "lead" }, h("b", {}, `/${command.path}`), ` ${command.description}`),
      this.#list,
      this.#more,
      this.#problem,
      h("div", { class: "row" }, button("Cancel", done.cancel, { class: "key secondary" }), this.#key),
    );
    const needed = command.options.filter((option) => option.required);
    for (const option of needed.length ? needed : command.options.slice(0, 1)) this.#add(option);
    this.#offer();
  }

  focus() {
    this.#list.querySelector("input, select")?.focus();
  }

  #pressed(event) {
    const isSending = event.key === "Enter" && event.target.matches("input, select") && !event.isComposing;
    if (event.key === "Escape") this.#done.cancel();
    else if (isSending && !event.shiftKey) this.#send();
    else return;
    event.preventDefault();
  }

  #offer() {
    const left = this.#command.options.filter((option) => !this.#fields.has(option.name));
    this.#more.replaceChildren(
      ...left.map((option) =>
        button(`+ ${option.name}`, () => this.#addMore(option), { class: "key secondary", title: option.description }),
      ),
    );
  }

  #addMore(option) {
    this.#add(option);
    this.#offer();
    this.#fields.get(option.name).input.focus();
  }

  #add(option) {
    const id = `option-${++serial}`;
    const field = this.#field(option, id);
    this.#fields.set(option.name, { option, ...field });
    const kind = `(${TYPES[option.type] ?? "?"}${option.required ? "" : ", optional"})`;
    this.#list.append(
      h(
        "div",
        { class: "field" },
        h("label", { class: "name", for: id }, option.name, h("small", {}, ` ${option.description} ${kind}`)),
        field.node ?? field.input,
      ),
    );
  }

  // {input, value(), node?}; the value may be a promise, and undefined where nothing is given.
  #field(option, id) {
    if (option.choices?.length)
      return among(
        id,
        option.choices.map(({ name, value }) => ({ value, label: name })),
      );
    switch (option.type) {
      case BOOLEAN:
        return among(
          id,
          [true, false].map((value) => ({ value, label: value ? "True" : "False" })),
        );
      case USER:
        return among(id, people(this.#app));
      case ROLE:
        return among(id, roles(this.#app));
      case MENTIONABLE:
        return among(id, [...people(this.#app), ...roles(this.#app)]);
      case CHANNEL:
        return among(id, channels(this.#app, option.channel_types));
      case ATTACHMENT: {
        const input = h("input", { id, type: "file" });
        const value = async () => (input.files[0] ? { uploads: [await upload(input.files[0])] } : undefined);
        return { input, value };
      }
    }
    const isNumber = option.type === INTEGER || option.type === NUMBER;
    const limits = isNumber
      ? { min: option.min_value, max: option.max_value, step: option.type === INTEGER ? 1 : "any" }
      : { minlength: option.min_length || undefined, maxlength: option.max_length || undefined };
    // Names of choices are no numbers, so a field that offers them is one of text.
    const type = isNumber && !option.autocomplete ? "number" : "text";
    const input = h("input", { id, type, autocomplete: "off", ...limits });
    if (!option.autocomplete) return { input, value: () => input.value || undefined };
    const offering = new Offering(input, option.name, (typed) => this.#choices(option.name, typed));
    return { input, node: offering.node, value: () => offering.value };
  }

  async #choices(name, typed) {
    const options = { ...(await this.#given(name)), [name]: typed };
    const { path } = this.#command;
    return this.#app.line.ask("autocomplete", { channel: this.#channel.id, path, options, focus: name });
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
    if (this.#key.disabled) return;
    this.#key.disabled = true;
    try {
      this.#check();
      const options = {};
      for (const [name, { value }] of this.#fields) {
        const said = await value();
        if (said !== undefined) options[name] = said;
      }
      this.#done.send(options);
    } catch (error) {
      this.#problem.textContent = error.message;
    } finally {
      this.#key.disabled = false;
    }
  }

  #check() {
    for (const [name, { option, input }] of this.#fields) {
      if (option.required && !input.value) throw new Error(`Fill in ${name} first.`);
      if (!input.checkValidity()) throw new Error(`${name}: ${input.validationMessage}`);
    }
  }
}

// A native list; what it gives are the values themselves, not their texts.
function among(id, options) {
  const input = h(
    "select",
    { id },
    h("option", { value: "" }, "Choose…"),
    options.map(({ label }, index) => h("option", { value: index }, label)),
  );
  return { input, value: () => (input.value ? options[Number(input.value)].value : undefined) };
}
