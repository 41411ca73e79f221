import { fieldsIn, fieldsOf, integerIn, optionalText, textIn, type Fields } from './fields.js';
import { digestOf } from './history.js';

const ANSWER_WITHIN_MS = 15_000;
const PAGE = 100;

/** The answer of a request, or nothing when none came. */
export type RestAnswer =
  { readonly status: number; readonly body: unknown; readonly fields: Fields } | undefined;

/** A message as the log has it. */
export interface Stored {
  readonly seq: number;
  readonly id: number;
  readonly author: number;
  readonly digest: string;
  readonly at: number;
  /** In the database file only. */
  readonly clientMsgId: string | undefined;
}

/** Never throws for what a broken network or server does: that is what the run is about. */
export class RestClient {
  constructor(private readonly origin: string) {}

  async request(method: string, path: string, token?: string, body?: Fields): Promise<RestAnswer> {
    try {
      const response = await fetch(new URL(path, this.origin), {
        method,
        headers: {
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const text = await response.text();
      return { status: response.status, body: parsed(text), fields: fieldsIn(text) };
    } catch {
      return undefined;
    }
  }

  /** @throws Error when it does not succeed: for the preparation, while nothing is broken */
  async must(method: string, path: string, token?: string, body?: Fields): Promise<Fields> {
    const answer = await this.request(method, path, token, body);
    if (answer && answer.status < 300) return answer.fields;
    throw new Error(`${method} ${path} answered ${answer?.status} ${JSON.stringify(answer?.fields)}`);
  }

  async signUp(name: string): Promise<{ id: number; token: string }> {
    const password = 'correct horse battery';
    const email = `${name}@example.org`;
    const user = await this.must('POST', '/api/users', undefined, { username: name, email, password });
    const session = await this.must('POST', '/api/token', undefined, { username: name, password });
    return { id: integerIn(user, 'id'), token: textIn(session, 'access_token') };
  }

  /** The whole log of a room, oldest first. */
  async log(room: number, token: string): Promise<Stored[]> {
    const log: Stored[] = [];
    for (;;) {
      const path = `/api/rooms/${room}/messages?after=${log.at(-1)?.seq ?? 0}&limit=${PAGE}`;
      const answer = await this.request('GET', path, token);
      if (answer?.status !== 200 || !Array.isArray(answer.body)) {
        throw new Error(`GET ${path} answered ${answer?.status} ${JSON.stringify(answer?.fields)}`);
      }
      const page = answer.body.map((item) => storedOf(fieldsOf(item)));
      const before = log.at(-1)?.seq ?? 0;
      if (page.some(({ seq }) => seq <= before)) throw new Error(`GET ${path} goes back behind ${before}`);
      if (page.length === 0) return log;
      log.push(...page);
    }
  }
}

export function codeOf(answer: RestAnswer): string {
  return (answer && optionalText(answer.fields, 'code')) ?? '';
}

function storedOf(fields: Fields): Stored {
  return {
    seq: integerIn(fields, 'seq'),
    id: integerIn(fields, 'id'),
    author: integerIn(fields, 'user_id'),
    digest: digestOf(textIn(fields, 'content')),
    at: Date.parse(textIn(fields, 'timestamp')),
    clientMsgId: undefined,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
