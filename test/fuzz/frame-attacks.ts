import { once } from 'node:events';
import { expect } from '@jest/globals';
import fc from 'fast-check';
import { CLOSE } from '../../src/protocol/close-codes.js';
import { handshake } from '../support/handshake.js';
import { OPCODE, rawFrame, RawSocket, textFrame, upgradeRequest } from '../support/raw-socket.js';
import { SocketClient } from '../support/socket-client.js';
import type { Person, Room, TestServer } from '../support/test-server.js';
import { expectedOf, frameText, withIds } from './frames.js';
import { hostileText, MARK } from './hostile.js';
import type { Innocents } from './innocents.js';
import { tryAll } from './plan.js';
import type { ServedDocument } from './served-document.parser.js';

/** How a client may see a socket end: the documented codes, and those of ws for broken frames (RFC 6455, 7.4.1). */
const CLOSE_CODES = new Set([...Object.values(CLOSE).map(({ code }) => code), 1000, 1002, 1007, 1008, 1009]);
const CLOSING = rawFrame(0x80 | OPCODE.close, '');
const PATIENCE_MS = 8_000;

const paths = fc.constantFrom('/ws', '/ws/auth', '/ws/room/{id}', '/ws/echo');

/** Half of them are frames at least in their form; some are not even that. */
const bytes = fc.oneof(
  fc
    .tuple(fc.nat({ max: 255 }), fc.uint8Array({ maxLength: 400 }), fc.boolean())
    .map(([first, payload, isMasked]) => rawFrame(first, Buffer.from(payload), isMasked ? undefined : false)),
  frameText.filter((text) => text.length < 2_000).map(textFrame),
  fc.uint8Array({ maxLength: 100 }).map((piece) => Buffer.from(piece)),
  fc.constantFrom(rawFrame(0x80 | OPCODE.ping, 'p'), rawFrame(OPCODE.text, '{'), CLOSING),
  // The header of a frame of 2^63 bytes.
  fc.constant(Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4])),
);

const refusedBytes = fc.constantFrom<[Buffer, boolean, number]>(
  [Buffer.from('{"type":"ping"}'), true, 1003],
  [Buffer.from([0xff, 0xfe]), false, 1007],
  [Buffer.from('{"content":"\xed\xa0\x80"}', 'latin1'), false, 1007],
  [Buffer.alloc(70_000, 'x'), false, 1009],
);

const urlText = hostileText.map((text) => encodeURIComponent(text.toWellFormed().slice(0, 400)));
const parameter = fc.tuple(
  fc.constantFrom('token', 'ticket', 'after_seq', 'epoch', '__proto__', 'a[__proto__][b]'),
  urlText,
);
const target = fc
  .tuple(
    fc.oneof(
      paths,
      urlText.map((id) => `/ws/room/${id}`),
    ),
    fc.array(parameter, { maxLength: 4 }),
  )
  .map(([path, query]) => `${path}?${query.map((pair) => pair.join('=')).join('&')}`);
const header = fc.tuple(
  fc.constantFrom(
    'authorization',
    'origin',
    'sec-websocket-key',
    'sec-websocket-version',
    'sec-websocket-protocol',
    'upgrade',
  ),
  fc.constantFrom(
    '',
    'Bearer',
    'Bearer x.y.z',
    'null',
    'http://evil.example',
    '13',
    '-1',
    'a, b',
    'websocket',
  ),
);

/** Mallory sends whatever there is. Each method tries a share of all inputs. */
export class FrameAttacks {
  private room: Room | undefined;
  private elsewhere = 0;
  private message = 0;

  constructor(
    private readonly server: TestServer,
    private readonly mallory: Person,
    private readonly document: ServedDocument,
    private readonly innocents: Innocents,
  ) {}

  /** Each frame is answered exactly as often as it should be, and by nothing that the document does not know. */
  async texts(path: string, share: number): Promise<void> {
    await tryAll(frameText, { share, batch: 60 }, async (texts) => {
      const room = await this.newRoom();
      const ids = { room, elsewhere: this.elsewhere, message: this.message };
      const sent = texts.map((text) => withIds(text, ids));
      const client = await this.open(path);
      for (const text of sent) client.sendText(text);
      await this.innocents.expectAnswered();
      await client.settled();
      this.expectAnswers(client, sent);
      expect(client.isOpen).toBe(true);
      client.terminate();
    });
  }

  /** `/ws`: text comes back as it was, unless it is a ping. */
  async publicTexts(share: number): Promise<void> {
    await tryAll(frameText, { share, batch: 60 }, async (texts) => {
      const client = await SocketClient.open(`${this.server.socketUrl}/ws`);
      for (const text of texts) client.sendText(text);
      for (const text of texts) {
        const { isPing, ref } = expectedOf(text);
        const pong = [{ type: 'pong' }, ...(ref === undefined ? [] : [{ type: 'ack', ref }])];
        const answers = isPing ? pong : [{ type: 'echo', content: `Received: ${text}` }];
        for (const answer of answers) expect(JSON.parse(await client.nextText())).toMatchObject(answer);
      }
      client.terminate();
    });
  }

