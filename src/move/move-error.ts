/** Why a move cannot be made, or was not: one sentence for the person at the terminal. */
export class MoveError extends Error {}

/** What a driver says, for the end of a sentence. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
