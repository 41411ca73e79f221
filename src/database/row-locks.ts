import type { QueryRunner } from 'typeorm';
import type { About } from './write-queue.js';

/** The names of what a job is about, as they are compared within a node. */
export function keysOf({ room, user, session }: About): string[] {
  return [
    ...(room === undefined ? [] : [`room ${room}`]),
    ...(user === undefined ? [] : [`user ${user}`]),
    ...(session === undefined ? [] : [`session ${session}`]),
  ];
}

/**
 * Begins a transaction that is alone with what it is about, on all nodes: always first the room, then the user, so
 * that no two of them wait for each other. Statements that follow see what was committed before they begin (READ
 * COMMITTED, https://www.postgresql.org/docs/current/transaction-iso.html), so all of what others did here.
 *
 * Weaker than FOR UPDATE, because foreign keys have to be looked up meanwhile: by messages of the user in other rooms.
 */
export async function beginAlone(runner: QueryRunner, { room, user, session }: About): Promise<void> {
  // Several statements in one round trip can have no parameters; these are numbers.
  const begin = [
    'BEGIN',
    ...(room === undefined ? [] : [`SELECT FROM rooms WHERE id = ${Number(room)} FOR NO KEY UPDATE`]),
    ...(user === undefined ? [] : [`SELECT FROM users WHERE id = ${Number(user)} FOR NO KEY UPDATE`]),
  ];
  await runner.query(begin.join('; '));
  if (session === undefined) return;
  await runner.query(
    'SELECT FROM users WHERE id = (SELECT user_id FROM sessions WHERE id = $1) FOR NO KEY UPDATE',
    [session],
  );
}
