// Backstage: the newsletter's site, trouble on purpose, the bot's process, and what the bot asked of Discord.

import { button, byId, h } from "./dom.js";

const TROUBLE = [
  ["500", "Answer 500", "to the next three requests"],
  ["429", "Rate limit", "for the next request, five seconds"],
  ["lost", "Lose an answer", "to the next message"],
  ["drop", "Cut the gateway", "once"],
];
const BREAKAGES = { html: "a web page instead", empty: "empty", cut: "cut in the middle", error: "status 500", slow: "a minute late" };
const VERDICTS = { valid: "valid", invalid: "invalid", unchecked: "" };

export class Panel {
  #app;
  #root = byId("panel");
  #said = h("p", { class: "said", role: "status" });
  #parts = {};
  #text;
  #edited = null; // the slug of the issue that is being corrected
  #isTouched = false;

  constructor(app) {
    this.#app = app;
  }

  show(state) {
    byId("show-panel").hidden = !state;
    document.body.classList.toggle("no-panel", !state);
    if (!state) return;
    if (!this.#root.childElementCount) this.#build();
    this.#draw(state);
  }

  async #act(act, given = {}) {
    try {
      const { sentence, panel } = await this.#app.line.ask("panel", { act, given });
      this.#said.textContent = sentence;
      this.#draw(panel);
      return true;
    } catch (error) {
      this.#said.textContent = error.message;
      return false;
    }
  }

