import { ApiProperty } from '@nestjs/swagger';
import { Integer, QueryInteger, Text } from '../protocol/fields.js';
import { CLIENT_MSG_ID_MAX, HISTORY_DEFAULT, PAGE_MAX } from '../protocol/limits.js';
import { HistoryMessage } from '../protocol/server-frames.js';

export class SendMessageDto {
  @Text({}, { description: 'The text.', example: 'hello' })
  content: string;

  @Text(
    { maxLength: CLIENT_MSG_ID_MAX },
    {
      description: 'Makes a retry harmless: the same id gives the original message.',
      optional: true,
      example: '0b9c2a1e',
    },
  )
  client_msg_id?: string | null;

  @Integer({ minimum: 1 }, { description: 'The id of a message of the same room.', optional: true })
  reply_to?: number | null;

  @Integer({ minimum: 1 }, { description: 'Accepted from old clients; the path wins.', optional: true })
  room_id?: number | null;
}

export class MessagesQuery {
  @QueryInteger({ minimum: 1 }, { description: 'Only messages before this `seq`, the newest of them.' })
  before?: number;

  @QueryInteger({ minimum: 0 }, { description: 'Only messages after this `seq`, the oldest of them.' })
  after?: number;

  @QueryInteger({ minimum: 1 }, { description: 'Messages on both sides of this `seq`.' })
  around?: number;

  @QueryInteger(
    { minimum: 1, maximum: PAGE_MAX },
    { description: 'Messages in one answer.', default: HISTORY_DEFAULT },
  )
  limit?: number;

  @QueryInteger(
    { minimum: 0 },
    {
      description: 'For old clients: messages to pass over, counted from the newest. Not with a place.',
      default: 0,
    },
  )
  skip?: number;
}

export class MessageDto extends HistoryMessage {
  @ApiProperty({ type: 'integer', description: 'The room.', example: 1 })
  room_id: number;
  @ApiProperty({
    format: 'date-time',
    description: 'The same as `timestamp`.',
    example: '2026-11-22T17:00:00.000Z',
  })
  created_at: string;
}
