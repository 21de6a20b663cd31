// Talks to /api/v1 as the page's own user.

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/**
 * Gives the parsed answer, or throws an Error whose message says what is wrong and whose `problem` is the document.
 * A body goes as JSON, or as the text it is where `type` is given.
 */
export async function send(method, path, body, type) {
  const headers = { Accept: "application/json", "X-CSRF-Token": token() };
  if (body !== undefined) headers["Content-Type"] = type ? `${type}; charset=utf-8` : "application/json";
  const content = body === undefined || type ? body : JSON.stringify(body);
  let response;
  try {
    response = await fetch(path, { method, headers, body: content });
  } catch {
    throw new Error("The daemon does not answer. Is it running?");
  }
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  const answer = isJson ? await response.json() : null;
  if (response.status === 401 && location.pathname !== "/sign-in") {
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  if (!response.ok) {
    const error = new Error(describe(answer) || `${response.status} ${response.statusText}`);
    error.problem = answer;
    throw error;
  }
  return answer;
}

/** Gives the sentences of a problem document (RFC 9457). */
export function describe(problem) {
  if (!problem?.detail) return "";
  const errors = (problem.errors ?? []).map((it) => `${it.field}: ${it.text}. ${it.hint}`.trim());
  return [problem.detail, ...errors].join("\n");
}
