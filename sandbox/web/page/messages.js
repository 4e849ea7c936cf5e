// The messages of one channel. Only a window of them stands in the page, however many there are: older and newer ones
// are fetched as one scrolls, and those far away are let go.

import { button, byId, h, inOrder } from "./dom.js";
import { openMenu } from "./menu.js";
import { drawMessage } from "./message.js";

const MOST = 150;
const NEAR = 600;
const AT_END = 60;

export class Messages {
  #app;
  #root = byId("messages");
  #newer = byId("to-present");
  #views = new Map(); // id -> {view, node}
  #order = []; // the ids, oldest first
  #channel = null;
  #isAll = true; // nothing older than the first
  #isPresent = true; // nothing newer than the last
  #isFetching = false;
  #wasAtEnd = true;
  #failures = new Map(); // id -> sentence under that message
  #dismissed = new Set();
  #doing = {
    act: (view, shown, what, given, element) => this.#act(view, shown, what, given, element),
    menu: (article) => this.#menu(article),
    dismiss: (message) => this.#dismiss(message),
  };

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
    this.#newer.addEventListener("click", () => this.#app.go(this.#channel));
    new ResizeObserver(() => this.#keepEnd()).observe(this.#root);
    // Pictures have no size before they are there.
    this.#root.addEventListener("load", () => this.#keepEnd(), true);
  }

  // Show a channel from its end. `views` are the newest; `isAll` says that there are no older ones.
  show(channel, views, isAll) {
    this.#channel = channel;
    this.#isAll = isAll;
    this.#isPresent = true;
    this.#views.clear();
    this.#order = [];
    this.#root.replaceChildren();
    for (const view of views) this.#insert(view);
    this.#beginning();
    this.#sayNewer();
    this.#toEnd();
  }

  clear() {
    this.show(null, [], true);
  }

  // What one person saw and did is nothing to the next.
  forget() {
    this.#failures.clear();
    this.#dismissed.clear();
  }

  // A message that is new or has changed.
  put(view, isNew) {
    const { id, author } = view.message;
    if (this.#dismissed.has(id)) return;
    if (this.#views.has(id)) {
      this.#replace(view);
      return;
    }
    if (!isNew) return;
    const isMine = author.id === this.#app.server.me || view.asked?.by === this.#app.server.me;
    if (!this.#isPresent) {
      if (isMine) this.#app.go(this.#channel);
      else this.#sayNewer(true);
      return;
    }
    const wasAtEnd = this.#isAtEnd;
    if (!wasAtEnd && !isMine && this.#order.length >= MOST) {
      this.#isPresent = false;
      this.#sayNewer();
      return;
    }
    this.#insert(view);
    if (wasAtEnd || isMine) {
      this.#toEnd();
      if (this.#order.length > MOST) this.#letGo(this.#order.slice(0, this.#order.length - MOST), "older");
    } else this.#sayNewer(true);
  }

  drop(id) {
    this.#views.get(id)?.node.remove();
    this.#views.delete(id);
    this.#order = this.#order.filter((other) => other !== id);
    this.#failures.delete(id);
  }

  // A line of the page itself, such as a command under way.
  note(sentence) {
    const node = h("p", { class: "note" }, sentence);
    this.#root.append(node);
    this.#toEnd();
    return {
      say: (text) => {
        node.replaceChildren(
          text,
          " ",
          button("Dismiss", () => node.remove(), { class: "quiet" }),
        );
        node.classList.add("failed");
        this.#toEnd();
      },
      remove: () => node.remove(),
    };
  }

  // Everything again, because names, roles or channels changed.
  redraw() {
    for (const { view } of [...this.#views.values()]) this.#replace(view);
  }

  get #isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#root;
    return scrollHeight - scrollTop - clientHeight < AT_END;
  }

  #toEnd() {
    this.#root.scrollTop = this.#root.scrollHeight;
    this.#wasAtEnd = true;
  }

  #keepEnd() {
    if (this.#wasAtEnd) this.#toEnd();
  }

  #draw(view) {
    return drawMessage(this.#app, view, this.#failures.get(view.message.id), this.#doing);
  }

  #insert(view) {
    const { id } = view.message;
    if (this.#dismissed.has(id)) return;
    const node = this.#draw(view);
    const last = this.#order.at(-1);
    if (last === undefined || inOrder(last, id) < 0) {
      // Before the notes, which are younger than all messages.
      this.#root.insertBefore(node, last ? this.#views.get(last).node.nextSibling : this.#root.querySelector(".note"));
      this.#order.push(id);
    } else {
      const at = this.#order.findIndex((other) => inOrder(other, id) > 0);
      this.#root.insertBefore(node, this.#views.get(this.#order[at]).node);
      this.#order.splice(at, 0, id);
    }
    this.#views.set(id, { view, node });
  }

  #replace(view) {
    const before = this.#views.get(view.message.id);
    const node = this.#draw(view);
    const focused = before.node.contains(document.activeElement) ? document.activeElement : null;
    const wasAtEnd = this.#isAtEnd;
    before.node.replaceWith(node);
    this.#views.set(view.message.id, { view, node });
    if (wasAtEnd) this.#toEnd();
    if (!focused) return;
    const key = focused.dataset.customId;
    const again = key && [...node.querySelectorAll("[data-custom-id]")].find((one) => one.dataset.customId === key);
    (again && !again.disabled ? again : node).focus({ preventScroll: true });
  }

  #letGo(ids, side) {
    for (const id of ids) this.drop(id);
    if (side === "older") this.#isAll = false;
    else this.#isPresent = false;
    this.#beginning();
  }

  #beginning() {
    this.#root.querySelector(".beginning")?.remove();
    const channel = this.#channel && this.#app.channel(this.#channel);
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
    if (this.#isFetching || !this.#order.length) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#root;
    if (scrollTop < NEAR && !this.#isAll) this.#fetch("older");
    else if (!this.#isPresent && scrollHeight - scrollTop - clientHeight < NEAR) this.#fetch("newer");
  }

  async #fetch(side) {
    this.#isFetching = true;
    const channel = this.#channel;
    const edge = side === "older" ? { before: this.#order[0] } : { after: this.#order.at(-1) };
    try {
      const { messages, is_all: isAll } = await this.#app.line.ask("window", { channel, ...edge });
      if (channel !== this.#channel) return;
      // What is in sight stays where it is, whatever comes or goes above it.
      const anchor = this.#inSight();
      for (const view of messages) if (!this.#views.has(view.message.id)) this.#insert(view);
      if (side === "older") this.#isAll = isAll;
      else this.#isPresent = isAll;
      const over = this.#order.length - MOST;
      if (over > 0 && side === "older") this.#letGo(this.#order.slice(-over), "newer");
      else if (over > 0) this.#letGo(this.#order.slice(0, over), "older");
      this.#beginning();
      this.#sayNewer();
      if (anchor) this.#root.scrollTop += anchor.node.getBoundingClientRect().top - anchor.top;
    } catch (error) {
      this.#app.toast(error.message);
    } finally {
      this.#isFetching = false;
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

  // acting

  // `view` is the line in which `shown` stands; in the first line of a thread they are two messages.
  async #act(view, shown, what, given, element) {
    const { id, channel_id: channel } = shown.message;
    const { me } = this.#app.server;
    element.classList.add("busy");
    this.#fail(view.message.id, null);
    try {
      await this.#app.interact(what, { channel, message: id, ...given });
    } catch (error) {
      if (me === this.#app.server.me) this.#fail(view.message.id, error.message);
    } finally {
      element.classList.remove("busy");
    }
  }

  #fail(id, sentence) {
    const had = this.#failures.delete(id);
    if (sentence !== null) this.#failures.set(id, sentence);
    const known = this.#views.get(id);
    if (known && (had || sentence !== null)) this.#replace(known.view);
  }

  // As Discord has it: hidden from this page, not taken away from the bot.
  #dismiss(message) {
    this.#dismissed.add(message.id);
    this.drop(message.id);
    this.#root.focus({ preventScroll: true });
  }

  #menu(article, x, y) {
    const known = this.#views.get(article.dataset.id);
    if (!known) return;
    const shown = known.view.starter ?? known.view;
    openMenu(this.#app, shown, article, {
      x,
      y,
      act: (what, given) => this.#act(known.view, shown, what, given, article),
    });
  }

  #move(event) {
    if (event.target.closest("input, textarea, [role=listbox], [role=combobox]")) return;
    if (!this.#order.length || event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.#order.length - 1;
    const current = document.activeElement.closest("article")?.dataset.id;
    const at = current ? this.#order.indexOf(current) : last + (event.key === "ArrowUp" ? 1 : 0);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#views.get(this.#order[Math.max(0, Math.min(last, to))]).node.focus();
  }
}
