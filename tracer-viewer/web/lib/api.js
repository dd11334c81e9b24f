// Questions to the server that this page came from.

/** The `data` of an answer. Throws an Error with the server's own words. */
export async function ask(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return answered(query ? `${path}?${query}` : path, { headers: { accept: "application/json" } });
}

/** Sends JSON, text or a file, and answers the `data` that comes back. */
export async function send(path, body) {
  const headers = { accept: "application/json", "content-type": "application/json" };
  return answered(path, { method: "POST", headers, body });
}

async function answered(address, request) {
  let answer;
  try {
    answer = await fetch(address, request);
  } catch {
    throw new Error("The server does not answer. Is the program still running?");
  }
  const body = await answer.json().catch(() => null);
  if (answer.ok && body) return body.data;
  throw new Error(body?.errors?.[0]?.msg ?? `The server answered ${answer.status}.`);
}
