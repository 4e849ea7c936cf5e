// The messages of one channel. Only a window of them stands in the page, however many there are: older and newer ones
// are fetched as one scrolls, and those far away are let go.

import { all, attachment, embed, poll } from "./components.js";
import { button, byId, colorOf, h, inOrder } from "./dom.js";
import { markdown } from "./markdown.js";
import { openMenu } from "./menu.js";
import { moment } from "./moments.js";
import { history } from "./rest.js";

const STEP = 50;
const MOST = 150;
const NEAR = 600;
const EPHEMERAL = 64;
const LOADING = 128;
const CROSSPOSTED = 1;
const FAILED = "The application did not respond";

const CALLS = { 7: "joined the server.", 18: "started a thread:", 6: "pinned a message." };

export class Messages {
  #app;
  #root = byId("messages");
  #newer = byId("to-present");
  #views = new Map(); // id -> {view, node}
  #channel = null;
  #isAll = true; // nothing older than the first
  #isPresent = true; // nothing newer than the last
  #busy = false;
  #failures = new Map(); // id -> sentence under that message

  constructor(app) {
    this.#app = app;
    this.#root.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#root.addEventListener("keydown", (event) => this.#move(event));
    this.#root.addEventListener("contextmenu", (event) => {
      const article = event.target.closest("article");
      if (!article || event.target.closest("a, input, textarea")) return;
      event.preventDefault();
      this.#menu(article, event.clientX || undefined, event.clientY || undefined);
    });
    this.#newer.addEventListener("click", () => this.toPresent());
    new ResizeObserver(() => this.#keepEnd()).observe(this.#root);
    // Pictures have no size before they are there.
    this.#root.addEventListener("load", () => this.#keepEnd(), true);
  }

  get count() {
    return this.#views.size;
  }

  // Show a channel from its end. `views` are the newest; `isAll` says that there are no older ones.
  show(channel, views, isAll) {
    this.#channel = channel;
    this.#isAll = isAll;
    this.#isPresent = true;
    this.#views.clear();
    this.#root.replaceChildren();
    for (const view of views) this.#insert(view);
    this.#beginning();
    this.#sayNewer();
    this.#wasAtEnd = true;
    this.#root.scrollTop = this.#root.scrollHeight;
  }

  clear() {
    this.show(null, [], true);
    this.#root.replaceChildren();
  }

  // A message that is new or has changed.
  put(view, isNew) {
    const { id } = view.message;
    if (this.#views.has(id)) {
      this.#replace(view);
    } else if (isNew && this.#isPresent) {
      const wasAtEnd = this.#isAtEnd;
      this.#insert(view);
      if (wasAtEnd || view.message.author.id === this.#app.server.me) this.#root.scrollTop = this.#root.scrollHeight;
      if (this.#views.size > MOST && wasAtEnd) this.#drop([...this.#ids].slice(0, this.#views.size - MOST), "older");
    }
    if (isNew && !this.#isAtEnd) this.#sayNewer(true);
  }

  drop(id) {
    this.#views.get(id)?.node.remove();
    this.#views.delete(id);
    this.#failures.delete(id);
  }

  // A line of the page itself, such as a command under way; gives a function that takes it away or changes it.
  note(sentence) {
    const node = h("p", { class: "note" }, sentence);
    this.#root.append(node);
    this.#root.scrollTop = this.#root.scrollHeight;
    return {
      say: (text) => {
        node.textContent = text;
        node.classList.add("failed");
        node.append(" ", button("Dismiss", () => node.remove(), { class: "quiet" }));
      },
      remove: () => node.remove(),
    };
  }

  // Everything again, because names, roles or channels changed.
  redraw() {
    for (const { view } of [...this.#views.values()]) this.#replace(view);
  }

  async toPresent() {
    await this.#app.go(this.#channel);
  }

  get #ids() {
    return [...this.#views.keys()].sort(inOrder);
  }

  #wasAtEnd = true;

  get #isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#root;
    return scrollHeight - scrollTop - clientHeight < 60;
  }

  #keepEnd() {
    if (this.#wasAtEnd) this.#root.scrollTop = this.#root.scrollHeight;
  }

  #insert(view) {
    const node = this.#draw(view);
    const { id } = view.message;
    const following = this.#ids.find((other) => inOrder(other, id) > 0);
    this.#root.insertBefore(node, following ? this.#views.get(following).node : null);
    this.#views.set(id, { view, node });
  }

  #replace(view) {
    const before = this.#views.get(view.message.id);
    // What REST gave does not know which command led to it; what was known stays known.
    view = { asked: before.view.asked, starter: before.view.starter, ...view };
    const node = this.#draw(view);
    const key = before.node.contains(document.activeElement) ? document.activeElement.dataset.customId : undefined;
    const hadFocus = before.node === document.activeElement;
    const wasAtEnd = this.#isAtEnd;
    before.node.replaceWith(node);
    this.#views.set(view.message.id, { view, node });
    if (wasAtEnd) this.#root.scrollTop = this.#root.scrollHeight;
    if (hadFocus) node.focus({ preventScroll: true });
    else if (key !== undefined) {
      const again = [...node.querySelectorAll("[data-custom-id]")].find((one) => one.dataset.customId === key);
      (again && !again.disabled ? again : node).focus({ preventScroll: true });
    }
  }

  #drop(ids, side) {
    for (const id of ids) this.drop(id);
    if (side === "older" && ids.length) this.#isAll = false;
    if (side === "newer" && ids.length) this.#isPresent = false;
    this.#beginning();
  }

  #beginning() {
    this.#root.querySelector(".beginning")?.remove();
    const channel = this.#app.channel(this.#channel);
    if (this.#isAll && channel) {
      this.#root.prepend(h("p", { class: "beginning" }, `This is where ${this.#app.called(channel)} begins.`));
    }
  }

  #sayNewer(isMore = false) {
    this.#newer.hidden = this.#isPresent && !isMore;
  }

  #scrolled() {
    this.#wasAtEnd = this.#isAtEnd;
    if (this.#isAtEnd && this.#isPresent) this.#sayNewer();
    if (this.#busy || !this.#channel) return;
    if (this.#root.scrollTop < NEAR && !this.#isAll) this.#fetch("older");
    else if (!this.#isPresent && this.#root.scrollHeight - this.#root.scrollTop - this.#root.clientHeight < NEAR) this.#fetch("newer");
  }

  async #fetch(side) {
    this.#busy = true;
    const channel = this.#channel;
    const ids = this.#ids;
    const query = side === "older" ? { before: ids[0] } : { after: ids.at(-1) };
    try {
      const found = await history(this.#app, channel, { ...query, limit: STEP });
      if (channel !== this.#channel) return;
      // What is in sight stays where it is, whatever comes or goes above it.
      const anchor = this.#inSight();
      for (const message of found) if (!this.#views.has(message.id)) this.#insert({ message });
      if (found.length < STEP) {
        if (side === "older") this.#isAll = true;
        else this.#isPresent = true;
      }
      const over = this.#views.size - MOST;
      const all = this.#ids;
      if (over > 0) this.#drop(side === "older" ? all.slice(-over) : all.slice(0, over), side === "older" ? "newer" : "older");
      this.#beginning();
      this.#sayNewer();
      if (anchor) this.#root.scrollTop += anchor.node.getBoundingClientRect().top - anchor.top;
    } catch (error) {
      this.#app.toast(error.message);
    } finally {
      this.#busy = false;
    }
  }

  #inSight() {
    const edge = this.#root.getBoundingClientRect().top;
    for (const node of this.#root.querySelectorAll("article")) {
      const { top, bottom } = node.getBoundingClientRect();
      if (bottom > edge) return { node, top };
    }
    return null;
  }

  // one message

  #draw(view) {
    const { message } = view;
    const app = this.#app;
    const author = app.user(message.author.id, message.author);
    const isMine = message.mentions.some((user) => user.id === app.server.me) ||
      message.mention_everyone ||
      message.mention_roles.some((role) => app.myRoles.includes(role));
    const classes = ["message", isMine && "pinged", message.flags & EPHEMERAL && "ephemeral"].filter(Boolean).join(" ");
    const at = { app, act: (what, given, element) => this.#act(view, what, given, element) };
    const tag = author.bot && h("span", { class: "tag" }, message.webhook_id && message.webhook_id !== app.server.bot ? "WEBHOOK" : "APP");
    return h(
      "article",
      { class: classes, tabindex: -1, "aria-label": `${author.name}, message`, data: { id: message.id } },
      this.#lead(view),
      h("span", { class: "face", "aria-hidden": "true", style: { "--face": face(message.author.id) } }, author.name[0]),
      h(
        "div",
        { class: "body" },
        h(
          "p",
          { class: "head" },
          h("b", { style: author.color ? { "--name": colorOf(author.color) } : {} }, author.name),
          tag,
          moment(Date.parse(message.timestamp), "f"),
        ),
        this.#content(view, at),
        this.#foot(view),
      ),
      button("⋯", (event) => this.#menu(event.currentTarget.closest("article")), {
        class: "more",
        "aria-label": `More for this message by ${author.name}`,
        "aria-haspopup": "menu",
      }),
    );
  }

  #lead(view) {
    const { message } = view;
    const app = this.#app;
    if (view.asked) return h("p", { class: "lead" }, `${app.user(view.asked.by).name} used `, h("b", {}, view.asked.name));
    if (message.type === 20 && message.interaction_metadata) {
      return h("p", { class: "lead" }, `${app.user(message.interaction_metadata.user.id).name} used a command`);
    }
    if (message.type === 19 && message.message_reference) {
      const target = message.referenced_message;
      if (!target && message.flags & EPHEMERAL) return null;
      if (!target) return h("p", { class: "lead" }, "Answers a message that was deleted");
      const words = plain(target).split("\n")[0].slice(0, 80);
      return h("p", { class: "lead" }, `Answers ${app.user(target.author.id, target.author).name}${words ? `: ${words}` : ""}`);
    }
    return null;
  }

  #content(view, at) {
    const { message } = view;
    const app = this.#app;
    if (message.flags & LOADING) return h("p", { class: "thinking" }, `${app.user(message.author.id, message.author).name} is thinking…`);
    if (view.starter) return h("div", { class: "starter" }, this.#content(view.starter, { app, act: (...given) => this.#act(view.starter, ...given) }));
    if (CALLS[message.type]) return h("p", { class: "call" }, `${CALLS[message.type]} `, h("b", {}, message.content));
    const shown = [
      message.content && h("div", { class: "text" }, markdown(message.content, app)),
      ...(message.flags & 4 ? [] : message.embeds.map((one) => embed(one, app))),
      message.poll && poll(message.poll),
      ...(message.flags & (1 << 15) ? [] : message.attachments.map((one) => attachment(one, app))),
      ...all(message.components, at),
    ].filter(Boolean);
    if (shown.length) return shown;
    return h("p", { class: "unknown" }, `A message of type ${message.type}, in which this page finds nothing to show.`);
  }

  #foot(view) {
    const { message } = view;
    const app = this.#app;
    const thread = message.thread && app.channel(message.thread.id);
    const failure = this.#failures.get(message.id);
    const count = message.thread?.message_count ?? 0;
    return [
      message.edited_timestamp && h("p", { class: "subtext edited", title: new Date(message.edited_timestamp).toLocaleString() }, "(edited)"),
      message.flags & CROSSPOSTED ? h("p", { class: "subtext" }, "Published to the channels that follow") : null,
      thread &&
        h(
          "a",
          { class: "thread", href: `#${thread.id}` },
          h("b", {}, thread.name),
          count ? ` · ${count} message${count === 1 ? "" : "s"} ›` : " · see the thread ›",
        ),
      failure && h("p", { class: "failure", role: "status" }, failure),
      message.flags & EPHEMERAL
        ? h("p", { class: "subtext" }, "Only you can see this · ", button("Dismiss", () => this.#dismiss(message), { class: "quiet" }))
        : null,
    ];
  }

  // acting

  async #act(view, what, given, element) {
    const { message } = view;
    element.classList.add("busy");
    this.#fail(message.id, null);
    try {
      await this.#app.interact(what, { channel: message.channel_id, message: message.id, ...given });
    } catch (error) {
      this.#fail(message.id, error.message);
    } finally {
      element.classList.remove("busy");
    }
  }

  #fail(id, sentence) {
    if (sentence === null) this.#failures.delete(id);
    else this.#failures.set(id, sentence);
    const known = this.#views.get(id);
    if (known && (sentence !== null || known.node.querySelector(".failure"))) this.#replace(known.view);
  }

  async #dismiss(message) {
    try {
      await this.#app.line.ask("dismiss", { channel: message.channel_id, message: message.id });
    } catch (error) {
      this.#app.toast(error.message);
    }
  }

  async #menu(article, x, y) {
    const known = this.#views.get(article.dataset.id);
    if (known) await openMenu(this.#app, known.view, article, { x, y, act: (what, given) => this.#act(known.view, what, given, article) });
  }

  #move(event) {
    if (event.target.closest("input, textarea, [role=listbox], [role=combobox]")) return;
    const nodes = [...this.#root.querySelectorAll("article")];
    if (!nodes.length || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = nodes.indexOf(document.activeElement.closest("article"));
    const to = { ArrowUp: at < 0 ? nodes.length - 1 : at - 1, ArrowDown: at < 0 ? nodes.length - 1 : at + 1, Home: 0, End: nodes.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    nodes[Math.max(0, Math.min(nodes.length - 1, to))].focus();
  }
}

// The words of a message without their marks.
export function plain(message) {
  const texts = [message.content];
  const walk = (components) => {
    for (const one of components ?? []) {
      if (one.type === 10) texts.push(one.content);
      walk(one.components);
    }
  };
  walk(message.components);
  return texts
    .filter(Boolean)
    .join(" ")
    .replace(/^(#{1,3}|-#|>) /gm, "")
    .replace(/[*_~|`]{1,3}/g, "")
    .replace(/\[((?:\\.|[^\]\\])*)\]\([^)]*\)/g, "$1")
    .replace(/\\(.)/g, "$1")
    .trim();
}

function face(id) {
  return `hsl(${Number(BigInt(id) % 360n)} 45% 42%)`;
}

export { FAILED };
