/** The address of a fan-out. Opaque to everything below `rooms/`. */
export type Topic = string;

export const roomTopic = (roomId: number): Topic => `room:${roomId}`;
export const userTopic = (userId: number): Topic => `user:${userId}`;
export const nodeTopic = (name: string): Topic => `node:${name}`;
/** What every node listens to. */
export const EVERY_NODE: Topic = 'nodes';

/** The room behind a topic, or nothing when it is the topic of something else. */
export function roomOf(topic: Topic): number | undefined {
  const room = /^room:(\d+)$/.exec(topic)?.[1];
  return room === undefined ? undefined : Number(room);
}
