/** The facts of an entry, as they were written. */
export function factsIn(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}
