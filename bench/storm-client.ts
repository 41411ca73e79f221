import { WebSocket, type RawData } from 'ws';
import { fieldsIn, isFields, listIn, numberIn, textIn, type Fields } from './fields.js';

const HANDSHAKE_WITHIN_MS = 60_000;
/** `reconnect_min_ms` and `reconnect_max_ms` of the greeting. */
const SHORTEST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** What all clients of a storm saw together. */
export class StormTally {
  attempts = 0;
  /** Status and code of refusals, and how many of each. */
  readonly refusals = new Map<string, number>();
  /** Refused, although they had waited as long as the refusal before it said. */
  refusedAlthoughPatient = 0;
  /** Why attempts ended without an answer, and how many of each. */
  readonly unanswered = new Map<string, number>();
  gaps = 0;
  /** Codes of the other error frames. */
  readonly errors: string[] = [];
  holes = 0;
  doubles = 0;
  /** Messages that were new to their client. */
  shown = 0;
  readonly handshakes: number[] = [];
  readonly acknowledged: { readonly room: number; readonly seq: number; readonly content: string }[] = [];
}

/** A client as docs/protocol.md wants it: resumes at its place, waits as it is told, backs off with a random part. */
export class StormClient {
  /** The newest that it has seen; each message once and in order, or the tally says otherwise. */
  lastSeq: number | undefined;
  /** What it saw, by `seq`; a witness for the others, as not all can remember everything. */
  readonly seen: Map<number, string> | undefined;

  private epoch: string | undefined;
  private socket: WebSocket | undefined;
  private attempt = 0;
  private arrived: (() => void) | undefined;

  constructor(
    private readonly origin: string,
    readonly room: number,
    private readonly token: string,
    /** Where it counts from now on. */
    public tally: StormTally,
    isWitness: boolean,
  ) {
    this.seen = isWitness ? new Map() : undefined;
  }

  /** Connects, now and as often as it takes. Resolves when it has everything that it missed. */
  come(): Promise<void> {
    this.attempt = 0;
    return new Promise((resolve) => {
      this.arrived = resolve;
      this.connect(false);
    });
  }

  /** Breaks without a word, as a network does, and stays away. */
  drop(): void {
    this.arrived = undefined;
    this.socket?.terminate();
  }

  get isGone(): boolean {
    return this.socket === undefined || this.socket.readyState === WebSocket.CLOSED;
  }

  post(content: string): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ type: 'message', content, ref: content }));
  }

  private connect(patient: boolean): void {
    this.tally.attempts += 1;
    const url = new URL(`/ws/room/${this.room}`, this.origin);
    if (this.lastSeq !== undefined) url.searchParams.set('after_seq', String(this.lastSeq));
    if (this.epoch !== undefined) url.searchParams.set('epoch', this.epoch);
    const from = performance.now();
    const socket = new WebSocket(url, {
      headers: { authorization: `Bearer ${this.token}` },
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_WITHIN_MS,
    });
    this.socket = socket;
    let answered = false;
    socket.on('message', (data) => this.receive(data));
    socket.once('open', () => {
      answered = true;
      this.tally.handshakes.push(performance.now() - from);
    });
    socket.once('unexpected-response', (_request, response) => {
      answered = true;
      const status = response.statusCode ?? 0;
      const retryAfter = Number(response.headers['retry-after'] ?? 0);
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('close', () => {
        addOne(this.tally.refusals, `${status} ${codeOf(body)}`);
        if (patient) this.tally.refusedAlthoughPatient += 1;
        socket.terminate();
        this.comeBack(retryAfter * 1000);
      });
    });
    let reason = 'closed';
    socket.on('error', (error) => (reason = error.message.replace(/ \d.*/, '')));
    socket.once('close', () => {
      if (this.arrived === undefined || this.socket !== socket) return;
      if (!answered) addOne(this.tally.unanswered, reason);
      this.comeBack(0);
    });
  }

  private comeBack(atFirst: number): void {
    const longest = Math.min(LONGEST_WAIT_MS, SHORTEST_WAIT_MS * 2 ** this.attempt);
    this.attempt += 1;
    this.socket = undefined;
    const wait = atFirst + longest * (0.5 + Math.random() / 2);
    setTimeout(() => this.connect(atFirst > 0), wait);
  }

  private receive(data: RawData): void {
    if (!Buffer.isBuffer(data)) throw new Error('The server sent something else than a text.');
    const frame = fieldsIn(data.toString('utf8'));
    switch (frame.type) {
      case 'message':
        return this.show(frame);
      case 'message_history':
        return this.showHistory(frame);
      case 'ack': {
        const [seq, content] = [numberIn(frame, 'seq'), textIn(frame, 'ref')];
        this.tally.acknowledged.push({ room: this.room, seq, content });
        return;
      }
      case 'error':
        if (frame.code === 'gap') {
          this.tally.gaps += 1;
          this.lastSeq = undefined;
        } else {
          this.tally.errors.push(textIn(frame, 'code'));
        }
        return;
      default:
        return;
    }
  }

  private showHistory(frame: Fields): void {
    for (const message of listIn(frame, 'messages')) if (isFields(message)) this.show(message);
    this.epoch = textIn(frame, 'epoch');
    if (frame.has_more === true) return;
    this.lastSeq ??= 0;
    this.arrived?.();
    this.arrived = undefined;
  }

  private show(message: Fields): void {
    const seq = numberIn(message, 'seq');
    if (this.lastSeq !== undefined && seq <= this.lastSeq) {
      this.tally.doubles += 1;
      return;
    }
    if (this.lastSeq !== undefined) this.tally.holes += seq - this.lastSeq - 1;
    this.lastSeq = seq;
    this.tally.shown += 1;
    this.seen?.set(seq, textIn(message, 'content'));
  }
}

function addOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function codeOf(problem: string): string {
  try {
    return textIn(fieldsIn(problem), 'code');
  } catch {
    return 'without a code';
  }
}
