// The menu of a message: by right click, the menu key, or its ⋯ button.

import { h } from "./dom.js";
import { EPHEMERAL } from "./message.js";
import { erase, openThread } from "./rest.js";
import { plain } from "./words.js";

const TALK = [0, 5]; // channels whose messages may carry threads
const LONGEST_NAME = 60;

let open = null;
let asked = 0;

export function closeMenu() {
  open?.remove();
  open = null;
}

export async function openMenu(app, view, article, { x, y, act }) {
  closeMenu();
  const number = ++asked;
  let apps = [];
  if (!(view.message.flags & EPHEMERAL)) {
    try {
      apps = (await app.line.ask("commands", { channel: view.message.channel_id })).menus;
    } catch (error) {
      app.toast(error.message);
      return;
    }
  }
  if (number !== asked || !article.isConnected) return;
  const entries = [
    ...apps.map((name) => ({ label: name, group: "Apps", run: () => act("menu", { name }) })),
    ...entriesFor(app, view.message),
  ];
  show(entries, article, { x, y, complain: (error) => app.toast(error.message) });
}

function entriesFor(app, message) {
  const channel = app.channel(message.channel_id);
  const isShared = channel && !(message.flags & EPHEMERAL);
  const name = plain(message).split("\n")[0].slice(0, LONGEST_NAME) || "Thread";
  return [
    isShared && channel.may.send && { label: "Reply", run: () => app.composer.replyTo(message) },
    isShared &&
      TALK.includes(channel.type) &&
      !message.thread && {
        label: "Start a thread",
        run: async () => app.go((await openThread(app, channel.id, message.id, name)).id),
      },
    isShared &&
      (message.author.id === app.server.me || channel.may.delete) && {
        label: "Delete",
        run: () => erase(app, message.channel_id, message.id),
      },
    { label: "Copy text", run: () => navigator.clipboard.writeText(plain(message)) },
  ].filter(Boolean);
}

function show(entries, article, { x, y, complain }) {
  const close = () => {
    closeMenu();
    article.focus({ preventScroll: true });
  };
  const run = async (entry) => {
    close();
    try {
      await entry.run();
    } catch (error) {
      complain(error);
    }
  };
  const items = entries.map((entry) =>
    h("button", { type: "button", role: "menuitem", onclick: () => run(entry) }, entry.label),
  );
  const grouped = entries.flatMap((entry, index) => {
    const isFirst = entry.group && entries[index - 1]?.group !== entry.group;
    return isFirst ? [h("p", { role: "presentation" }, entry.group), items[index]] : [items[index]];
  });
  const menu = h("div", { class: "menu", role: "menu", "aria-label": "Message menu" }, grouped);
  menu.addEventListener("keydown", (event) => {
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) items[(to + items.length) % items.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.body.append(menu);
  open = menu;
  const box = article.querySelector(".more").getBoundingClientRect();
  const { offsetWidth, offsetHeight } = menu;
  menu.style.left = `${Math.max(4, Math.min(x ?? box.right - offsetWidth, innerWidth - offsetWidth - 4))}px`;
  menu.style.top = `${Math.max(4, Math.min(y ?? box.bottom, innerHeight - offsetHeight - 4))}px`;
  items[0].focus();
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.contains(event.target)) closeMenu();
});
