// Channels, their threads, and direct messages.

import { button, byId, h } from "./dom.js";
import { openIntegrations } from "./integrations.js";

const [CATEGORY, ANNOUNCEMENT, FORUM] = [4, 5, 15];
const SIGNS = { [ANNOUNCEMENT]: "»", [FORUM]: "≡" };

export function drawSide(app) {
  const { server, unread, channelId } = app;
  const entry = (channel, sign, kind) =>
    h(
      "a",
      {
        href: `#${channel.id}`,
        class: [kind, unread.has(channel.id) && "unread"].filter(Boolean).join(" "),
        "aria-current": channel.id === channelId ? "page" : undefined,
      },
      h("span", { "aria-hidden": "true" }, sign),
      ` ${channel.name}`,
      unread.has(channel.id) && h("span", { class: "unseen" }, " (new)"),
    );
  const threadsOf = (channel) =>
    server.threads
      .filter((thread) => thread.parent_id === channel.id && !thread.thread_metadata.archived)
      .map((thread) => h("li", {}, entry(thread, "↳", "of-thread")));
  const focused = byId("side").contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.getAttribute("href");
  byId("side").replaceChildren(
    h("h2", {}, server.guild.name),
    server.may_manage
      ? button("Integrations…", () => openIntegrations(app), {
          class: "quiet",
          title: "Server Settings: who can see which command",
        })
      : "",
    h(
      "ul",
      {},
      server.channels
        .filter((channel) => channel.type !== CATEGORY)
        .map((channel) => h("li", {}, entry(channel, SIGNS[channel.type] ?? "#"), h("ul", {}, threadsOf(channel)))),
    ),
    server.directs.length ? h("h2", {}, "Direct messages") : "",
    h(
      "ul",
      {},
      server.directs.map((channel) => h("li", {}, entry(channel, "@"))),
    ),
  );
  // Drawn anew whenever anybody speaks; who walks through it by keyboard stays where they are.
  if (focused)
    byId("side")
      .querySelector(key ? `a[href="${key}"]` : "button")
      ?.focus({ preventScroll: true });
}
