// Server Settings → Integrations → the bot: which role can see which command. Administrators decide it, not bots.

import { button, h } from "./dom.js";

const CHOICES = [
  ["", "default of the bot"],
  ["allow", "shown"],
  ["deny", "hidden"],
];

export async function openIntegrations(app) {
  let commands;
  try {
    commands = await app.line.ask("integrations");
  } catch (error) {
    app.toast(error.message);
    return;
  }
  const said = h("p", { class: "subtext", role: "status" }, "Your choice works at once.");
  const dialog = h(
    "dialog",
    { class: "form", "aria-labelledby": "integrations-title", onclose: () => dialog.remove() },
    h("h2", { id: "integrations-title" }, `Integrations: ${app.user(app.server.bot).name}`),
    h("p", { class: "subtext" }, "Administrators can see every command, with any choice here."),
    commands.length ? null : h("p", {}, "No commands here: is the bot running?"),
    commands.map((command) =>
      h(
        "details",
        {},
        h("summary", {}, command.name, summary(command)),
        Object.keys(app.server.roles).map((role) => line(command, role)),
      ),
    ),
    said,
    h(
      "div",
      { class: "row" },
      button("Close", () => dialog.close(), { class: "key secondary" }),
    ),
  );

  function summary(command) {
    const count = Object.keys(command.roles).length;
    return h("small", {}, count ? ` · decided for ${count} role${count === 1 ? "" : "s"}` : "");
  }

  function line(command, role) {
    const id = `permit-${command.name}-${role}`;
    const known = command.roles[role];
    const select = h(
      "select",
      { id, onchange: () => permit(command, role, select) },
      CHOICES.map(([value, label]) => h("option", { value }, label)),
    );
    select.value = known === undefined ? "" : known ? "allow" : "deny";
    return h("p", { class: "permit" }, h("label", { for: id }, `@${app.server.roles[role].name}`), select);
  }

  async function permit(command, role, select) {
    const allowed = { allow: true, deny: false }[select.value] ?? null;
    try {
      await app.line.ask("permit", { command: command.name, role, allowed });
      said.textContent = `${command.name} for @${app.server.roles[role].name}: ${select.selectedOptions[0].text}.`;
    } catch (error) {
      said.textContent = error.message;
    }
  }

  document.body.append(dialog);
  dialog.showModal();
}
