import type { EntityManager } from 'typeorm';
import { BoundTexts } from '../database/bound-texts.js';
import { insertForIds } from '../database/data-source-options.js';
import type { Message } from './message.entity.js';

/**
 * Stores messages with one statement and gives each its id. Numbers are written into the statement and texts
 * are bound: a bound value costs more than the row that it stands in.
 */
export async function insertMessages(manager: EntityManager, messages: readonly Message[]): Promise<void> {
  const texts = new BoundTexts(manager);
  const rows = messages.map(({ roomId, seq, userId, content, clientMsgId, replyTo, createdAt }) => {
    const boundId = clientMsgId === null ? 'NULL' : texts.bind(clientMsgId);
    return `(${roomId}, ${seq}, ${userId}, ${boundId}, ${replyTo ?? 'NULL'}, ${createdAt}, ${texts.bind(content)})`;
  });
  const ids = await insertForIds(
    manager,
    `INSERT INTO messages (room_id, seq, user_id, client_msg_id, reply_to, created_at, content)
      VALUES ${rows.join(', ')}`,
    texts.values,
    messages.length,
  );
  for (const [index, message] of messages.entries()) message.id = ids[index] ?? message.id;
}