  async echoTexts(share: number): Promise<void> {
    await tryAll(frameText, { share, batch: 60 }, async (texts) => {
      const client = await SocketClient.open(`${this.server.socketUrl}/ws/echo`);
      for (const text of texts) client.sendText(text);
      for (const text of texts) expect(await client.nextText()).toBe(`Echo: ${text}`);
      client.terminate();
    });
  }

  /** What no client library would write. Whatever it is, the connection ends, with a code that is known. */
  async bytes(share: number): Promise<void> {
    await this.newRoom();
    await tryAll(fc.tuple(paths, fc.array(bytes, { maxLength: 5 })), { share, batch: 8 }, async (all) => {
      const writing = all.map(async ([path, pieces]) => {
        const { socket, closeCodes } = await this.write(path, pieces);
        expect(socket.destroyed).toBe(true);
        for (const code of closeCodes) expect(CLOSE_CODES).toContain(code);
      });
      await Promise.all(writing);
      await this.innocents.expectAnswered();
    });
  }

  async refusedBytes(share: number): Promise<void> {
    await this.newRoom();
    await tryAll(fc.tuple(paths, refusedBytes), { share, batch: 8 }, async (all) => {
      for (const [path, [sent, binary, code]] of all) {
        const client = await this.open(path);
        client.socket.send(sent, { binary });
        const closing = await client.closed();
        expect({ path, size: sent.length, code: closing.code }).toEqual({ path, size: sent.length, code });
      }
    });
  }

  async handshakes(share: number): Promise<void> {
    const room = await this.newRoom();
    await tryAll(fc.tuple(target, fc.array(header, { maxLength: 3 })), { share, batch: 8 }, async (all) => {
      for (const [url, headers] of all) {
        const path = url.replace('{id}', String(room));
        const options = { headers: Object.fromEntries(headers) };
        const { status, text } = await handshake(this.server.socketUrl + path, options);
        expect([101, 400, 401, 403, 404, 422, 426]).toContain(status);
        if (status === 101) continue;
        expect(this.document.wrongInProblem(text)).toEqual([]);
        expect(text).not.toContain(MARK);
      }
    });
  }

  private async newRoom(): Promise<number> {
    const { server, mallory } = this;
    this.elsewhere = this.innocents.room.id;
    this.room = await server.room(mallory);
    const path = `/api/rooms/${this.room.id}/messages`;
    this.message = (await server.rest.post<{ id: number }>(path, { content: 'first' }, mallory)).body.id;
    return this.room.id;
  }

  private open(path: string): Promise<SocketClient> {
    const headers = { authorization: `Bearer ${this.mallory.token}` };
    return SocketClient.open(this.server.socketUrl + this.placed(path), { headers });
  }

  private placed(path: string): string {
    return path.replace('{id}', String(this.room?.id));
  }

  /** Our side ends too, which is the answer for a server that waits for the rest of something. */
  private async write(path: string, pieces: readonly Buffer[]): Promise<RawSocket> {
    const raw = await RawSocket.open(this.server.url);
    const gone = once(raw.socket, 'close', { signal: AbortSignal.timeout(PATIENCE_MS) });
    raw.write(upgradeRequest(`${this.placed(path)}?token=${this.mallory.token}`), ...pieces, CLOSING);
    raw.socket.end();
    await gone;
    return raw;
  }

  private expectAnswers({ inbox }: SocketClient, texts: readonly string[]): void {
    const expected = texts.map(expectedOf);
    const answers = inbox.filter(({ type }) => type === 'ack' || type === 'error').map(refOf);
    const refused = expected.filter(({ isRefused }) => isRefused).length;

    const ours = answers.filter((ref) => ref?.startsWith('ask-') !== true);
    expect(countOf(ours)).toEqual(countOf(expected.map(({ ref }) => ref)));
    expect(answers.filter((ref) => ref === undefined).length).toBeGreaterThanOrEqual(refused);
    for (const frame of inbox) {
      expect(this.document.wrongIn(frame)).toEqual([]);
      if (frame.type !== 'error') continue;
      expect(frame.code).not.toMatch(/^(internal|storage_unavailable)$/);
      expect(frame.content).not.toMatch(/node_modules|\.ts:|SQLITE|SELECT|INSERT/);
      expect(frame.content).not.toContain(MARK);
    }
  }
}

function refOf(frame: object): string | undefined {
  return 'ref' in frame && typeof frame.ref === 'string' ? frame.ref : undefined;
}

/** How often there is each; those without one are left out. */
function countOf(refs: readonly (string | undefined)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const ref of refs) if (ref !== undefined) counts.set(ref, (counts.get(ref) ?? 0) + 1);
  return counts;
}
