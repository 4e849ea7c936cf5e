// What stands in a message: Components V2 and the older rows, embeds, native polls, files.

import { chooser } from "./chooser.js";
import { button, colorOf, h } from "./dom.js";
import { link, markdown } from "./markdown.js";
import { moment } from "./moments.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger" };

const PARTS = {
  1: (one, at) => h("div", { class: "row" }, all(one.components, at)),
  2: pressable,
  3: (one, at) =>
    select(
      one,
      at,
      one.options.map((option) => ({ ...option, chosen: option.default })),
    ),
  5: (one, at) => select(one, at, people(at.app)),
  6: (one, at) => select(one, at, roles(at.app)),
  7: (one, at) => select(one, at, [...people(at.app), ...roles(at.app)]),
  8: (one, at) => select(one, at, channels(at.app, one.channel_types)),
  9: (one, at) => h("div", { class: "section" }, h("div", {}, all(one.components, at)), component(one.accessory, at)),
  10: (one, at) => h("div", { class: "text" }, markdown(one.content, at.app)),
  11: (one, at) => h("div", { class: "thumbnail" }, picture(one.media.url, one.description, one.spoiler, at.app)),
  12: (one, at) =>
    h(
      "div",
      { class: "gallery" },
      one.items.map((item) => picture(item.media.url, item.description, item.spoiler, at.app)),
    ),
  13: (one, at) => covered(one.spoiler, file({ filename: one.name, size: one.size, url: one.file.url }, at.app)),
  14: (one) =>
    one.divider === false ? h("div", { class: "gap" }) : h("hr", { class: one.spacing === 2 ? "wide" : "" }),
  17: (one, at) =>
    covered(
      one.spoiler,
      h(
        "div",
        { class: "container", style: one.accent_color === null ? {} : { "--accent": colorOf(one.accent_color) } },
        all(one.components, at),
      ),
    ),
};

// `at` says where it stands: {app, act(what, given, element)}.
export function all(components, at) {
  return (components ?? []).map((one) => component(one, at));
}

function component(one, at) {
  if (!one) throw new Error("a part is missing");
  try {
    return PARTS[one.type](one, at);
  } catch {
    // A kind that is newer than this page, or one with something missing: shown as what it is, never as nothing.
    return unknown(`This page cannot show a component of type ${one.type}`, one);
  }
}

export function unknown(sentence, thing) {
  return h("details", { class: "unknown" }, h("summary", {}, sentence), h("pre", {}, JSON.stringify(thing, null, 2)));
}

function covered(isSpoiler, node) {
  if (!isSpoiler) return node;
  const cover = button(h("span", { class: "cover" }, "Spoiler, press to show"), () => cover.replaceWith(node), {
    class: "spoiler picture",
  });
  return cover;
}

function pressable(one, at) {
  const label = [one.emoji?.name, one.label].filter(Boolean).join(" ");
  if (one.style === 5) {
    const made = link(one.url, [label, h("span", { "aria-hidden": "true" }, " ↗")]);
    made.className = "key link";
    return made;
  }
  const key = button(label, () => at.act("press", { custom_id: one.custom_id }, key), {
    class: `key ${STYLES[one.style] ?? "secondary"}`,
    disabled: one.disabled,
    data: { customId: one.custom_id ?? "" },
  });
  return key;
}

function select(one, at, options) {
  const made = chooser({
    placeholder: one.placeholder || "Choose…",
    options,
    least: one.min_values ?? 1,
    most: one.max_values ?? 1,
    disabled: one.disabled,
    customId: one.custom_id,
    onchoose: (values) => at.act("choose", { custom_id: one.custom_id, values }, made),
  });
  return made;
}

export const people = (app) =>
  app.server.people.map((person) => ({ value: person.id, label: person.name, description: person.about }));
export const roles = (app) =>
  Object.entries(app.server.roles).map(([value, role]) => ({ value, label: `@${role.name}` }));
export const channels = (app, kinds) =>
  [...app.server.channels, ...app.server.threads]
    .filter((channel) => !kinds?.length || kinds.includes(channel.type))
    .map((channel) => ({ value: channel.id, label: `#${channel.name}` }));

// Only what this machine serves is loaded: Discord has a proxy between its readers and other hosts, the page asks nobody.
function picture(address, description, isSpoiler, app) {
  const near = app.nearby(address);
  const text = description ?? "";
  if (near === null) {
    return h(
      "p",
      { class: "far" },
      `[Picture${text ? `: ${text}` : ""}, at ${address}, not loaded: it is not on this machine]`,
    );
  }
  const image = h("img", { src: near, alt: text, loading: "lazy" });
  image.addEventListener("error", () =>
    image.replaceWith(h("p", { class: "far" }, `[Picture${text ? `: ${text}` : ""}, could not be loaded]`)),
  );
  return covered(isSpoiler, image);
}

export function file(one, app) {
  const near = app.nearby(one.url);
  const size = one.size === null || one.size === undefined ? "" : ` · ${Math.ceil(one.size / 1024)} kB`;
  const name = one.filename ?? "file";
  return h("p", { class: "file" }, near === null ? name : h("a", { href: near, download: name }, name), size);
}

export function attachment(one, app) {
  if (!(one.content_type ?? "").startsWith("image/")) return file(one, app);
  return picture(one.url, one.description ?? one.filename, one.filename.startsWith("SPOILER_"), app);
}

export function embed(one, app) {
  const text = (value) => markdown(value, app);
  return h(
    "div",
    { class: "embed", style: one.color === undefined || one.color === null ? {} : { "--accent": colorOf(one.color) } },
    one.author &&
      h("p", { class: "subtext" }, one.author.url ? link(one.author.url, one.author.name) : one.author.name),
    one.title && h("p", { class: "embed-title" }, one.url ? link(one.url, one.title) : one.title),
    one.description && h("div", { class: "text" }, text(one.description)),
    one.fields &&
      h(
        "dl",
        {},
        one.fields.map((field) =>
          h(
            "div",
            { class: field.inline ? "inline" : "" },
            h("dt", {}, text(field.name)),
            h("dd", {}, text(field.value)),
          ),
        ),
      ),
    one.image && picture(one.image.url, "", false, app),
    one.thumbnail && h("div", { class: "thumbnail" }, picture(one.thumbnail.url, "", false, app)),
    (one.footer || one.timestamp) &&
      h(
        "p",
        { class: "subtext" },
        one.footer?.text,
        one.footer && one.timestamp && " · ",
        one.timestamp && moment(Date.parse(one.timestamp)),
      ),
  );
}

const answerOf = ({ poll_media: media }) => [media.emoji?.name, media.text].filter(Boolean).join(" ");

export function poll(one) {
  const counts = new Map((one.results?.answer_counts ?? []).map((each) => [each.id, each.count]));
  return h(
    "div",
    { class: "container poll" },
    h("p", { class: "embed-title" }, one.question.text),
    h(
      "ul",
      {},
      one.answers.map((answer) => h("li", {}, `${answerOf(answer)}: ${counts.get(answer.answer_id) ?? 0}`)),
    ),
    h(
      "p",
      { class: "subtext" },
      "Discord's own poll; votes in it are not simulated here. Ends ",
      moment(Date.parse(one.expiry), "R"),
    ),
  );
}
