import { expect } from '@jest/globals';
import fc from 'fast-check';
import { claimsOf, forge } from '../support/forged-tokens.js';
import { type Person, type Room, type TestServer } from '../support/test-server.js';
import { SECRET_KEY } from '../support/test-settings.js';
import { MARK } from './hostile.js';
import { tryAll } from './plan.js';
import { attemptsAt, placed, type Attempt } from './requests.js';
import type { Expectation, Operation, ServedDocument } from './served-document.parser.js';
import { readJson, textsIn } from './json.parser.js';
import { Wire, type WireAnswer } from './wire.js';

/** What any route may answer, because it is decided before there is a route: the path and the body are read first. */
const ANYWHERE: Readonly<Record<number, readonly string[]>> = {
  400: ['bad_request', 'unreadable_json'],
  413: ['body_too_large'],
  415: ['unsupported_media_type'],
};
/** Nothing of how the server is made. */
const INSIDES = /node_modules|SQLITE_|QueryFailed|\bat .*\.[jt]s:\d|SELECT |INSERT |\$2[aby]\$/;
const PIECES = [
  'api',
  'rooms',
  'users',
  'me',
  '1',
  '..',
  '%2e%2e',
  '%00',
  '%',
  '',
  'docs',
  'ws',
  '%c3%a9',
  '%e9',
];
/** Claims that no token of ours has. */
const MORE = readJson<object>(
  '{"role":"admin","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
);
const PROBLEM = 'application/problem+json; charset=utf-8';

/** Mallory asks for whatever there is, over and over. */
export class RequestAttacks {
  private readonly wire: Wire;
  private person: Person | undefined;
  private room: Room | undefined;
  private message = 0;

  constructor(
    private readonly server: TestServer,
    private readonly document: ServedDocument,
    private readonly operator: Person,
  ) {
    this.wire = new Wire(server.url);
  }

  close(): void {
    this.wire.close();
  }

  /** Each answer is one that the document promises for this operation. */
  async at(operation: Operation, share: number): Promise<void> {
    await tryAll(attemptsAt(operation), { share, batch: 12 }, async (attempts) => {
      await this.settleIn();
      await Promise.all(
        attempts.map(async (attempt) => {
          const body = this.bodyOf(attempt);
          const answer = await this.send(operation, attempt, body);
          this.expectPromised(answer, operation);
          if (answer.status === 201) expectUnchanged(answer, body);
        }),
      );
    });
  }

