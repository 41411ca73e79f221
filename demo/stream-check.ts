import type { ChatMessage } from './chat-message.js';

/** A message as the file has it, with the id of its ack. */
export interface Truth {
  readonly seq: number;
  readonly id: number | undefined;
  readonly userId: number | undefined;
  readonly username: string;
  readonly content: string;
  readonly line: number;
}

const KEPT = 20;
/** UTF-16 units of a text that are shown. */
const EXCERPT = 100;

/** The first few differences in words, and the number of all. */
export class Differences {
  readonly first: string[] = [];
  count = 0;

  add(difference: string): void {
    this.count += 1;
    if (this.first.length < KEPT) this.first.push(difference);
  }
}

/** Whether a stream of messages is exactly those from `first` to `last`, in order, each once, each right. */
export class StreamCheck {
  private readonly received = new Set<number>();

  constructor(
    private readonly who: string,
    private readonly truth: readonly Truth[],
    private readonly differences: Differences,
  ) {}

  run(
    stream: readonly (ChatMessage & { via?: string })[],
    { first, last }: { first: number; last: number },
  ): void {
    let next = first;
    for (const message of stream) {
      const { seq } = message;
      if (this.received.has(seq)) this.report(`got seq ${seq} again${asVia(message)}`);
      else if (seq < first || seq > last) this.report(`got seq ${seq}, expected only ${range(first, last)}`);
      else if (seq < next) this.report(`got seq ${seq} late, after ${next - 1}`);
      this.received.add(seq);
      next = Math.max(next, seq + 1);
      this.compare(message);
    }
    for (let seq = first; seq <= last; seq += 1) {
      if (!this.received.has(seq)) this.report(`did not get seq ${seq}, ${this.described(seq)}`);
    }
  }

  private compare(message: ChatMessage): void {
    const truth = this.truth[message.seq - 1];
    if (!truth) {
      this.report(
        `seq ${message.seq} is not in the file: ${message.username}: ${excerpt(message.content, 0)}`,
      );
      return;
    }
    for (const field of ['username', 'content', 'userId', 'id'] as const) {
      if (message[field] === truth[field]) continue;
      const [is, should] = excerpts(String(message[field]), String(truth[field]));
      this.report(`seq ${message.seq} (line ${truth.line}) has ${field} ${is}, expected ${should}`);
    }
  }

  private described(seq: number): string {
    const truth = this.truth[seq - 1];
    return truth ? `line ${truth.line}, ${truth.username}: ${excerpt(truth.content, 0)}` : 'beyond the file';
  }

  private report(difference: string): void {
    this.differences.add(`${this.who}: ${difference}`);
  }
}

function asVia({ via }: { via?: string }): string {
  return via === undefined ? '' : `, this time ${via === 'live' ? 'as a live frame' : 'in a history'}`;
}

function range(first: number, last: number): string {
  return last < first ? 'nothing' : `${first} to ${last}`;
}

/** Both texts from a little before the place where they part. */
function excerpts(one: string, other: string): [string, string] {
  let same = 0;
  while (same < one.length && one[same] === other[same]) same += 1;
  const start = Math.max(0, same - 20);
  return [excerpt(one, start), excerpt(other, start)];
}

function excerpt(text: string, start: number): string {
  const end = start + EXCERPT;
  return `${start > 0 ? '...' : ''}${JSON.stringify(text.slice(start, end))}${end < text.length ? '...' : ''}`;
}
