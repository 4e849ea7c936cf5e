// Backstage: the newsletter's site, trouble on purpose, the bot's process, and the requests of the bot.

import { button, byId, h } from "./dom.js";

const TROUBLE = [
  ["500", "Answer 500", "to the next three requests"],
  ["429", "Rate limit", "for the next request, five seconds"],
  ["lost", "Lose an answer", "to the next message"],
  ["drop", "Cut the gateway", "once"],
];
const PLANNED = { 500: "an answer 500", 429: "a rate limit", lose_answer: "a lost answer" };
const BREAKAGES = {
  html: "a web page instead",
  empty: "empty",
  cut: "cut in the middle",
  error: "status 500",
  slow: "a minute late",
  gone: "gone (RSS only)",
};
const TO_TRY = [
  "As Mia: press All links on an issue, vote in its poll, type /links search or /submit link.",
  "Right-click the message about a kite in #links, or press its ⋯, and submit it to the newsletter.",
  "As Mara, the moderator: decide about links in #review, start a poll with /poll create.",
  "As Edda, the editor: plan with /queue list, download the queue with /queue export.",
  "As Ada, the administrator: /setup status, and Integrations… next to it.",
  "As Ada: /setup source with folder:field-notes or another address from below; /setup repeats, /setup push.",
  "As Ada: /setup source with the address of Ghost's Content API, then Enter key…. Here: unpublish its newest post.",
  "Here: remove the RSS feed, and look into #review.",
  "Here: publish the next issue, correct or withdraw one, then kill the bot in the middle of it.",
];

export class Panel {
  #app;
  #root = byId("panel");
  #said = h("p", { class: "said", role: "status" });
  #parts = {};
  #text = h("textarea", { id: "issue-text", rows: 9, spellcheck: false });
  #label = h("label", { class: "name", for: "issue-text" });
  #publish = button("", () => this.#send(), { class: "key primary" });
  #leave = button("Leave it", () => this.#edit(null), { class: "key secondary", hidden: true });
  #edited = null; // the issue that is being corrected
  #draft = null; // the next issue in words of one's own, else null
  #state = null;

  constructor(app) {
    this.#app = app;
    this.#text.addEventListener("input", () => this.#edited || (this.#draft = this.#text.value));
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
      this.#parts[name] = h("div", {});
      return h(
        "details",
        { open: isOpen, ontoggle: () => this.#draw(this.#state) },
        h("summary", {}, title),
        this.#parts[name],
      );
    };
    this.#root.append(
      h("h2", {}, "Backstage"),
      this.#said,
      h(
        "details",
        {},
        h("summary", {}, "What to try"),
        h(
          "ul",
          { class: "tries" },
          TO_TRY.map((one) => h("li", {}, one)),
        ),
      ),
      part("site", "The newsletter", true),
      part("ways", "Ways to read it", false),
      part("ghost", "A Ghost site", false),
      part("bot", "The bot", true),
      part("trouble", "Trouble on purpose", true),
      part("requests", "The bot's requests to Discord", false),
      part("log", "The bot's log", false),
    );
    this.#parts.posts = h("ul", { class: "posts-list" });
    this.#parts.feed = h("div", { class: "row" });
    this.#parts.site.append(
      h("div", { class: "field" }, this.#label, this.#text),
      h("div", { class: "row" }, this.#publish, this.#leave),
      this.#parts.posts,
      this.#parts.feed,
    );
  }

  async #send() {
    const text = this.#text.value;
    if (this.#edited) {
      if (await this.#act("correct", { slug: this.#edited.slug, text })) this.#edit(null);
    } else if (await this.#act("publish", { text })) {
      if (this.#draft === text) this.#draft = null; // unless the one after it is being written already
      this.#draw(this.#state);
    }
  }

  // Correct that issue, or go back to the next one.
  #edit(post) {
    this.#edited = post;
    this.#text.value = post ? post.text : "";
    this.#draw(this.#state);
    if (post) this.#text.focus();
  }

