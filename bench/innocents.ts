import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket, type RawData } from 'ws';
import { fieldsIn, textIn } from './fields.js';
import { PASSWORD, type Community } from './parlor.js';
import { percentile } from './statistics.js';

/** Half of what the default limits allow one user. */
const TALK_EVERY_MS = 200;
const TALKERS = 5;
const READ_EVERY_MS = 50;
const CONNECT_EVERY_MS = 250;
const LOG_IN_EVERY_MS = 2_000;
/** What has not come by then counts as a failure. */
const PATIENCE_MS = 5_000;

export type Doing = 'message' | 'history' | 'handshake' | 'log-in';

/** Milliseconds of what somebody who attacks nobody does meanwhile, and what failed. */
export class Experience {
  readonly times: Record<Doing, number[]> = { message: [], history: [], handshake: [], 'log-in': [] };
  readonly failures: string[] = [];

  p99(doing: Doing): number | undefined {
    return percentile(this.times[doing], 99);
  }
}

interface Said {
  readonly at: number;
  missing: number;
}

/**
 * Ten people in a room, half of whom talk; one more reads history, one opens sockets, one logs in. Each keeps to the
 * default limits, so that whatever fails is not their fault.
 */
export class Innocents {
  private experience = new Experience();
  private readonly said = new Map<string, Said>();
  private readonly sockets: WebSocket[] = [];
  private isOver = false;
  private readonly lives: Promise<void>[] = [];
  private count = 0;

  constructor(
    private readonly origin: string,
    private readonly people: Community,
  ) {}

  async begin(): Promise<void> {
    const [room = 0] = this.people.rooms;
    const url = `${this.origin.replace('http', 'ws')}/ws/room/${room}`;
    for (const token of this.people.tokens) this.sockets.push(await this.enter(url, token));
    this.lives.push(
      this.every(TALK_EVERY_MS / TALKERS, () => this.talk()),
      this.every(READ_EVERY_MS, () => this.timed('history', () => this.read(room))),
      this.every(CONNECT_EVERY_MS, () => this.timed('handshake', () => this.openAndClose(url))),
      this.every(LOG_IN_EVERY_MS, () => this.timed('log-in', () => this.logIn())),
    );
  }

  /** What they have lived through since the last time they were asked. */
  tell(): Experience {
    const told = this.experience;
    const late = performance.now() - PATIENCE_MS;
    for (const [content, { at, missing }] of this.said) {
      if (at > late) continue;
      told.failures.push(`${content}: ${missing} did not get it`);
      this.said.delete(content);
    }
    this.experience = new Experience();
    return told;
  }

  async end(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.lives);
    for (const socket of this.sockets) socket.terminate();
  }

  private async every(milliseconds: number, what: () => Promise<void> | void): Promise<void> {
    while (!this.isOver) {
      await Promise.all([what(), pause(milliseconds)]);
    }
  }

  private async timed(doing: Doing, what: () => Promise<void>): Promise<void> {
    const { experience } = this;
    const start = performance.now();
    try {
      await what();
      experience.times[doing].push(performance.now() - start);
    } catch (error) {
      experience.failures.push(`${doing}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private talk(): void {
    this.count += 1;
    const content = `message ${this.count}`;
    const talker = this.sockets[this.count % TALKERS];
    this.said.set(content, { at: performance.now(), missing: this.sockets.length });
    talker?.send(JSON.stringify({ type: 'message', content }));
  }

  private receive(data: RawData): void {
    if (!Buffer.isBuffer(data)) return;
    const frame = fieldsIn(data.toString('utf8'));
    if (frame.type === 'error') this.experience.failures.push(`error ${textIn(frame, 'code')}`);
    if (frame.type !== 'message') return;
    const content = textIn(frame, 'content');
    const said = this.said.get(content);
    if (!said) return;
    said.missing -= 1;
    if (said.missing > 0) return;
    this.said.delete(content);
    this.experience.times.message.push(performance.now() - said.at);
  }

  private async enter(url: string, token: string): Promise<WebSocket> {
    const socket = await greeted(url, token);
    socket.on('message', (data) => this.receive(data));
    socket.once('close', (code) => {
      if (!this.isOver) this.experience.failures.push(`closed ${code}`);
    });
    return socket;
  }

  private async openAndClose(url: string): Promise<void> {
    const socket = await greeted(url, this.people.tokens.at(-1) ?? '');
    socket.terminate();
  }

  private async read(room: number): Promise<void> {
    const headers = { authorization: `Bearer ${this.people.tokens.at(-2) ?? ''}` };
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(`${this.origin}/api/rooms/${room}/messages`, { headers, signal });
    await response.text();
    if (response.status !== 200) throw new Error(String(response.status));
  }

  private async logIn(): Promise<void> {
    const body = new URLSearchParams({ username: 'person0', password: PASSWORD });
    const signal = AbortSignal.timeout(PATIENCE_MS * 2);
    const response = await fetch(`${this.origin}/api/token`, { method: 'POST', body, signal });
    await response.text();
    if (response.status !== 200) throw new Error(String(response.status));
  }
}

/** A socket whose first frame has arrived. */
function greeted(url: string, token: string): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${token}` };
  const socket = new WebSocket(url, { headers, perMessageDeflate: false, handshakeTimeout: PATIENCE_MS });
  return new Promise((resolve, reject) => {
    socket.once('message', () => resolve(socket));
    socket.on('error', reject);
  });
}
