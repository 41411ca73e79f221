import type { Problem } from '../support/frames.js';

/** As the tables write it: the status, and the code of the problem where there is one. */
export function outcomeOf(status: number, body: Partial<Problem> | undefined): string {
  return status >= 400 && body?.code !== undefined ? `${status} ${body.code}` : `${status}`;
}

/** The same of a handshake, whose refusal is a problem document. */
export function outcomeOfHandshake({ status, text }: { status: number; text: string }): string {
  return outcomeOf(status, status === 101 ? undefined : (JSON.parse(text) as Partial<Problem>));
}
