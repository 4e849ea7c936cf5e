// The words of a message without their marks, for lines that name it.

const TEXT = 10;

export function plain(message) {
  const texts = [message.content];
  const walk = (components) => {
    for (const one of components ?? []) {
      if (one.type === TEXT) texts.push(one.content);
      walk(one.components);
    }
  };
  walk(message.components);
  return texts
    .filter(Boolean)
    .join(" ")
    .replace(/^(#{1,3}|-#|>) /gm, "")
    .replace(/[*_~|`]{1,3}/g, "")
    .replace(/\[((?:\\.|[^\]\\])*)\]\([^)]*\)/g, "$1")
    .replace(/\\(.)/g, "$1")
    .trim();
}
