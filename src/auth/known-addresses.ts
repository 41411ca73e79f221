import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { BatchedRead } from '../database/batched-read.js';
import { BoundValues } from '../database/bound-values.js';
import { foldName } from '../database/fold-name.js';
import { ReadTurns } from '../database/read-turns.js';
import { Session } from './session.entity.js';

interface Whereabouts {
  readonly account: string;
  readonly address: string;
}

/** Tells who has been at an address before from those who come there for the first time. */
@Injectable()
export class KnownAddresses {
  private readonly known: BatchedRead<Whereabouts, boolean>;

  constructor(@InjectRepository(Session) sessions: Repository<Session>, turns: ReadTurns) {
    this.known = new BatchedRead(turns, (asked) => readKnown(sessions.manager, asked));
  }

  /** Whether a session of this user, ended or not but still kept, was begun or last refreshed at the address. */
  includes(username: string, address: string): Promise<boolean> {
    return this.known.ask({ account: foldName(username), address });
  }
}

/** Plain rows, and one query for all: it is asked most often while somebody floods the server with log-ins. */
async function readKnown(manager: EntityManager, asked: readonly Whereabouts[]): Promise<boolean[]> {
  const bound = new BoundValues(manager, asked.length);
  const pairs = asked.map(({ account, address }) => `(${bound.text(account)}, ${bound.text(address)})`);
  const rows = await manager.query<Whereabouts[]>(
    `SELECT DISTINCT pair.column1 AS account, pair.column2 AS address
     FROM (VALUES ${pairs.join(', ')}) AS pair
     JOIN users ON users.username_key = pair.column1
     JOIN sessions ON sessions.user_id = users.id AND sessions.address = pair.column2`,
    bound.values,
  );
  const known = new Set(rows.map(keyOf));
  return asked.map((one) => known.has(keyOf(one)));
}

function keyOf({ account, address }: Whereabouts): string {
  return JSON.stringify([account, address]);
}
