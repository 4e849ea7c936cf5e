// The page as a whole: who one acts as, which channel is open, and what is told by the server.

import { closeChooser } from "./chooser.js";
import { Composer } from "./composer.js";
import { button, byId, h } from "./dom.js";
import { FAILED } from "./failures.js";
import { closeForms, openForm } from "./forms.js";
import { drawForum } from "./forum.js";
import { Line } from "./line.js";
import { closeMenu } from "./menu.js";
import { Messages } from "./messages.js";
import { keepRelative } from "./moments.js";
import { Panel } from "./panel.js";
import { drawSide } from "./side.js";
import { plain } from "./words.js";

const FORUM = 15;
const TOAST_MS = 8000;
const UNKNOWN = { name: "unknown", bot: false, color: 0 };

const app = {
  line: new Line(),
  server: null,
  channelId: null,
  unread: new Set(),

  user: (id, given) => app.server.users[id] ?? (given ? named(given) : UNKNOWN),
  role: (id) => app.server.roles[id] ?? UNKNOWN,
  channel: (id) => places().find((one) => one.id === id),
  called(channel) {
    if (app.server.directs.includes(channel)) return `@${channel.name}`;
    return app.server.threads.includes(channel) ? `“${channel.name}”` : `#${channel.name}`;
  },

  // The address under which the page may load what is served on this machine; null for all else.
  nearby(address) {
    if (address.startsWith(`${app.server.origin}/`)) return address.slice(app.server.origin.length);
    return app.server.site && address.startsWith(`${app.server.site}/`) ? address : null;
  },

  // Do something that the bot has to answer; throws a sentence where it does not.
  async interact(what, given) {
    const { me } = app.server;
    const outcome = await app.line.ask(what, given);
    if (me !== app.server.me) return; // who asked is not here any more
    if (outcome.failed) throw new Error(FAILED);
    if (outcome.form) openForm(app, outcome.form);
  },

  toast(sentence) {
    const toast = h("p", {}, sentence);
    byId("toasts").append(toast);
    setTimeout(() => toast.remove(), TOAST_MS);
  },

  // Open a channel, at its end. `isBack`: the line was cut, and what is being written stays.
  async go(id, { isBack = false } = {}) {
    const channel = app.channel(id) ?? (await arrived(id));
    if (!channel) return;
    const isFirst = app.channelId === null;
    app.channelId = channel.id;
    if (location.hash !== `#${channel.id}`) history[isFirst ? "replaceState" : "pushState"](null, "", `#${channel.id}`);
    app.unread.delete(channel.id);
    closeDrawers();
    const isForum = channel.type === FORUM;
    byId("messages").hidden = isForum;
    byId("posts").hidden = !isForum;
    if (isForum) app.messages.clear();
    else if (!(await shown(channel))) return;
    if (isBack) app.composer.refresh(channel);
    else app.composer.show(channel);
    drawAll();
  },
};

const named = (user) => ({ name: user.global_name ?? user.username, bot: user.bot, color: 0 });
const places = () => [...app.server.channels, ...app.server.threads, ...app.server.directs];

// Whether the channel is still the one that is wanted, with its messages in the page.
async function shown(channel) {
  try {
    const { messages, is_all: isAll } = await app.line.ask("open", { channel: channel.id });
    if (app.channelId !== channel.id) return false;
    app.messages.show(channel.id, messages, isAll);
    return true;
  } catch (error) {
    app.toast(error.message);
    return false;
  }
}

