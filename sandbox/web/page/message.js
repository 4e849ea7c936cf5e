// One message: who, what, and what hangs on it.

import { all, attachment, embed, poll, unknown } from "./components.js";
import { button, colorOf, h } from "./dom.js";
import { markdown } from "./markdown.js";
import { moment } from "./moments.js";
import { plain } from "./words.js";

export const EPHEMERAL = 64;
const [CROSSPOSTED, NO_EMBEDS, LOADING, COMPONENTS_V2] = [1, 4, 128, 1 << 15];
const [PINNED, JOINED, THREAD_CREATED, REPLY, COMMAND, MENU] = [6, 7, 18, 19, 20, 23];
const CALLS = { [JOINED]: "joined the server.", [THREAD_CREATED]: "started a thread:", [PINNED]: "pinned a message." };

// `doing` says what can be done with it: act(view, what, given, element), menu(article), dismiss(message).
export function drawMessage(app, view, failure, doing) {
  // The first line of a thread is the message it was opened on, with its own author and time.
  const shown = view.starter ?? view;
  const { message } = shown;
  const author = app.user(message.author.id, message.author);
  const classes = ["message", isForMe(app, message) && "pinged", message.flags & EPHEMERAL && "ephemeral"];
  return h(
    "article",
    {
      class: classes.filter(Boolean).join(" "),
      tabindex: -1,
      "aria-label": `${author.name}, message`,
      data: { id: view.message.id },
    },
    lead(app, shown),
    h("span", { class: "face", "aria-hidden": "true", style: { "--face": face(message.author.id) } }, author.name[0]),
    h(
      "div",
      { class: "body" },
      h(
        "p",
        { class: "head" },
        h("b", { style: author.color ? { "--name": colorOf(author.color) } : {} }, author.name),
        author.bot && h("span", { class: "tag" }, isWebhook(app, message) ? "WEBHOOK" : "APP"),
        moment(Date.parse(message.timestamp), "f"),
      ),
      h("div", { class: view.starter ? "starter" : "said" }, guarded(app, shown, view, doing)),
      foot(app, view, failure, doing),
    ),
    button("⋯", (event) => doing.menu(event.currentTarget.closest("article")), {
      class: "more",
      "aria-label": `More for this message by ${author.name}`,
      "aria-haspopup": "menu",
    }),
  );
}

function isForMe(app, message) {
  return (
    message.mentions.some((user) => user.id === app.server.me) ||
    message.mention_everyone ||
    message.mention_roles.some((role) => app.server.my_roles.includes(role))
  );
}

const isWebhook = (app, message) => message.webhook_id && message.webhook_id !== app.server.bot;

function lead(app, { message, asked }) {
  if (asked) return h("p", { class: "lead" }, `${app.user(asked.by).name} used `, h("b", {}, asked.name));
  if ([COMMAND, MENU].includes(message.type) && message.interaction_metadata) {
    return h("p", { class: "lead" }, `${app.user(message.interaction_metadata.user.id).name} used a command`);
  }
  if (message.type !== REPLY || !message.message_reference) return null;
  const target = message.referenced_message;
  if (!target && message.flags & EPHEMERAL) return null;
  if (!target) return h("p", { class: "lead" }, "Answers a deleted message");
  const words = plain(target).split("\n")[0].slice(0, 80);
  return h(
    "p",
    { class: "lead" },
    `Answers ${app.user(target.author.id, target.author).name}${words ? `: ${words}` : ""}`,
  );
}

// One message that cannot be drawn must not take the others with it.
function guarded(app, shown, view, doing) {
  try {
    return content(app, shown, { app, act: (...given) => doing.act(view, shown, ...given) });
  } catch {
    return unknown("A message that this page cannot show", shown.message);
  }
}

function content(app, { message }, at) {
  if (message.flags & LOADING) {
    return h("p", { class: "thinking" }, `${app.user(message.author.id, message.author).name} is thinking…`);
  }
  if (CALLS[message.type]) return h("p", { class: "call" }, `${CALLS[message.type]} `, h("b", {}, message.content));
  const shown = [
    message.content && h("div", { class: "text" }, markdown(message.content, app)),
    ...(message.flags & NO_EMBEDS ? [] : message.embeds.map((one) => embed(one, app))),
    message.poll && poll(message.poll),
    ...(message.flags & COMPONENTS_V2 ? [] : message.attachments.map((one) => attachment(one, app))),
    ...all(message.components, at),
  ].filter(Boolean);
  if (shown.length) return shown;
  return unknown(`A message of type ${message.type}, which this page cannot show`, message);
}

function foot(app, view, failure, doing) {
  const { message } = view;
  const isInside = message.thread?.id === message.channel_id; // the first message of a forum post
  const thread = message.thread && !isInside && app.channel(message.thread.id);
  const count = message.thread?.message_count ?? 0;
  const edited = message.edited_timestamp && new Date(message.edited_timestamp).toLocaleString();
  return [
    edited && h("p", { class: "subtext edited", title: edited }, "(edited)"),
    message.flags & CROSSPOSTED ? h("p", { class: "subtext" }, "Published to the following channels") : null,
    thread &&
      h(
        "a",
        { class: "thread", href: `#${thread.id}` },
        h("b", {}, thread.name),
        count ? ` · ${count} message${count === 1 ? "" : "s"} ›` : " · see the thread ›",
      ),
    failure && h("p", { class: "failure", role: "status" }, failure),
    message.flags & EPHEMERAL
      ? h(
          "p",
          { class: "subtext" },
          "Only you can see this · ",
          button("Dismiss", () => doing.dismiss(message), { class: "quiet" }),
        )
      : null,
  ];
}

function face(id) {
  return `hsl(${Number(BigInt(id) % 360n)} 45% 42%)`;
}
