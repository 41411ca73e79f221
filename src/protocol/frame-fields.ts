/** Fields that many frames have, as the schemas describe them. */
export const USER_ID = { type: 'integer', description: 'The user.', example: 7 } as const;
export const USERNAME = { description: 'The name of the user at that time.', example: 'ada' };
export const ROOM_ID = { type: 'integer', description: 'The room.', example: 1 } as const;
export const TIMESTAMP = {
  format: 'date-time',
  description: 'UTC, ISO 8601.',
  example: '2026-11-22T17:00:00.000Z',
} as const;
export const EPOCH = {
  description:
    'Names this log as it is now. Kept together with the newest `seq`, and sent with `after_seq`, it tells a ' +
    'log that was restored or replaced from one that went on.',
  example: 'f2b1c6d0-7c3e-4a53-9b0e-5a1d0f6f7c11',
};
export const HEAD_SEQ = {
  type: 'integer',
  description: 'The newest `seq` of the room; 0 in an empty one.',
  example: 42,
} as const;
