// Questions to the server that this page came from.

/** The `data` of an answer. Throws an Error with the server's own words. */
export async function ask(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  let answer;
  try {
    answer = await fetch(query ? `${path}?${query}` : path, { headers: { accept: "application/json" } });
  } catch {
    throw new Error("The server does not answer. Is the program still running?");
  }
  const body = await answer.json().catch(() => null);
  if (answer.ok && body) return body.data;
  throw new Error(body?.errors?.[0]?.msg ?? `The server answered ${answer.status}.`);
}
