import { integerIn, optionalText, type Fields } from './fields.js';
import { digestOf, keyOf, type Door } from './history.js';
import type { Link } from './link.js';
import type { Random } from './random.js';
import { codeOf } from './rest.js';
import type { World } from './world.js';
import { setTimeout as pause } from 'node:timers/promises';

/** A message until it is acknowledged. */
export interface Letter {
  readonly key: string;
  readonly room: number;
  readonly clientMsgId: string;
  readonly content: string;
  readonly digest: string;
  attempts: number;
}

/** Who sends: the device as its outbox needs it. */
export interface Sender {
  readonly name: string;
  readonly user: number;
  readonly token: string;
  /** The one room that it can send to over its socket; every room of the user if there is none. */
  readonly boundTo: number | undefined;
  readonly link: Link | undefined;
  isIn(room: number): boolean;
  /** Becomes a member again when the server says that this user is none. */
  ensureIn(room: number): Promise<void>;
  /** Another device of the same user. */
  sibling(): Outbox | undefined;
}

type Outcome = 'acked' | 'later' | 'not a member' | 'refused';

const RETRY_MS = [50, 400] as const;
const OUT_MS = 100;
/** Codes that say that the author is out. */
const OUT_CODES = new Set(['not_a_member', 'banned']);

/** Sends each message until it is acknowledged, over whatever connection there is by then. */
export class Outbox {
  private readonly queue: Letter[] = [];
  private flying = 0;
  private written = 0;
  /** Letters that wait a moment before they are tried again. */
  private resting = 0;

  constructor(
    private readonly world: World,
    private readonly sender: Sender,
    private readonly plan: { readonly window: number; readonly overRest: number },
    private readonly random: Random,
  ) {}

  get pending(): number {
    return this.queue.length + this.flying + this.resting;
  }

  write(room: number, content: string): void {
    const { user, name } = this.sender;
    // The same ids for every user: they are unique for one user in one room, and no further.
    const clientMsgId = `${name.split('.')[1]}-${(this.written += 1)}`;
    const letter = { room, content, clientMsgId, digest: digestOf(content), attempts: 0 };
    this.world.tally.add('messages');
    this.adopt({ ...letter, key: keyOf(user, room, clientMsgId) });
  }

  adopt(letter: Letter): void {
    this.queue.push(letter);
    this.pump();
  }

  /** Sends what may be sent now; called whenever something has changed. */
  pump(): void {
    while (this.flying < this.plan.window && !this.world.isOver) {
      const letter = this.queue[0];
      if (!letter) return;
      const overRest = this.random.chance(this.plan.overRest) || !this.canSocketCarry(letter);
      if (!overRest && !this.sender.link?.isOpen) return;
      this.queue.shift();
      this.flying += 1;
      void this.carry(letter, overRest);
    }
  }

  /** What a sibling has handed over may be for a room that this socket is not bound to. */
  private canSocketCarry({ room }: Letter): boolean {
    return this.sender.boundTo === undefined || this.sender.boundTo === room;
  }

  private async carry(letter: Letter, overRest: boolean): Promise<void> {
    const outcome = await this.deliver(letter, overRest);
    this.flying -= 1;
    if (outcome === 'later') void this.rest(letter, this.random.integer(...RETRY_MS));
    else if (outcome === 'not a member') void this.untilIn(letter);
    this.pump();
  }

  /** Now and then two attempts at once, through both doors: only one may land. */
  private async deliver(letter: Letter, overRest: boolean): Promise<Outcome> {
    if (overRest) return this.overRest(letter);
    if (!this.random.chance(0.02)) return this.overSocket(letter);
    this.world.tally.add('sent through both doors at once');
    const [one, other] = await Promise.all([this.overSocket(letter), this.overRest(letter)]);
    return one === 'acked' || other === 'acked' ? 'acked' : one;
  }

