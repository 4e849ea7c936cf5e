// The page as a whole: who one acts as, which channel is open, and what is told by the server.

import { closeChooser } from "./chooser.js";
import { Composer } from "./composer.js";
import { byId, h } from "./dom.js";
import { openForm } from "./forms.js";
import { drawForum } from "./forum.js";
import { Line } from "./line.js";
import { closeMenu } from "./menu.js";
import { FAILED, Messages, plain } from "./messages.js";
import { keepRelative } from "./moments.js";
import { Panel } from "./panel.js";
import { drawSide } from "./side.js";

const FORUM = 15;
const TOAST_MS = 8000;
const UNKNOWN = { name: "unknown", bot: false, color: 0 };

const app = {
  line: new Line(),
  server: null,
  channelId: null,
  unread: new Set(),

  user: (id, given) => app.server.users[id] ?? (given ? { name: given.global_name ?? given.username, bot: given.bot, color: 0 } : UNKNOWN),
  role: (id) => app.server.roles[id] ?? UNKNOWN,
  channel: (id) => [...app.server.channels, ...app.server.threads, ...app.server.directs].find((one) => one.id === id),
  called: (channel) => (app.server.directs.includes(channel) ? `@${channel.name}` : app.server.threads.includes(channel) ? `“${channel.name}”` : `#${channel.name}`),
  get myRoles() {
    return app.server.my_roles;
  },

  // The address under which the page may load what is served on this machine; null for all else.
  nearby(address) {
    if (address.startsWith(`${app.server.origin}/`)) return address.slice(app.server.origin.length);
    return app.server.site && address.startsWith(`${app.server.site}/`) ? address : null;
  },

  // Do something that the bot has to answer; throws a sentence where it does not.
  async interact(what, given) {
    const outcome = await app.line.ask(what, given);
    if (outcome.failed) throw new Error(FAILED);
    if (outcome.form) openForm(app, outcome.form);
  },

  toast(sentence) {
    const toast = h("p", {}, sentence);
    byId("toasts").append(toast);
    setTimeout(() => toast.remove(), TOAST_MS);
  },

  async go(id) {
    const channel = app.channel(id) ?? (await arrived(id));
    if (!channel) return;
    app.channelId = channel.id;
    if (location.hash !== `#${channel.id}`) history.pushState(null, "", `#${channel.id}`);
    app.unread.delete(channel.id);
    closeDrawers();
    const isForum = channel.type === FORUM;
    byId("messages").hidden = isForum;
    byId("posts").hidden = !isForum;
    if (isForum) app.messages.clear();
    else {
      try {
        const { messages, is_all: isAll } = await app.line.ask("open", { channel: channel.id });
        if (app.channelId !== channel.id) return;
        app.messages.show(channel.id, messages, isAll);
      } catch (error) {
        app.toast(error.message);
        return;
      }
    }
    app.composer.show(channel);
    drawAll();
  },
};

