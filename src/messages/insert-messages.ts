import type { EntityManager } from 'typeorm';
import { BoundValues } from '../database/bound-values.js';
import { insertForIds } from '../database/sqlite-options.js';
import type { Message } from './message.entity.js';

/** Stores messages with one statement and gives each its id. */
export async function insertMessages(manager: EntityManager, messages: readonly Message[]): Promise<void> {
  const bound = new BoundValues(manager, messages.length);
  const rows = messages.map(({ roomId, seq, userId, content, clientMsgId, replyTo, createdAt }) => {
    const numbers = bound.numbers(roomId, seq, userId, replyTo, createdAt);
    return `(${numbers}, ${bound.text(clientMsgId)}, ${bound.text(content)})`;
  });
  const ids = await insertForIds(
    manager,
    `INSERT INTO messages (room_id, seq, user_id, reply_to, created_at, client_msg_id, content)
      VALUES ${rows.join(', ')}`,
    bound.values,
    messages.length,
  );
  for (const [index, message] of messages.entries()) message.id = ids[index] ?? message.id;
}