// A thread that was just opened may be told of a moment after its address is known.
async function arrived(id) {
  for (let tries = 0; tries < 20 && !app.channel(id); tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  return app.channel(id);
}

function drawAll() {
  const channel = app.channel(app.channelId);
  const parent = channel?.parent_id && app.server.threads.includes(channel) ? app.channel(channel.parent_id) : null;
  const name = channel ? app.called(channel) : "";
  byId("place").replaceChildren(
    ...(parent ? [h("a", { href: `#${parent.id}` }, `#${parent.name}`), " › ", channel.name] : [name]),
  );
  byId("topic").textContent = channel?.topic ?? "";
  document.title = name ? `${name} · Pressroom's demo` : "Pressroom's demo";
  drawSide(app);
  if (channel?.type === FORUM) drawForum(app, channel);
  drawActor();
}

function drawActor() {
  const actor = byId("actor");
  const key = JSON.stringify(app.server.people);
  if (actor.dataset.key !== key) {
    actor.dataset.key = key;
    const options = app.server.people.map(({ id, name, about }) => h("option", { value: id }, `${name} (${about})`));
    actor.replaceChildren(...options);
  }
  actor.value = app.server.me;
}

// The server as it is now.
function take(server) {
  const before = app.server;
  app.server = server;
  const channel = app.channel(app.channelId);
  if (!channel) {
    app.go(firstChannel());
    return;
  }
  drawAll();
  app.composer.refresh(channel);
  const looks = ({ users, roles, threads }) => JSON.stringify([users, roles, threads]);
  if (before && looks(before) !== looks(server)) app.messages.redraw();
}

const firstChannel = () => (app.server.channels.find((one) => one.type !== FORUM) ?? app.server.channels[0])?.id;

async function become(person) {
  const before = app.server?.me;
  const { server, panel, notice } = await app.line.ask("act_as", { person });
  app.server = server;
  const isBack = before === server.me;
  if (!isBack) forget();
  sessionStorage.setItem("person", server.me);
  app.panel.show(panel);
  drawNotice(notice);
  const wanted = [location.hash.slice(1), app.channelId].find((id) => id && app.channel(id));
  await app.go(wanted ?? firstChannel(), { isBack: isBack && wanted === app.channelId });
  document.body.dataset.ready = server.me;
}

// Nothing of one person is left to the next.
function forget() {
  closeForms();
  closeMenu();
  app.unread.clear();
  app.messages.forget();
  byId("spoken").textContent = "";
  byId("posts").replaceChildren();
}

function drawNotice(sentence) {
  const notice = byId("notice");
  const close = button("Close", () => (notice.hidden = true), { class: "quiet" });
  if (notice.dataset.sentence !== sentence) notice.hidden = !sentence;
  notice.dataset.sentence = sentence;
  notice.replaceChildren(sentence, " ", close);
}

// what the server tells

const { line } = app;
line.addEventListener("open", async () => {
  try {
    await become(app.server?.me ?? sessionStorage.getItem("person"));
    byId("offline").hidden = true;
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
line.addEventListener("message", ({ detail: { channel, view, new: isNew } }) => {
  if (channel === app.channelId) app.messages.put(view, isNew);
  if (!isNew || view.message.author.id === app.server.me || !app.channel(channel)) return;
  if (channel !== app.channelId) {
    app.unread.add(channel);
    drawSide(app);
  }
  const author = app.user(view.message.author.id, view.message.author).name;
  byId("spoken").textContent = `${author} in ${app.called(app.channel(channel))}: ${plain(view.message).slice(0, 120)}`;
});

// what a person does to the page

byId("actor").addEventListener("change", async ({ target }) => {
  try {
    await become(target.value);
  } catch (error) {
    app.toast(error.message);
  }
});
addEventListener("hashchange", () => {
  const wanted = location.hash.slice(1);
  if (app.server && wanted !== app.channelId && app.channel(wanted)) app.go(wanted);
});
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  app.composer.focus();
});

const DRAWERS = { side: "show-channels", panel: "show-panel" };

function toggleDrawer(name, isOpen) {
  byId(name).classList.toggle("open", isOpen);
  byId(DRAWERS[name]).setAttribute("aria-expanded", String(isOpen));
}

// The button of the drawer that was open, if one was.
function closeDrawers() {
  const open = Object.keys(DRAWERS).find((name) => byId(name).classList.contains("open"));
  for (const name of Object.keys(DRAWERS)) toggleDrawer(name, false);
  return open && byId(DRAWERS[open]);
}

for (const [name, key] of Object.entries(DRAWERS)) {
  byId(key).addEventListener("click", () => {
    const isOpen = !byId(name).classList.contains("open");
    closeDrawers();
    toggleDrawer(name, isOpen);
    if (isOpen) byId(name).querySelector("a, button, summary")?.focus();
  });
}
document.querySelector("main").addEventListener("pointerdown", () => closeDrawers());
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  closeMenu();
  closeChooser();
  closeDrawers()?.focus();
});

const THEMES = { "": "Light or dark", light: "Light", dark: "Dark" };

function drawTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = THEMES[theme];
}
drawTheme(localStorage.getItem("theme") ?? "");
byId("theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  const next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
  localStorage.setItem("theme", next);
  drawTheme(next);
});

app.messages = new Messages(app);
app.composer = new Composer(app);
app.panel = new Panel(app);
keepRelative();
line.open();
