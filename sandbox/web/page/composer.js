// The message box: words and files, or a slash command that is picked, filled in and sent.

import { button, byId, h } from "./dom.js";
import { FAILED } from "./failures.js";
import { Options } from "./options.js";
import { Picker } from "./picker.js";
import { say } from "./rest.js";
import { plain } from "./words.js";

const WRITING = "input, textarea, select, dialog, [role=listbox], [role=menu]";

export class Composer {
  #app;
  #root = byId("composer");
  #channel = null;
  #files = [];
  #replyTo = null;
  #box = null; // null while a command is filled in, and where nothing can be written
  #picker = null;
  #isFilling = false;

  constructor(app) {
    this.#app = app;
    this.#root.addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("keydown", (event) => {
      const isCommand = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey;
      if (!isCommand || event.target.closest(WRITING) || !this.#box || this.#box.value) return;
      event.preventDefault();
      this.#box.focus();
      this.#box.value = "/";
      this.#typed();
    });
  }

  // Begin anew in a channel.
  show(channel) {
    this.#channel = channel;
    this.#files = [];
    this.#replyTo = null;
    this.#draw();
  }

  // Rights may have changed; what is being written or filled in stays.
  refresh(channel) {
    const before = this.#channel;
    this.#channel = channel;
    if (this.#isFilling || (this.#box && before?.may.send === channel.may.send)) return;
    this.#draw();
  }

  focus() {
    if (this.#box) this.#box.focus();
    else this.#root.querySelector("input, select, button")?.focus();
  }

  replyTo(message) {
    this.#replyTo = message;
    this.#redraw();
  }

  #draw(words = "") {
    this.#close();
    const channel = this.#channel;
    this.#isFilling = false;
    this.#root.hidden = !channel || channel.may.post;
    this.#box = null;
    if (this.#root.hidden) return;
    const name = this.#app.called(channel);
    // Commands are offered where one may not write, too: Discord has them in read-only channels for whoever may use them.
    this.#box = h("textarea", {
      id: "box",
      rows: 1,
      maxlength: 2000,
      autocomplete: "off",
      placeholder: channel.may.send ? `Message ${name}` : "Only commands: type /",
      "aria-label": `Message ${name}`,
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": "picker",
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#pressed(event),
      onpaste: (event) => this.#take([...event.clipboardData.files]),
    });
    this.#box.value = words;
    const choose = h("input", { type: "file", multiple: true, hidden: true });
    choose.addEventListener("change", () => this.#take([...choose.files]));
    const add = button("+ File", () => choose.click(), { class: "key secondary", "aria-label": "Add a file" });
    this.#root.replaceChildren(
      ...[
        this.#replyTo && this.#tag(this.#answering(this.#replyTo), () => this.replyTo(null)),
        ...this.#files.map((file) => this.#tag(file.name, () => this.#leave(file))),
        choose,
        channel.may.attach && channel.may.send && add,
        this.#box,
        button("Send", () => this.#send(), { class: "key primary" }),
      ].filter(Boolean),
    );
  }

  #answering(message) {
    return `Answering ${this.#app.user(message.author.id, message.author).name}: ${plain(message).slice(0, 60)}`;
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
    this.#draw(this.#box?.value ?? "");
    this.#box?.focus();
  }

  async #send() {
    const text = this.#box.value.trim();
    if (text.startsWith("/") && !text.includes("\n")) {
      await this.#typed();
      const command = this.#picker?.meant(text);
      if (command) {
        this.#fill(command);
        return;
      }
    }
    if (!text && !this.#files.length) return;
    const [channel, files, reply] = [this.#channel, this.#files, this.#replyTo];
    // Cleared at once, so that a second press sends nothing twice.
    this.show(channel);
    this.#box?.focus();
    try {
      await say(this.#app, channel.id, text, files, reply?.id);
    } catch (error) {
      this.#app.toast(error.message);
      if (this.#channel.id !== channel.id || !this.#box || this.#box.value) return;
      [this.#files, this.#replyTo] = [files, reply];
      this.#draw(text);
      this.#box?.focus();
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
      const picker = new Picker(this.#box, this.#root, {
        take: (command) => this.#fill(command),
        leave: () => this.#draw(),
      });
      this.#picker = picker;
      try {
        const { slash } = await this.#app.line.ask("commands", { channel: this.#channel.id });
        picker.know(slash);
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
        this.#box?.focus();
      },
      send: (options) => this.#run(command, options),
    });
    this.#root.replaceChildren(form.node);
    this.#box = null;
    this.#isFilling = true;
    form.focus();
  }

  async #run(command, options) {
    const { server, messages } = this.#app;
    const channel = this.#channel;
    this.#draw();
    this.#box?.focus();
    const note = messages.note(`${this.#app.user(server.me).name} uses /${command.path} …`);
    try {
      await this.#app.interact("slash", { channel: channel.id, path: command.path, options });
      note.remove();
    } catch (error) {
      note.say(error.message === FAILED ? FAILED : `/${command.path}: ${error.message}`);
    }
  }
}