  /** Paths and methods that nobody has thought of. */
  async elsewhere(share: number): Promise<void> {
    const piece = fc.constantFrom(...PIECES);
    const path = fc.oneof(
      { weight: 9, arbitrary: fc.array(piece, { maxLength: 6 }).map((pieces) => `/${pieces.join('/')}`) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          '*',
          'http://evil.example/api/rooms',
          '//evil.example/api',
          '/\\',
          '/?',
          '/#x',
        ),
      },
    );
    const method = fc.constantFrom(
      'GET',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'OPTIONS',
      'HEAD',
      'TRACE',
      'PROPFIND',
    );
    await tryAll(fc.tuple(method, path), { share, batch: 12 }, async (all) => {
      await Promise.all(
        all.map(async ([verb, target]) => {
          const headers = { authorization: `Bearer ${this.operator.token}` };
          const answer = await this.wire.send({
            method: verb,
            target,
            headers,
            body: undefined,
          });
          expect([200, 201, 204, 301, 302, 400, 401, 404, 405, 422, 426]).toContain(answer.status);
          if (answer.status < 400) return;
          expect(answer.headers['content-type']).toBe(PROBLEM);
          if (verb !== 'HEAD') expect(this.document.wrongInProblem(answer.text)).toEqual([]);
          expect(answer.text).not.toMatch(INSIDES);
        }),
      );
    });
  }

  /** A person and a room of theirs: what was tried before may have ended the session, or the membership. */
  private async settleIn(): Promise<void> {
    const { server } = this;
    const isKnown = this.person && (await server.rest.get('/api/users/me', this.person)).status === 200;
    if (!this.person || !isKnown) this.person = await server.person('mallory');
    const place = this.room && (await server.rest.get<Room>(`/api/rooms/${this.room.id}`, this.person));
    if (place?.status === 200 && place.body.role === 'owner' && place.body.is_member) return;
    this.room = await server.room(this.person);
    const path = `/api/rooms/${this.room.id}/messages`;
    this.message = (await server.rest.post<{ id: number }>(path, { content: 'first' }, this.person)).body.id;
  }

  private ids(): Record<string, number | string> {
    return {
      room_id: this.room?.id ?? 0,
      user_id: this.person?.id ?? 0,
      reply_to: this.message,
      session_id: '00000000-0000-4000-8000-000000000000',
    };
  }

  private bodyOf({ body }: Attempt): Attempt['body'] {
    return typeof body === 'string' ? placed(body, this.ids()) : body;
  }

  private send({ method }: Operation, { caller, target, headers }: Attempt, body: Attempt['body']) {
    return this.wire.send({
      method,
      target: placed(target, this.ids()),
      headers: { ...headers, ...this.authorization(caller) },
      body,
    });
  }

  private authorization(caller: Attempt['caller']): Record<string, string> {
    switch (caller) {
      case 'nobody':
        return {};
      case 'person':
        return { authorization: `Bearer ${this.person?.token}` };
      case 'operator':
        return { authorization: `Bearer ${this.operator.token}` };
      case 'forger':
        return { authorization: `Bearer ${forge({ sub: '1', role: 'admin' }, 'no key of ours')}` };
      case 'pretender':
        // As good as ours, if somebody had the key: what it claims beside its session counts for nothing.
        return {
          authorization: `Bearer ${forge({ ...claimsOf(this.person?.token ?? ''), ...MORE }, SECRET_KEY)}`,
        };
    }
  }

  private expectPromised(answer: WireAnswer, { method, path, answers }: Operation): void {
    const { status, headers, text } = answer;
    const promised = answers.get(status);
    const elsewhere = ANYWHERE[status];
    const what = { operation: `${method} ${path}`, status, text: text.slice(0, 300) };

    expect({ ...what, isPromised: promised !== undefined || elsewhere !== undefined }).toEqual({
      ...what,
      isPromised: true,
    });
    expect(headers['x-content-type-options']).toBe('nosniff');
    if (status >= 400) return this.expectProblem(answer, [...(promised?.codes ?? []), ...(elsewhere ?? [])]);
    expectBody(answer, promised);
  }

  private expectProblem({ status, headers, text }: WireAnswer, codes: readonly string[]): void {
    expect(headers['content-type']).toBe(PROBLEM);
    expect(this.document.wrongInProblem(text)).toEqual([]);
    const { code, status: told } = readJson<{ code: string; status: number }>(text);
    expect(told).toBe(status);
    expect(codes).toContain(code);
    expect(text).not.toMatch(INSIDES);
    expect(text).not.toContain(MARK);
  }
}

function expectBody({ headers, text }: WireAnswer, promised: Expectation | undefined): void {
  if (promised?.contentType === undefined) return expect(text).toBe('');
  expect(headers['content-type']).toBe(`${promised.contentType}; charset=utf-8`);
  expect(promised.wrongIn(readJson(text))).toEqual([]);
}

/** What was taken was taken as it was, to the last code point. */
function expectUnchanged({ text }: WireAnswer, body: string | Buffer | undefined): void {
  const sent = textsIn(body);
  const taken = textsIn(text);
  for (const name of ['content', 'name', 'username', 'email', 'client_msg_id', 'description']) {
    if (name in sent && name in taken) expect({ [name]: taken[name] }).toEqual({ [name]: sent[name] });
  }
}
