import type { ConnectionDto } from './connections.dto.js';
import type { EndpointName } from './endpoints.js';

/** Which page of sockets somebody wants to see. */
export interface ConnectionsQuestion {
  readonly userId?: number | undefined;
  readonly roomId?: number | undefined;
  readonly endpoint?: EndpointName | undefined;
  /** The last socket of the page before. */
  readonly after?: Place | undefined;
  /** Rows of the page. Each node answers with one more if it can, so that it is known whether the page is the last. */
  readonly limit: number;
}

/** Where a socket stands in the list: nodes by their names, and on each the order in which sockets have opened. */
export interface Place {
  readonly node: string;
  readonly number: number;
}

interface Row {
  readonly number: number;
  readonly connection: ConnectionDto;
}

/** What one node says of its sockets. */
export interface ConnectionsReport {
  readonly node: string;
  readonly total: number;
  readonly active: number;
  /** By room id. */
  readonly byRoom: Readonly<Record<string, number>>;
  /** Those that the question asks for, in their order. */
  readonly rows: readonly Row[];
}

export function encodeBody(body: ConnectionsQuestion | ConnectionsReport): Buffer {
  return Buffer.from(JSON.stringify(body));
}

/** As {@link encodeBody} has written it: a node of another version has envelopes of another version. */
export function decodeQuestion(body: Buffer): ConnectionsQuestion {
  return JSON.parse(body.toString()) as ConnectionsQuestion;
}

export function decodeReport(body: Buffer): ConnectionsReport {
  return JSON.parse(body.toString()) as ConnectionsReport;
}
