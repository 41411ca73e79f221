import { randomBytes } from 'node:crypto';
import { chatMessage, type ChatMessage } from './chat-message.js';
import { fieldsOf, integerIn, textIn, type Fields } from './fields.js';

export interface Account {
  readonly name: string;
  readonly userId: number;
  readonly token: string;
}

interface Post {
  readonly json?: object;
  readonly form?: Record<string, string>;
  readonly token?: string;
}

const PAGE = 100;

/** The REST half of a client: accounts, the room, and its history. */
export class RestClient {
  constructor(private readonly origin: string) {}

  /** Makes an account and logs it in. */
  async signUp(name: string, email: string): Promise<Account> {
    const password = randomBytes(18).toString('base64url');
    const user = await this.post('/api/users/', { json: { username: name, email, password } });
    const session = await this.post('/api/token', { form: { username: name, password } });
    return { name, userId: integerIn(user, 'id'), token: textIn(session, 'access_token') };
  }

  async createRoom(owner: Account, name: string): Promise<number> {
    return integerIn(await this.post('/api/rooms/', { json: { name }, token: owner.token }), 'id');
  }

  /** The whole log, page by page along the `Link` headers, and then after the last `seq` until a page is empty. */
  async history(reader: Account, roomId: number): Promise<ChatMessage[]> {
    const after = (seq: number): URL =>
      new URL(`/api/rooms/${roomId}/messages?after=${seq}&limit=${PAGE}`, this.origin);
    const log: ChatMessage[] = [];
    let url = after(0);
    for (;;) {
      const { messages, next } = await this.page(url, reader.token);
      const newest = messages.at(-1)?.seq;
      if (newest === undefined) return log;
      const before = log.at(-1)?.seq ?? 0;
      if (newest <= before)
        throw new Error(`GET ${url.pathname}${url.search} does not get past seq ${before}`);
      log.push(...messages);
      url = next ?? after(newest);
    }
  }

  private async page(url: URL, token: string): Promise<{ messages: ChatMessage[]; next: URL | undefined }> {
    const what = `GET ${url.pathname}${url.search}`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const body = await answerOf(response, what);
    if (!Array.isArray(body)) throw new Error(`${what} answered no list`);
    return {
      messages: body.map((item) => chatMessage(fieldsOf(item, 'a message'))),
      next: nextLink(response, url),
    };
  }

  private async post(path: string, { json, form, token }: Post): Promise<Fields> {
    const response = await fetch(new URL(path, this.origin), {
      method: 'POST',
      body: form ? new URLSearchParams(form) : JSON.stringify(json),
      headers: {
        ...(form ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    return fieldsOf(await answerOf(response, `POST ${path}`), `the answer to POST ${path}`);
  }
}

async function answerOf(response: Response, what: string): Promise<unknown> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${what} answered ${response.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

/** RFC 8288: `<address>; rel="next"`; the address may be relative to that of the page. */
function nextLink(response: Response, page: URL): URL | undefined {
  const link = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(response.headers.get('link') ?? '');
  return link?.[1] === undefined ? undefined : new URL(link[1], page);
}
