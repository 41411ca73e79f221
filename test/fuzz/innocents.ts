import { expect } from '@jest/globals';
import type { SocketClient } from '../support/socket-client.js';
import type { Room, TestServer } from '../support/test-server.js';

/** Two who talk in a private room of theirs, and notice nothing of what goes on beside them. */
export class Innocents {
  /** Milliseconds of the slowest message from one to the other. */
  slowest = 0;
  private said = 0;

  private constructor(
    readonly room: Room,
    private readonly ann: SocketClient,
    private readonly bob: SocketClient,
  ) {}

  static async on(server: TestServer): Promise<Innocents> {
    const [ann, bob] = await server.people('ann', 'bob');
    const room = await server.privateRoomOf(ann, bob);
    const [anns, bobs] = await server.connectTo(room, ann, bob);
    return new Innocents(room, anns, bobs);
  }

  /** One says something and the other hears it, and nothing else has come in between. */
  async expectAnswered(): Promise<void> {
    const content = `undisturbed, ${(this.said += 1)}`;
    const begun = performance.now();
    await this.ann.say(content);
    const { seq, room_id } = await this.bob.next('message');
    this.slowest = Math.max(this.slowest, performance.now() - begun);
    expect({ seq, room_id }).toEqual({ seq: this.said, room_id: this.room.id });
    expect(this.bob.unread()).toEqual([]);
  }
}