  #draw(state) {
    this.#state = state;
    if (!state) return;
    const { site, bot } = state;
    if (!this.#edited) this.#text.value = this.#draft ?? site.next;
    this.#label.textContent = this.#edited ? "The issue to correct" : "The next issue, in Markdown";
    this.#publish.textContent = this.#edited ? "Publish the correction" : "Publish the next issue";
    this.#leave.hidden = !this.#edited;
    keep(this.#parts.posts, site.posts, () => site.posts.map((post) => this.#postLine(post)));
    keep(this.#parts.feed, site.broken, () => (site.broken ? this.#broken(site) : this.#whole(site)));
    this.#drawIfOpen(this.#parts.ways, site.ways, () => [h("dl", { class: "ways" }, site.ways.flatMap(wayLines))]);
    this.#drawIfOpen(this.#parts.ghost, state.ghost, () => [
      h(
        "ul",
        { class: "posts-list" },
        state.ghost.map((post) => this.#ghostLine(post)),
      ),
    ]);
    keep(this.#parts.bot, [bot.running, bot.connected], () => this.#botLines(bot));
    keep(this.#parts.trouble, [state.outage, state.faults, state.may_write], () => this.#troubleLines(state));
    this.#drawIfOpen(this.#parts.requests, state.requests, () => requestLines(state));
    this.#drawIfOpen(this.#parts.log, bot.log, () => [h("pre", { tabindex: 0 }, bot.log || "Nothing yet.")]);
  }

  #drawIfOpen(node, key, draw) {
    if (node.parentElement.open) keep(node, key, draw);
  }

  #postLine(post) {
    return h(
      "li",
      {},
      h("a", { href: post.url, target: "_blank", rel: "noopener noreferrer" }, post.title),
      button("Correct", () => this.#edit(post), { class: "quiet", "aria-label": `Correct ${post.title}` }),
      button("Withdraw", () => this.#act("withdraw", { slug: post.slug }), {
        class: "quiet",
        "aria-label": `Withdraw ${post.title}`,
      }),
    );
  }

  #ghostLine(post) {
    const [act, label] = post.out ? ["unpublish", "Unpublish"] : ["republish", "Publish again"];
    return h(
      "li",
      {},
      h("span", {}, post.gated ? `${post.title} (for members)` : post.title),
      button(label, () => this.#act(act, { number: post.number }), {
        class: "quiet",
        "aria-label": `${label} ${post.title}`,
      }),
    );
  }

  #broken(site) {
    const mend = button("Repair the feed", () => this.#act("mend"), { class: "key secondary" });
    return [h("p", {}, `The feed is broken: ${BREAKAGES[site.broken]}.`), mend];
  }

  #whole(site) {
    const options = site.breakages.map((each) => h("option", { value: each }, BREAKAGES[each]));
    const how = h("select", { id: "breakage" }, options);
    return [
      h("label", { for: "breakage" }, "The feed is"),
      how,
      button("Break the feed", () => this.#act("break", { how: how.value }), { class: "key secondary" }),
    ];
  }

  #botLines(bot) {
    const state = bot.connected ? "Online" : bot.running ? "Running, not connected" : "Not running";
    const key = bot.running
      ? button("Kill the bot", () => this.#act("bot", { what: "kill" }), { class: "key danger" })
      : button("Start the bot", () => this.#act("bot", { what: "start" }), { class: "key success" });
    return [h("p", { class: bot.connected ? "good" : "bad" }, state), h("div", { class: "row" }, key)];
  }

  #troubleLines({ outage, faults, may_write: mayWrite }) {
    const key = (what, label, kind) => button(label, () => this.#act("fault", { what }), { class: `key ${kind}` });
    const planned = faults.map((fault) => PLANNED[fault.status || fault.action] ?? fault.action).join(", ");
    const idle = planned ? `Planned: ${planned}.` : "No trouble is planned.";
    return [
      h(
        "div",
        { class: "row" },
        TROUBLE.map(([what, label, detail]) => key(what, `${label} ${detail}`, "secondary")),
        mayWrite
          ? key("forbid", "Forbid the bot to write in #news", "secondary")
          : key("permit", "Allow the bot to write in #news again", "success"),
        outage ? null : key("outage", "Discord is down", "danger"),
        outage || faults.length ? key("recover", "End the trouble", "success") : null,
      ),
      h("p", { class: "subtext" }, outage ? "Discord is down for the bot." : idle),
    ];
  }
}

// Draw anew only what has changed, so that no key vanishes under a finger, and give the focus back.
function keep(node, state, draw) {
  const key = JSON.stringify(state);
  if (node.dataset.key === key) return;
  const hadFocus = node.contains(document.activeElement);
  node.dataset.key = key;
  node.replaceChildren(...draw());
  if (hadFocus) node.querySelector("button, a, select, pre")?.focus({ preventScroll: true });
}

function wayLines(way) {
  const said = [h("code", {}, way.address)];
  if (way.key) said.push(" with the key ", h("code", {}, way.key));
  return [h("dt", {}, way.name), h("dd", {}, said)];
}

function requestLines(state) {
  const how = state.checked
    ? "The newest first. The demo checks each against Discord's own specification."
    : "The newest first. The sandbox checks each by its own rules. With Discord's own specification (openapi.json of " +
      "github.com/discord/discord-api-spec) beside the Makefile as discord-openapi.json, each is checked against that.";
  return [
    h("p", { class: "subtext" }, how),
    ...state.violations.map((violation) => h("p", { class: "bad" }, violation)),
    h("ol", { class: "requests" }, state.requests.map(requestLine)),
  ];
}

function requestLine(request) {
  const isRefused = request.status >= 400 || request.status === 0;
  const path = request.path.replace(/(interactions\/\d+|webhooks\/\d+)\/[^/]+/, "$1/…");
  const verdict = request.verdict === "unchecked" ? (isRefused ? "" : "accepted") : request.verdict;
  const time = new Date(request.at * 1000).toLocaleTimeString();
  return h(
    "li",
    { class: isRefused ? "bad" : "" },
    h("code", {}, `${request.method} ${path}`),
    [` ${request.status || "no answer"}`, request.struck && "trouble", verdict, time].filter(Boolean).join(" · "),
    request.refusal ? h("small", {}, ` ${request.refusal}`) : null,
  );
}
