import { integerIn, textIn, type Fields } from './fields.js';

/** What the demo checks of a message, however it came: live, in a history, or over REST. */
export interface ChatMessage {
  readonly seq: number;
  readonly id: number;
  readonly userId: number;
  readonly username: string;
  readonly content: string;
}

/** A message as one socket received it. */
export interface Sighting extends ChatMessage {
  readonly via: 'live' | 'history';
}

export function chatMessage(fields: Fields): ChatMessage {
  return {
    seq: integerIn(fields, 'seq'),
    id: integerIn(fields, 'id'),
    userId: integerIn(fields, 'user_id'),
    username: textIn(fields, 'username'),
    content: textIn(fields, 'content'),
  };
}

/** Keeps equal sightings once: hundreds of members see the same message. */
export class Sightings {
  private readonly bySeq = new Map<number, Sighting[]>();

  of(via: Sighting['via'], message: ChatMessage): Sighting {
    const known = this.bySeq.get(message.seq) ?? [];
    const equal = known.find((sighting) => sighting.via === via && sameMessage(sighting, message));
    if (equal) return equal;
    const sighting = { ...message, via };
    this.bySeq.set(message.seq, [...known, sighting]);
    return sighting;
  }
}

function sameMessage(one: ChatMessage, other: ChatMessage): boolean {
  return (
    one.seq === other.seq &&
    one.id === other.id &&
    one.userId === other.userId &&
    one.username === other.username &&
    one.content === other.content
  );
}
