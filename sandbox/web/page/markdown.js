// Discord's Markdown, as nodes. What is no Markdown stays text, markup of any other kind above all.

import { h } from "./dom.js";
import { moment } from "./moments.js";

const DEEPEST = 8;
const LIST = /^( *)([-*]|\d{1,9}\.) +(.*)$/;

export function markdown(text, app) {
  const fragment = document.createDocumentFragment();
  fragment.append(...blocks(text.split("\n"), app));
  return fragment;
}

function* blocks(lines, app) {
  let plain = [];
  const flush = () => {
    const kept = plain;
    plain = [];
    return kept.length ? [h("p", {}, inline(kept.join("\n"), app))] : [];
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at];
    let found;
    if ((found = /^```(.*)$/.exec(line))) {
      const [code, end] = fenced(lines, at, found[1]);
      if (code !== null) {
        yield* flush();
        yield h("pre", {}, h("code", {}, code));
        at = end;
        continue;
      }
    }
    if ((found = /^(#{1,3}) +(\S.*)$/.exec(line))) {
      yield* flush();
      // A level below those of the page itself.
      yield h(`h${found[1].length + 2}`, { class: `heading-${found[1].length}` }, inline(found[2], app));
    } else if ((found = /^-# +(\S.*)$/.exec(line))) {
      yield* flush();
      yield h("p", { class: "subtext" }, inline(found[1], app));
    } else if (line.startsWith(">>> ")) {
      yield* flush();
      yield h("blockquote", {}, [...blocks([line.slice(4), ...lines.slice(at + 1)], app)]);
      return;
    } else if (line.startsWith("> ")) {
      yield* flush();
      const quoted = [];
      while (at < lines.length && lines[at].startsWith("> ")) quoted.push(lines[at++].slice(2));
      at--;
      yield h("blockquote", {}, [...blocks(quoted, app)]);
    } else if (LIST.test(line)) {
      yield* flush();
      const items = [];
      while (at < lines.length && (found = LIST.exec(lines[at]))) {
        items.push({ depth: Math.floor(found[1].length / 2), mark: found[2], text: found[3] });
        at++;
      }
      at--;
      yield* lists(items, app);
    } else {
      plain.push(line);
    }
  }
  yield* flush();
}

function fenced(lines, at, first) {
  if (first.endsWith("```") && first.length > 3) return [first.slice(0, -3), at];
  const end = lines.findIndex((line, index) => index > at && line.trimEnd().endsWith("```"));
  if (end < 0) return [null, at];
  const code = lines.slice(at + 1, end);
  code.push(lines[end].trimEnd().slice(0, -3));
  if (first && !/^\w*$/.test(first)) code.unshift(first);
  return [code.join("\n").replace(/\n$/, ""), end];
}

function* lists(items, app) {
  let at = 0;
  while (at < items.length) {
    const { depth, mark } = items[at];
    const ordered = /\d/.test(mark);
    const list = ordered ? h("ol", { start: Number.parseInt(mark, 10) }) : h("ul");
    while (at < items.length && items[at].depth >= depth) {
      if (items[at].depth === depth) {
        if (/\d/.test(items[at].mark) !== ordered) break;
        list.append(h("li", {}, inline(items[at].text, app)));
        at++;
        continue;
      }
      const inner = [];
      while (at < items.length && items[at].depth > depth) inner.push(items[at++]);
      list.lastElementChild.append(...lists(inner, app));
    }
    yield list;
  }
}

const RULES = [
  [/\\([^\p{L}\p{N}\s])/uy, (found) => found[1]],
  [/(`+)([^]*?[^`])\1(?!`)/y, (found) => h("code", {}, found[2].trim() || found[2])],
  [/<(https?:\/\/[^\s<>]+)>/y, (found) => link(found[1], found[1])],
  [/<@!?(\d+)>/y, (found, app) => mention(`@${app.user(found[1]).name}`, found[1] === app.server.me)],
  [/<@&(\d+)>/y, (found, app) => mention(`@${app.role(found[1]).name}`)],
  [/<#(\d+)>/y, (found, app) => channelLink(found[1], app)],
  [/<\/([^:<>\n]{1,64}):\d+>/y, (found) => mention(`/${found[1]}`)],
  [/<t:(-?\d{1,13})(?::([tTdDfFR]))?>/y, (found) => moment(Number(found[1]) * 1000, found[2])],
  [/<a?:(\w{2,32}):\d+>/y, (found) => `:${found[1]}:`],
  [/@(?:everyone|here)\b/y, (found) => mention(found[0])],
  [/\[((?:\\[^]|[^[\]\\]|\[[^[\]]*\])+)\]\(<?(https?:\/\/[^\s<>()]+(?:\([^\s<>()]*\)[^\s<>()]*)*)>?\)/y, masked],
  [/\*\*((?:\\[^]|[^\\])+?)\*\*(?!\*)/y, wrap("strong")],
  [/__((?:\\[^]|[^\\])+?)__(?!_)/y, wrap("u")],
  [/\*(?![\s*])((?:\\[^]|\*\*[^*]+\*\*|[^*\\])+?)\*(?!\*)/y, wrap("em")],
  [/_(?![\s_])((?:\\[^]|__[^_]+__|[^_\\])+?)_(?![\p{L}\p{N}_])/uy, wrap("em")],
  [/~~([^]+?)~~/y, wrap("s")],
  [/\|\|([^]+?)\|\|/y, spoiler],
  [/https?:\/\/[^\s<>]*[^\s<>.,:;"'!?\])}]/y, (found) => link(found[0], found[0])],
];
// Most of a text is no mark at all; this finds the next place where one may begin.
const MARK = /[\\`<@[*_~|]|https?:\/\//g;

function inline(text, app, depth = 0) {
  const nodes = [];
  let plain = "";
  let at = 0;
  while (at < text.length) {
    MARK.lastIndex = at;
    const next = depth < DEEPEST ? (MARK.exec(text)?.index ?? text.length) : text.length;
    plain += text.slice(at, next);
    at = next;
    if (at >= text.length) break;
    const node = applied(text, at, app, depth);
    if (node === null) {
      plain += text[at++];
      continue;
    }
    if (typeof node.made === "string") plain += node.made;
    else {
      if (plain) nodes.push(...broken(plain));
      plain = "";
      nodes.push(node.made);
    }
    at = node.end;
  }
  if (plain) nodes.push(...broken(plain));
  return nodes;
}

function applied(text, at, app, depth) {
  for (const [rule, make] of RULES) {
    rule.lastIndex = at;
    const found = rule.exec(text);
    // Not `lastIndex`, which the same rule has moved for what stands inside.
    if (found) return { made: make(found, app, depth), end: at + found[0].length };
  }
  return null;
}

function broken(text) {
  return text.split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line]));
}

function wrap(tag) {
  return (found, app, depth) => h(tag, {}, inline(found[1], app, depth + 1));
}

function masked(found, app, depth) {
  return link(found[2], inline(found[1], app, depth + 1));
}

const MESSAGE_LINK = /^https:\/\/discord\.com\/channels\/\d+\/(\d+)(?:\/\d+)?$/;

export function link(address, shown) {
  // Discord's own links to channels and messages lead to them here.
  const inside = MESSAGE_LINK.exec(address);
  if (inside) return h("a", { href: `#${inside[1]}`, title: address }, shown);
  if (!/^https?:\/\//i.test(address)) return h("span", {}, shown);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer", title: address }, shown);
}

function mention(name, isMe = false) {
  return h("span", { class: isMe ? "mention me" : "mention" }, name);
}

function channelLink(id, app) {
  const found = app.channel(id);
  if (!found) return mention("#unknown");
  return h("a", { class: "mention", href: `#${id}` }, `#${found.name}`);
}

function spoiler(found, app, depth) {
  const inside = h("span", {}, inline(found[1], app, depth + 1));
  const cover = h("button", { type: "button", class: "spoiler", "aria-label": "Spoiler, press to show" }, inside);
  inside.inert = true;
  cover.addEventListener("click", () => cover.replaceWith(inside), { once: true });
  cover.addEventListener("click", () => (inside.inert = false), { once: true });
  return cover;
}
