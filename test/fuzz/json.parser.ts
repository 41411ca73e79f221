/** `T` is what the caller hopes for; what it is gets compared with the API document. */
export function readJson<T = unknown>(text: string): T {
  return JSON.parse(text) as T;
}

/** The text fields of a JSON object, by name; none of anything else. */
export function textsIn(body: string | Buffer | undefined): Record<string, string> {
  if (typeof body !== 'string') return {};
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return {};
    const fields = Object.entries(value).filter(([, field]) => typeof field === 'string');
    return Object.fromEntries(fields);
  } catch {
    return {};
  }
}
