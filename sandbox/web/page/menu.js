// The menu of a message: by right click, the menu key, or its ⋯ button.

import { h } from "./dom.js";
import { plain } from "./messages.js";
import { erase, openThread } from "./rest.js";

const EPHEMERAL = 64;
const TALK = [0, 5]; // channels whose messages may carry threads

let open = null;

export function closeMenu() {
  open?.remove();
  open = null;
}

export async function openMenu(app, view, article, { x, y, act }) {
  closeMenu();
  const { message } = view;
  const channel = app.channel(message.channel_id);
  const entries = [];
  if (!(message.flags & EPHEMERAL)) {
    try {
      const { menus } = await app.line.ask("commands", { channel: message.channel_id });
      entries.push(...menus.map((name) => ({ label: name, group: "Apps", run: () => act("menu", { name }) })));
    } catch (error) {
      app.toast(error.message);
      return;
    }
    if (channel?.may.send) entries.push({ label: "Reply", run: () => app.composer.replyTo(message) });
    if (TALK.includes(channel?.type) && !message.thread) {
      entries.push({
        label: "Start a thread",
        run: () => openThread(app, channel.id, message.id, plain(message).slice(0, 60) || "Thread").then((thread) => app.go(thread.id)),
      });
    }
    if (message.author.id === app.server.me || channel?.may.delete) {
      entries.push({ label: "Delete", run: () => erase(app, message.channel_id, message.id) });
    }
  }
  entries.push({ label: "Copy text", run: () => navigator.clipboard.writeText(plain(message)) });

  const close = (focusBack) => {
    closeMenu();
    if (focusBack) article.focus({ preventScroll: true });
  };
  const run = async (entry) => {
    close(true);
    try {
      await entry.run();
    } catch (error) {
      app.toast(error.message);
    }
  };
  const items = entries.map((entry) => h("button", { type: "button", role: "menuitem", onclick: () => run(entry) }, entry.label));
  const grouped = entries.flatMap((entry, index) =>
    entry.group && entries[index - 1]?.group !== entry.group ? [h("p", { role: "presentation" }, entry.group), items[index]] : [items[index]],
  );
  const menu = h("div", { class: "menu", role: "menu", "aria-label": "Message menu", onkeydown: pressed }, grouped);
  function pressed(event) {
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) items[(to + items.length) % items.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
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
