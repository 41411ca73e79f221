import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import { PAGE_MAX } from '../protocol/limits.js';
import {
  decodeQuestion,
  decodeReport,
  encodeBody,
  type ConnectionsQuestion,
  type ConnectionsReport,
  type Place,
} from './connections-report.parser.js';
import type { ConnectionsDto, ConnectionsQuery, NodeDto } from './connections.dto.js';
import { LocalConnections } from './local-connections.js';
import { LiveNodes } from './nodes/live-nodes.js';
import { OtherNodes } from './nodes/other-nodes.js';

/** What operators see of the open sockets, of all nodes together. */
@Injectable()
export class ConnectionsService implements OnModuleInit {
  constructor(
    private readonly local: LocalConnections,
    private readonly nodes: LiveNodes,
    private readonly others: OtherNodes,
  ) {}

  onModuleInit(): void {
    this.others.answerWith((question) => encodeBody(this.local.report(decodeQuestion(question))));
  }

  /** @throws AppError `invalid_input` for a cursor that is none of ours */
  async overview(query: ConnectionsQuery): Promise<ConnectionsDto> {
    const question = questionOf(query);
    const own = this.local.report(question);
    const answers = await this.others.ask(encodeBody(question));
    const reports = [own, ...answers.map(decodeReport)];
    return {
      total_connections: sum(reports.map(({ total }) => total)),
      active_connections: sum(reports.map(({ active }) => active)),
      connections_by_room: byRoom(reports),
      nodes: this.nodesOf(reports),
      ...pageOf(reports, question),
    };
  }

  /** Those that answered, and those that live but did not. */
  private nodesOf(reports: readonly ConnectionsReport[]): NodeDto[] {
    const answered = new Set(reports.map(({ node }) => node));
    const silent = this.nodes.others.filter((name) => !answered.has(name));
    return [
      ...reports.map(({ node, total }) => ({ node, total_connections: total, reachable: true })),
      ...silent.map((node) => ({ node, total_connections: null, reachable: false })),
    ].sort((one, other) => order(one.node, other.node));
  }
}

function questionOf({ user_id, room_id, endpoint, limit, cursor }: ConnectionsQuery): ConnectionsQuestion {
  const after = cursor === undefined ? undefined : placeOf(cursor);
  return { userId: user_id, roomId: room_id, endpoint, after, limit: limit ?? PAGE_MAX };
}

/** Each node has sent what could be on the page, so the page is the beginning of all that together. */
function pageOf(
  reports: readonly ConnectionsReport[],
  { limit }: ConnectionsQuestion,
): Pick<ConnectionsDto, 'connections' | 'next_cursor'> {
  const rows = reports
    .flatMap(({ node, rows }) => rows.map((row) => ({ ...row, node })))
    .sort((one, other) => order(one.node, other.node) || one.number - other.number);
  const last = rows[limit - 1];
  return {
    connections: rows.slice(0, limit).map(({ connection }) => connection),
    next_cursor: last !== undefined && rows.length > limit ? cursorOf(last) : null,
  };
}

function byRoom(reports: readonly ConnectionsReport[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const report of reports) {
    for (const [room, count] of Object.entries(report.byRoom)) counts[room] = (counts[room] ?? 0) + count;
  }
  return counts;
}

/** The same on every node, whatever its language is. */
function order(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** A place between two sockets survives their closing, and the end of their node. */
function cursorOf({ number, node }: Place): string {
  return `${number}:${node}`;
}

function placeOf(cursor: string): Place {
  const [, number, node] = /^(\d{1,15}):(.+)$/s.exec(cursor) ?? [];
  if (number === undefined || node === undefined) {
    throw new AppError('invalid_input', {
      errors: [{ field: 'cursor', message: 'cursor is not one of ours' }],
    });
  }
  return { node, number: Number(number) };
}