  #build() {
    const part = (name, title, isOpen) => {
      const inside = h("div", {});
      this.#parts[name] = inside;
      return h("details", { open: isOpen }, h("summary", {}, title), inside);
    };
    this.#text = h("textarea", { id: "issue-text", rows: 9, spellcheck: false, oninput: () => (this.#isTouched = true) });
    this.#root.append(
      h("h2", {}, "Backstage"),
      this.#said,
      part("site", "The newsletter", true),
      part("bot", "The bot", true),
      part("trouble", "Trouble on purpose", true),
      part("requests", "What the bot asked of Discord", false),
      part("log", "The bot's log", false),
    );
    this.#parts.site.append(
      h("div", { class: "field" }, h("label", { class: "name", for: "issue-text", id: "issue-label" }, "The next issue, in Markdown"), this.#text),
      h(
        "div",
        { class: "row" },
        (this.#parts.publish = button("Publish the next issue", () => this.#publish(), { class: "key primary" })),
        (this.#parts.leave = button("Leave it", () => this.#leave(), { class: "key secondary", hidden: true })),
      ),
      (this.#parts.posts = h("ul", { class: "posts-list" })),
      (this.#parts.feed = h("div", { class: "row" })),
    );
  }

  async #publish() {
    const given = { text: this.#text.value };
    const done = this.#edited ? await this.#act("correct", { slug: this.#edited, ...given }) : await this.#act("publish", given);
    if (done) this.#leave();
  }

  #leave() {
    this.#edited = null;
    this.#isTouched = false;
    this.#draw(this.#state);
  }

  #state;

  #draw(state) {
    this.#state = state;
    const { site, bot } = state;
    if (!this.#edited && !this.#isTouched) this.#text.value = site.next;
    byId("issue-label").textContent = this.#edited ? "The issue, to be corrected" : "The next issue, in Markdown";
    this.#parts.publish.textContent = this.#edited ? "Publish the correction" : "Publish the next issue";
    this.#parts.leave.hidden = !this.#edited;
    keep(this.#parts.posts, JSON.stringify(site.posts.map((post) => [post.slug, post.title])), () =>
      site.posts.map((post) =>
        h(
          "li",
          {},
          h("a", { href: post.url, target: "_blank", rel: "noopener noreferrer" }, post.title),
          " ",
          button("Correct", () => this.#correct(post), { class: "quiet", "aria-label": `Correct ${post.title}` }),
          " ",
          button("Withdraw", () => this.#act("withdraw", { slug: post.slug }), { class: "quiet", "aria-label": `Withdraw ${post.title}` }),
        ),
      ),
    );
    keep(this.#parts.feed, String(site.broken), () =>
      site.broken
        ? [h("p", {}, `The feed is broken: ${BREAKAGES[site.broken]}.`), button("Mend the feed", () => this.#act("mend"), { class: "key secondary" })]
        : this.#breaking(site.breakages),
    );
    keep(this.#parts.bot, `${bot.running} ${bot.connected}`, () => [
      h("p", { class: bot.connected ? "good" : "bad" }, bot.connected ? "Online" : bot.running ? "Running, not connected" : "Not running"),
      h(
        "div",
        { class: "row" },
        bot.running
          ? button("Kill the bot", () => this.#act("bot", { what: "kill" }), { class: "key danger" })
          : button("Start the bot", () => this.#act("bot", { what: "start" }), { class: "key success" }),
      ),
    ]);
    keep(this.#parts.trouble, JSON.stringify([state.outage, state.faults, state.may_write]), () => [
      h(
        "div",
        { class: "row" },
        TROUBLE.map(([what, label, detail]) => button(`${label} ${detail}`, () => this.#act("fault", { what }), { class: "key secondary" })),
        state.may_write
          ? button("Forbid the bot to write in #news", () => this.#act("fault", { what: "forbid" }), { class: "key secondary" })
          : button("Let the bot write in #news again", () => this.#act("fault", { what: "permit" }), { class: "key success" }),
        state.outage ? null : button("Discord is down", () => this.#act("fault", { what: "outage" }), { class: "key danger" }),
        state.outage || state.faults.length ? button("End the trouble", () => this.#act("fault", { what: "recover" }), { class: "key success" }) : null,
      ),
      h("p", { class: "subtext" }, state.outage ? "Discord is down for the bot." : state.faults.length ? `Waiting to strike: ${state.faults.map((fault) => (fault.status || fault.action)).join(", ")}` : "Nothing is planned."),
    ]);
    if (this.#parts.requests.parentElement.open || !this.#parts.requests.childElementCount) {
      this.#parts.requests.replaceChildren(
        h("p", { class: "subtext" }, state.checked ? "Checked against Discord's own specification." : "Without Discord's specification only the sandbox's own rules are checked (DISCORD_OPENAPI names the file)."),
        ...state.violations.map((violation) => h("p", { class: "bad" }, violation)),
        h("ol", { class: "requests" }, state.requests.map(requestLine)),
      );
    }
    if (this.#parts.log.parentElement.open) this.#parts.log.replaceChildren(h("pre", { tabindex: 0 }, bot.log));
  }

  #breaking(breakages) {
    const how = h("select", { id: "breakage" }, breakages.map((each) => h("option", { value: each }, BREAKAGES[each])));
    return [
      h("label", { for: "breakage" }, "The feed is to be"),
      how,
      button("Break the feed", () => this.#act("break", { how: how.value }), { class: "key secondary" }),
    ];
  }

  #correct(post) {
    this.#edited = post.slug;
    this.#text.value = post.text;
    this.#draw(this.#state);
    this.#text.focus();
  }
}

// Draw anew only what has changed, so that a key does not vanish under a finger.
function keep(node, key, draw) {
  if (node.dataset.key === key) return;
  node.dataset.key = key;
  node.replaceChildren(...[draw()].flat().filter(Boolean));
}

function requestLine(request) {
  const isRefused = request.status >= 400 || request.status === 0;
  return h(
    "li",
    { class: isRefused ? "bad" : "" },
    h("code", {}, `${request.method} ${request.path.replace(/(interactions\/\d+|webhooks\/\d+)\/[^/]+/, "$1/…")}`),
    ` ${request.status || "no answer"}`,
    request.struck ? " · trouble" : "",
    VERDICTS[request.verdict] ? ` · ${VERDICTS[request.verdict]}` : "",
    request.refusal ? h("small", {}, ` ${request.refusal}`) : null,
  );
}
