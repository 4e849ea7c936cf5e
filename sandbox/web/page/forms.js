// The forms (modals) that the bot opens.

import { channels, people, roles } from "./components.js";
import { button, h } from "./dom.js";
import { markdown } from "./markdown.js";
import { upload } from "./rest.js";

let serial = 0;

// Each maker gives {node, value()}; the value may be a promise, and undefined leaves the preset.
const FIELDS = {
  4: (one, id) => {
    const attributes = {
      id,
      required: one.required ?? true,
      minlength: one.min_length || undefined,
      maxlength: one.max_length ?? 4000,
      placeholder: one.placeholder,
    };
    const node =
      one.style === 2 ? h("textarea", { ...attributes, rows: 4 }) : h("input", { ...attributes, type: "text" });
    node.value = one.value ?? "";
    return { node, value: () => node.value };
  },
  3: (one, id) =>
    offered(
      one,
      id,
      one.options.map((option) => ({ ...option, chosen: option.default })),
    ),
  5: (one, id, app) => offered(one, id, people(app)),
  6: (one, id, app) => offered(one, id, roles(app)),
  7: (one, id, app) => offered(one, id, [...people(app), ...roles(app)]),
  8: (one, id, app) => offered(one, id, channels(app, one.channel_types)),
  19: (one, id) => {
    const most = one.max_values ?? 1;
    const node = h("input", { id, type: "file", required: one.required ?? true, multiple: most > 1 });
    return {
      node,
      value: async () => {
        if (!node.files.length) return undefined;
        return { uploads: await Promise.all([...node.files].map(upload)), several: true };
      },
    };
  },
  21: (one, id) => boxes(one, id, "radio", (chosen) => chosen[0]),
  22: (one, id) => boxes(one, id, "checkbox", (chosen) => chosen),
  23: (one, id) => {
    const node = h("input", { id, type: "checkbox" });
    node.checked = Boolean(one.default);
    return { node, value: () => node.checked };
  },
};

function offered(one, id, options) {
  const most = one.max_values ?? 1;
  const isRequired = one.required ?? true;
  if (most > 1) return boxes({ ...one, options, required: isRequired }, id, "checkbox", (chosen) => chosen);
  const node = h(
    "select",
    { id, required: isRequired },
    h("option", { value: "" }, one.placeholder || "Choose…"),
    options.map((option) => h("option", { value: option.value, selected: option.chosen }, option.label)),
  );
  return { node, value: () => (node.value ? [node.value] : []) };
}

function boxes(one, id, type, read) {
  const inputs = one.options.map((option, index) => {
    const input = h("input", {
      type,
      name: id,
      value: option.value,
      id: index ? `${id}-${index}` : id,
      required: type === "radio" && (one.required ?? true),
    });
    input.checked = Boolean(option.default ?? option.chosen);
    return input;
  });
  const node = h(
    "div",
    { class: "boxes", role: type === "radio" ? "radiogroup" : "group" },
    inputs.map((input, index) =>
      h(
        "label",
        {},
        input,
        h(
          "span",
          {},
          one.options[index].label,
          one.options[index].description && h("small", {}, one.options[index].description),
        ),
      ),
    ),
  );
  return { node, value: () => read(inputs.filter((input) => input.checked).map((input) => input.value)) };
}

function field(label, description, one, app) {
  const id = `field-${++serial}`;
  const made = FIELDS[one.type]?.(one, id, app);
  if (!made) {
    return {
      custom_id: one.custom_id,
      value: () => undefined,
      node: h("p", { class: "unknown" }, `Field of type ${one.type}, which this page cannot show: ${label}`),
    };
  }
  const isGroup = made.node.classList.contains("boxes");
  if (isGroup) made.node.setAttribute("aria-label", label);
  const optional = one.required === false ? h("small", {}, " (optional)") : null;
  const node = h(
    "div",
    { class: "field" },
    h(isGroup ? "p" : "label", { class: "name", for: isGroup ? undefined : id }, label, optional),
    description && h("small", {}, description),
    made.node,
  );
  return { custom_id: one.custom_id, value: made.value, node };
}

function fieldsOf(components, app) {
  return components.flatMap((one) => {
    if (one.type === 18) return [field(one.label, one.description, one.component, app)];
    if (one.type === 1) return one.components.map((inner) => field(inner.label ?? inner.custom_id, null, inner, app));
    if (one.type === 10) return [{ node: h("div", { class: "text" }, markdown(one.content, app)) }];
    return [{ node: h("p", { class: "unknown" }, `Part of type ${one.type}, which this page cannot show`) }];
  });
}

// A form belongs to whoever it was opened for.
export function closeForms() {
  for (const dialog of document.querySelectorAll("dialog.form")) dialog.close();
}

export function openForm(app, form) {
  const fields = fieldsOf(form.components, app);
  const problem = h("p", { class: "failure", role: "alert" });
  const send = h("button", { type: "submit", class: "key primary" }, "Send");
  const title = `form-title-${++serial}`;
  const dialog = h(
    "dialog",
    { class: "form", "aria-labelledby": title },
    h(
      "form",
      { method: "dialog", onsubmit: submit },
      h("h2", { id: title }, form.title),
      fields.map((one) => one.node),
      problem,
      h(
        "div",
        { class: "row" },
        button("Cancel", () => dialog.close(), { class: "key secondary" }),
        send,
      ),
    ),
  );
  const before = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before?.isConnected) before.focus({ preventScroll: true });
  });

  async function submit(event) {
    event.preventDefault();
    send.disabled = true;
    problem.textContent = "";
    try {
      const values = {};
      for (const one of fields) {
        const value = one.value ? await one.value() : undefined;
        if (value !== undefined) values[one.custom_id] = value;
      }
      await app.interact("submit", { form: form.id, values });
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
      send.disabled = false;
    }
  }

  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("input, textarea, select")?.focus();
}
