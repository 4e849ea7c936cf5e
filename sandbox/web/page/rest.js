// The REST routes for people, the same as the bot's: messages with files, posts, threads, deletion.

async function request(app, method, path, body) {
  const headers = { Authorization: `Person ${app.server.me}` };
  if (body && !(body instanceof FormData)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  const response = await fetch(`/page/api/v10${path}`, { method, headers, body });
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({ message: "The demo could not answer that." }));
  if (!response.ok) throw new Error(worded(answer));
  return answer;
}

function worded(error) {
  const said = {
    40005: "That is larger than Discord allows. Choose a smaller file.",
    50001: "You cannot see that.",
    50006: "There is nothing to send.",
    50013: "You may not do that here.",
  };
  return said[error.code] ?? error.message;
}

export function say(app, channel, content, files, replyTo) {
  const body = { content };
  if (replyTo) body.message_reference = { message_id: replyTo };
  if (!files.length) return request(app, "POST", `/channels/${channel}/messages`, body);
  const form = new FormData();
  form.append("payload_json", JSON.stringify(body));
  files.forEach((file, index) => form.append(`files[${index}]`, file, file.name));
  return request(app, "POST", `/channels/${channel}/messages`, form);
}

export const erase = (app, channel, id) => request(app, "DELETE", `/channels/${channel}/messages/${id}`);

export const post = (app, forum, name, content, tags) =>
  request(app, "POST", `/channels/${forum}/threads`, { name, message: { content }, applied_tags: tags });

export const openThread = (app, channel, message, name) =>
  request(app, "POST", `/channels/${channel}/messages/${message}/threads`, { name });

// A file for a command or a form; gives the token under which it waits.
export async function upload(file) {
  const response = await fetch(`/page/uploads?${new URLSearchParams({ name: file.name })}`, {
    method: "POST",
    body: file,
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer.upload;
}
