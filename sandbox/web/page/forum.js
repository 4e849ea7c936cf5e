// A forum: its posts, and a form for a new one.

import { button, byId, h, inOrder } from "./dom.js";
import { moment } from "./moments.js";
import { post } from "./rest.js";

const EPOCH = 1_420_070_400_000n;
const bornAt = (id) => Number((BigInt(id) >> 22n) + EPOCH);

export function drawForum(app, forum) {
  const tags = new Map(forum.available_tags.map((tag) => [tag.id, tag.name]));
  const posts = app.server.threads
    .filter((thread) => thread.parent_id === forum.id)
    .sort((one, other) => inOrder(other.id, one.id));
  const root = byId("posts");
  const form = forum.may.post ? newPost(app, forum) : null;
  root.replaceChildren(
    ...[
      form,
      posts.length ? null : h("p", {}, "No posts yet."),
      ...posts.map((thread) =>
        h(
          "a",
          { class: "post", href: `#${thread.id}` },
          h("b", {}, thread.name),
          (thread.applied_tags ?? []).map((id) => h("span", { class: "tag" }, tags.get(id) ?? "?")),
          h(
            "p",
            { class: "subtext" },
            `${thread.message_count + 1} message${thread.message_count ? "s" : ""} · `,
            moment(bornAt(thread.id), "R"),
            thread.thread_metadata.archived && " · archived",
          ),
        ),
      ),
    ].filter(Boolean),
  );
}

function newPost(app, forum) {
  const title = h("input", { id: "post-title", type: "text", maxlength: 100, required: true });
  const text = h("textarea", { id: "post-text", rows: 3, maxlength: 2000, required: true });
  const tags = forum.available_tags.map((tag) =>
    h("label", {}, h("input", { type: "checkbox", value: tag.id }), ` ${tag.name}`),
  );
  const key = `${forum.id} ${app.server.me}`;
  const form = h(
    "details",
    { data: { key } },
    h("summary", {}, "New post"),
    h(
      "form",
      {
        onsubmit: async (event) => {
          event.preventDefault();
          const chosen = tags.map((label) => label.querySelector("input")).filter((input) => input.checked);
          try {
            form.open = false;
            const made = await post(
              app,
              forum.id,
              title.value,
              text.value,
              chosen.map((input) => input.value),
            );
            form.remove(); // what was posted is written no more
            await app.go(made.id);
          } catch (error) {
            form.open = true;
            app.toast(error.message);
          }
        },
      },
      h("div", { class: "field" }, h("label", { class: "name", for: "post-title" }, "Title"), title),
      h("div", { class: "field" }, h("label", { class: "name", for: "post-text" }, "Text"), text),
      h("div", { class: "boxes" }, tags),
      h("div", { class: "row" }, h("button", { type: "submit", class: "key primary" }, "Post")),
    ),
  );
  // What is being written outlives a new drawing.
  const before = byId("posts").querySelector("details");
  return before?.open && before.dataset.key === key ? before : form;
}
