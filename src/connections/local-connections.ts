import { Injectable } from '@nestjs/common';
import { iso } from '../database/columns.js';
import type { Connection } from './connection.js';
import { ConnectionRegistry } from './connection-registry.js';
import type { ConnectionsQuestion, ConnectionsReport, Place } from './connections-report.parser.js';
import type { ConnectionDto } from './connections.dto.js';
import { LiveNodes } from './nodes/live-nodes.js';
import { roomOf, roomTopic } from './topics.js';

/** What this node says of its sockets, to its own operators and to the other nodes. */
@Injectable()
export class LocalConnections {
  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly nodes: LiveNodes,
  ) {}

  report(question: ConnectionsQuestion): ConnectionsReport {
    const node = this.nodes.name;
    const all = [...this.registry.connections];
    const first = firstAfter(question.after, node);
    const matching = all.filter((connection) => connection.number >= first && matches(connection, question));
    return {
      node,
      total: all.length,
      active: all.filter((connection) => connection.isActive).length,
      byRoom: this.byRoom(),
      rows: matching
        .slice(0, question.limit + 1)
        .map((connection) => ({ number: connection.number, connection: toDto(connection, node) })),
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

/** The number from which on the sockets of a node come after the place. */
function firstAfter(place: Place | undefined, node: string): number {
  if (place === undefined || node > place.node) return 0;
  return node === place.node ? place.number + 1 : Infinity;
}

function matches(connection: Connection, { userId, roomId, endpoint }: ConnectionsQuestion): boolean {
  if (userId !== undefined && connection.user?.id !== userId) return false;
  if (roomId !== undefined && !connection.topics.has(roomTopic(roomId))) return false;
  return endpoint === undefined || connection.admission.endpoint.name === endpoint;
}

function toDto(connection: Connection, node: string): ConnectionDto {
  const rooms = [...connection.topics].map(roomOf).filter((room) => room !== undefined);
  return {
    client_id: connection.id,
    node,
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
