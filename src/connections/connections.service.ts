import { Injectable } from '@nestjs/common';
import { iso } from '../database/columns.js';
import { AppError } from '../errors/app-error.js';
import { PAGE_MAX } from '../protocol/limits.js';
import type { Connection } from './connection.js';
import { ConnectionRegistry } from './connection-registry.js';
import type { ConnectionDto, ConnectionsDto, ConnectionsQuery } from './connections.dto.js';
import { roomOf, roomTopic } from './topics.js';

/** What operators see of the open sockets. */
@Injectable()
export class ConnectionsService {
  constructor(private readonly registry: ConnectionRegistry) {}

  overview(query: ConnectionsQuery): ConnectionsDto {
    const all = [...this.registry.connections];
    const matching = all.filter((connection) => matches(connection, query));
    const start = query.cursor === undefined ? 0 : afterCursor(matching, query.cursor);
    const page = matching.slice(start, start + (query.limit ?? PAGE_MAX));
    const last = page.at(-1);
    const isLastPage = last === undefined || last === matching.at(-1);
    return {
      total_connections: all.length,
      active_connections: all.filter((connection) => connection.isActive).length,
      connections_by_room: this.byRoom(),
      connections: page.map(toDto),
      next_cursor: isLastPage ? null : cursorOf(last),
    };
  }

  private byRoom(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [topic, count] of this.registry.countByTopic()) {
      const room = roomOf(topic);
      if (room !== undefined) counts[room] = count;
    }
    return counts;
  }
}

function matches(connection: Connection, { user_id, room_id, endpoint }: ConnectionsQuery): boolean {
  if (user_id !== undefined && connection.user?.id !== user_id) return false;
  if (room_id !== undefined && !connection.topics.has(roomTopic(room_id))) return false;
  return endpoint === undefined || connection.admission.endpoint.name === endpoint;
}

/** Sockets keep the order in which they opened, so a place between two of them survives their closing. */
function cursorOf(connection: Connection): string {
  return String(connection.number);
}

function afterCursor(connections: Connection[], cursor: string): number {
  const number = /^\d{1,15}$/.test(cursor) ? Number(cursor) : NaN;
  if (Number.isNaN(number)) {
    throw new AppError('invalid_input', {
      errors: [{ field: 'cursor', message: 'cursor is not one of ours' }],
    });
  }
  const next = connections.findIndex((connection) => connection.number > number);
  return next === -1 ? connections.length : next;
}

function toDto(connection: Connection): ConnectionDto {
  const rooms = [...connection.topics].map(roomOf).filter((room) => room !== undefined);
  return {
    client_id: connection.id,
    endpoint: connection.admission.endpoint.name,
    user_id: connection.user?.id ?? null,
    username: connection.user?.username ?? null,
    rooms,
    address: connection.admission.address,
    user_agent: connection.admission.userAgent,
    connected_at: iso(connection.openedAt),
    last_active_at: iso(connection.lastActiveAt),
    active: connection.isActive,
    waiting_bytes: connection.waitingBytes,
    held_bytes: connection.heldBytes,
    queued_bytes: connection.queuedBytes,
    dropped_frames: connection.droppedFrames,
  };
}
