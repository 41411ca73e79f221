import { fieldsIn, type Fields } from './fields.js';

const ANSWER_WITHIN_MS = 30_000;

export interface Request {
  readonly token?: string;
  readonly json?: Fields;
}

/** @throws Error for every answer that is no success */
export async function ask(method: string, url: string, { token, json }: Request = {}): Promise<string> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(json ? { 'content-type': 'application/json' } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    ...(json ? { body: JSON.stringify(json) } : {}),
  });
  const text = await response.text();
  if (response.ok) return text;
  throw new Error(`${method} ${url} answered ${response.status}: ${text.slice(0, 300)}`);
}

export async function askFields(method: string, url: string, request: Request = {}): Promise<Fields> {
  return fieldsIn(await ask(method, url, request));
}

/** Does something for each, so many at a time. */
export async function forEach<T>(
  all: readonly T[],
  atATime: number,
  what: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const queue = all.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) await what(item, index);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}
