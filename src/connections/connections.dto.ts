import { ApiProperty } from '@nestjs/swagger';
import { QueryInteger, Text } from '../protocol/fields.js';
import { PAGE_MAX } from '../protocol/limits.js';
import { ENDPOINT_NAMES, type EndpointName } from './endpoints.js';

export class ConnectionsQuery {
  @QueryInteger({ minimum: 1 }, { description: 'Only sockets of this user.' })
  user_id?: number;

  @QueryInteger({ minimum: 1 }, { description: 'Only sockets that listen to this room.' })
  room_id?: number;

  @Text({ enum: ENDPOINT_NAMES }, { description: 'Only sockets of this endpoint.', optional: true })
  endpoint?: EndpointName;

  @QueryInteger(
    { minimum: 1, maximum: PAGE_MAX },
    { description: 'Sockets in one answer.', default: PAGE_MAX },
  )
  limit?: number;

  @Text({ maxLength: 96 }, { description: '`next_cursor` of the page before.', optional: true })
  cursor?: string;
}

export class ConnectionDto {
  @ApiProperty({ format: 'uuid' })
  client_id: string;
  @ApiProperty({ description: 'The server that it is connected to: its `NODE_NAME`.', example: 'chat-1' })
  node: string;
  @ApiProperty({ enum: [...ENDPOINT_NAMES] })
  endpoint: EndpointName;
  @ApiProperty({ type: 'integer', nullable: true, description: 'Null on the public endpoints.' })
  user_id: number | null;
  @ApiProperty({ type: String, nullable: true })
  username: string | null;
  @ApiProperty({ type: 'array', items: { type: 'integer' }, description: 'The rooms that it listens to.' })
  rooms: number[];
  @ApiProperty({ example: '127.0.0.1' })
  address: string;
  @ApiProperty({ description: 'As the client sent it, cut at 256 characters.' })
  user_agent: string;
  @ApiProperty({ format: 'date-time', example: '2026-11-22T17:00:00.000Z' })
  connected_at: string;
  @ApiProperty({
    format: 'date-time',
    description: 'When its last frame came.',
    example: '2026-11-22T17:00:00.000Z',
  })
  last_active_at: string;
  @ApiProperty({ description: 'Whether it answered its last heartbeat.' })
  active: boolean;
  @ApiProperty({ type: 'integer', description: 'Bytes that wait for it to read.' })
  waiting_bytes: number;
  @ApiProperty({ type: 'integer', description: 'Bytes of live frames that wait for a catch-up to be done.' })
  held_bytes: number;
  @ApiProperty({
    type: 'integer',
    description: 'Bytes of frames that it has sent and that are not answered yet.',
  })
  queued_bytes: number;
  @ApiProperty({
    type: 'integer',
    description: 'Typing and presence frames dropped because it reads too slowly.',
  })
  dropped_frames: number;
}

export class NodeDto {
  @ApiProperty({ description: 'Its `NODE_NAME`.', example: 'chat-1' })
  node: string;
  @ApiProperty({ type: 'integer', nullable: true, description: 'Null when it did not answer.' })
  total_connections: number | null;
  @ApiProperty({
    description: 'Whether it answered. What it has is missing everywhere else in the answer if not.',
  })
  reachable: boolean;
}

export class ConnectionsDto {
  @ApiProperty({
    type: 'integer',
    description: 'Every open socket of every endpoint, on every node that answered.',
  })
  total_connections: number;
  @ApiProperty({ type: 'integer', description: 'Those that answered their last heartbeat.' })
  active_connections: number;
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    example: { '1': 2 },
    description: 'By room id: how many sockets listen to it. A socket counts once in each of its rooms.',
  })
  connections_by_room: Record<string, number>;
  @ApiProperty({
    type: [ConnectionDto],
    description: 'One page of those that pass the filters, node by node, oldest first.',
  })
  connections: ConnectionDto[];
  @ApiProperty({ type: [NodeDto], description: 'The servers on this database, by name.' })
  nodes: NodeDto[];
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Ask for the next page with it; null on the last.',
  })
  next_cursor: string | null;
}
