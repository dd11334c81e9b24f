// Tags as text: `http.status_code=200 message="not found" error=true`.

/** Reads tags. Throws an Error that says what is wrong. */
export function parse(text) {
  // A key may be `__proto__`.
  const tags = Object.create(null);
  const pair = /\s*([^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)/y;
  const rest = text.trim();
  while (pair.lastIndex < rest.length) {
    const at = pair.lastIndex;
    const found = pair.exec(rest);
    if (!found) throw new Error(`Tags are key=value or key="two words", not: ${rest.slice(at, at + 40).trim()}`);
    const [, key, value] = found;
    tags[key] = value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value;
  }
  return tags;
}

/** Writes tags so that `parse` reads them again. */
export function format(tags) {
  const quoted = (value) => (/^[^\s"\\]*$/.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`);
  return Object.entries(tags)
    .map(([key, value]) => `${key}=${quoted(String(value))}`)
    .join(" ");
}