  private async overSocket(letter: Letter): Promise<Outcome> {
    const at = this.attempt(letter, 'socket');
    const { room, content, clientMsgId } = letter;
    const answer = await this.sender.link?.ask({
      type: 'message',
      content,
      client_msg_id: clientMsgId,
      ...(this.sender.boundTo === undefined ? { room_id: room } : {}),
    });
    if (answer?.type === 'ack')
      return this.acked(letter, at, answer.at, answer.fields, answer.fields.duplicate === true);
    if (answer?.type === 'error') return this.refused(letter, at, answer.fields);
    return this.unknown();
  }

  private async overRest(letter: Letter): Promise<Outcome> {
    const at = this.attempt(letter, 'rest');
    const { room, content, clientMsgId } = letter;
    const body = { content, client_msg_id: clientMsgId };
    const answer = await this.world.rest.request(
      'POST',
      `/api/rooms/${room}/messages`,
      this.sender.token,
      body,
    );
    const { history } = this.world;
    if (!answer) return this.unknown();
    if (answer.status < 300)
      return this.acked(letter, at, history.now(), answer.fields, answer.status === 200);
    const code = codeOf(answer) || `status ${answer.status}`;
    return this.refused(letter, at, { code, retryable: answer.status === 429 || answer.status >= 500 });
  }

  private attempt(letter: Letter, door: Door): number {
    const { history, tally } = this.world;
    const { user, name } = this.sender;
    const at = history.now();
    history.attempts.push({
      at,
      key: letter.key,
      user,
      room: letter.room,
      digest: letter.digest,
      device: name,
      door,
    });
    letter.attempts += 1;
    tally.add(`attempts over ${door}`);
    if (letter.attempts > 1) tally.add('retries');
    return at;
  }

  private acked(
    { key, room }: Letter,
    sentAt: number,
    at: number,
    fields: Fields,
    isDuplicate: boolean,
  ): Outcome {
    const { history, calmAcks } = this.world;
    const told = integerIn(fields, 'room_id');
    if (told !== room) history.fault('malformed', `${key} was acknowledged for room ${told}`);
    history.acks.push({
      at,
      key,
      room,
      id: integerIn(fields, 'id'),
      seq: integerIn(fields, 'seq'),
      isDuplicate,
    });
    if (this.world.wasCalmSince(sentAt)) calmAcks.push(at - sentAt);
    return 'acked';
  }

  private refused({ key, room }: Letter, askedAt: number, answer: Fields): Outcome {
    const { history, tally } = this.world;
    const code = optionalText(answer, 'code') ?? '';
    tally.add(`refused: ${code}`);
    if (code === 'internal') history.fault('internal', `${key} was answered with "internal"`);
    if (answer.retryable === true) return 'later';
    history.refusals.push({ at: history.now(), askedAt, key, user: this.sender.user, room, code });
    return OUT_CODES.has(code) ? 'not a member' : 'refused';
  }

  /** Another device, the other door, or the next connection: whoever comes back first may try again. */
  private unknown(): Outcome {
    this.world.tally.add('attempts without an answer');
    return 'later';
  }

  private async rest(letter: Letter, milliseconds: number): Promise<void> {
    this.resting += 1;
    await pause(milliseconds);
    this.resting -= 1;
    const elsewhere = this.random.chance(0.15) ? this.sender.sibling() : undefined;
    if (elsewhere) {
      this.world.tally.add('retried on another device');
      elsewhere.adopt(letter);
    } else if (this.random.chance(0.1)) {
      this.flying += 1;
      void this.carry(letter, true);
    } else {
      this.queue.unshift(letter);
      this.pump();
    }
  }

  private async untilIn(letter: Letter): Promise<void> {
    this.resting += 1;
    while (!this.sender.isIn(letter.room) && !this.world.isOver) await pause(OUT_MS);
    await this.sender.ensureIn(letter.room);
    this.resting -= 1;
    this.adopt(letter);
  }
}