// A thread that was just opened may be told of a moment after its address is known.
async function arrived(id) {
  for (let tries = 0; tries < 20 && !app.channel(id); tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  return app.channel(id);
}

function drawAll() {
  const channel = app.channel(app.channelId);
  const parent = channel?.parent_id && app.channel(channel.parent_id);
  byId("place").replaceChildren(
    ...(parent && app.server.threads.includes(channel) ? [h("a", { href: `#${parent.id}` }, `#${parent.name}`), " › ", channel.name] : [channel ? app.called(channel) : ""]),
  );
  byId("topic").textContent = channel?.topic ?? "";
  document.title = channel ? `${app.called(channel)} · Pressroom's demo` : "Pressroom's demo";
  drawSide(app);
  if (channel?.type === FORUM) drawForum(app, channel);
  drawActor();
}

function drawActor() {
  const actor = byId("actor");
  const key = JSON.stringify(app.server.people);
  if (actor.dataset.key !== key) {
    actor.dataset.key = key;
    actor.replaceChildren(...app.server.people.map((person) => h("option", { value: person.id }, `${person.name} (${person.about})`)));
  }
  actor.value = app.server.me;
}

function take(server) {
  const before = app.server;
  app.server = server;
  const channel = app.channel(app.channelId);
  if (!channel) {
    app.go((app.server.channels.find((one) => one.type !== FORUM) ?? app.server.channels[0])?.id);
    return;
  }
  drawAll();
  app.composer.refresh(channel);
  if (before && JSON.stringify([before.users, before.roles, before.threads]) !== JSON.stringify([server.users, server.roles, server.threads])) app.messages.redraw();
}

async function become(person) {
  const { server, panel, notice } = await app.line.ask("act_as", { person });
  app.server = server;
  sessionStorage.setItem("person", server.me);
  app.panel.show(panel);
  drawNotice(notice);
  const wanted = location.hash.slice(1) || app.channelId;
  const fallback = app.server.channels.find((one) => one.type !== FORUM)?.id;
  await app.go(app.channel(wanted) ? wanted : fallback);
}

function drawNotice(sentence) {
  byId("notice").textContent = sentence;
  byId("notice").hidden = !sentence;
}

// what the server tells

const { line } = app;
line.addEventListener("open", async () => {
  try {
    await become(sessionStorage.getItem("person"));
    byId("offline").hidden = true;
    document.body.dataset.ready = "yes";
  } catch (error) {
    app.toast(error.message);
  }
});
line.addEventListener("lost", () => {
  byId("offline").hidden = false;
  delete document.body.dataset.ready;
});
line.addEventListener("server", ({ detail }) => take(detail.server));
line.addEventListener("panel", ({ detail }) => app.panel.show(detail.panel));
line.addEventListener("notice", ({ detail }) => drawNotice(detail.sentence));
line.addEventListener("gone", ({ detail }) => detail.channel === app.channelId && app.messages.drop(detail.id));
line.addEventListener("message", ({ detail }) => {
  const { channel, view, new: isNew } = detail;
  if (channel === app.channelId) app.messages.put(view, isNew);
  else if (isNew && view.message.author.id !== app.server.me && app.channel(channel)) {
    app.unread.add(channel);
    drawSide(app);
  }
  if (isNew && view.message.author.id !== app.server.me && app.channel(channel)) {
    const words = plain(view.message).slice(0, 120);
    byId("spoken").textContent = `${app.user(view.message.author.id, view.message.author).name} in ${app.called(app.channel(channel))}: ${words}`;
  }
});

// what a person does to the page

byId("actor").addEventListener("change", async ({ target }) => {
  try {
    await become(target.value);
  } catch (error) {
    app.toast(error.message);
  }
});
addEventListener("hashchange", () => app.server && location.hash.slice(1) !== app.channelId && app.go(location.hash.slice(1)));
addEventListener("popstate", () => app.server && location.hash.slice(1) && location.hash.slice(1) !== app.channelId && app.go(location.hash.slice(1)));

function closeDrawers() {
  for (const name of ["side", "panel"]) toggleDrawer(name, false);
}

function toggleDrawer(name, isOpen) {
  byId(name).classList.toggle("open", isOpen);
  byId(name === "side" ? "show-channels" : "show-panel").setAttribute("aria-expanded", String(isOpen));
}

for (const [key, name] of [["show-channels", "side"], ["show-panel", "panel"]]) {
  byId(key).addEventListener("click", () => {
    const isOpen = !byId(name).classList.contains("open");
    closeDrawers();
    toggleDrawer(name, isOpen);
    if (isOpen) byId(name).querySelector("a, button, summary")?.focus();
  });
}
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  closeMenu();
  closeChooser();
  closeDrawers();
});

const themes = { light: "Light", dark: "Dark", "": "Light or dark" };
function drawTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = themes[theme];
}
drawTheme(localStorage.getItem("theme") ?? "");
byId("theme").addEventListener("click", () => {
  const names = ["", "light", "dark"];
  const next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
  localStorage.setItem("theme", next);
  drawTheme(next);
});

app.messages = new Messages(app);
app.composer = new Composer(app);
app.panel = new Panel(app);
keepRelative();
line.open();
