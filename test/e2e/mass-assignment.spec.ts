import { beforeAll, describe, expect, it } from '@jest/globals';
import { CASES, pathFor, type Case } from '../authorisation/routes.js';
import { Stage, type Setting } from '../authorisation/stage.js';
import { readStored } from '../authorisation/stored.js';
import { ServedDocument } from '../fuzz/served-document.parser.js';
import { expectWrongFields } from '../support/problems.js';
import { runServer } from '../support/test-server.js';

const server = runServer({ DURABILITY: 'normal' });
let stage: Stage;
let declared: Map<string, string[]>;
beforeAll(async () => {
  stage = await Stage.on(server);
  const { operations } = await ServedDocument.of(server);
  declared = new Map(
    operations.map(({ method, path, fields = {} }) => [
      `${method} ${path.replace(/\/$/, '')}`,
      Object.keys(fields),
    ]),
  );
});

/** What the server decides itself, and somebody would like to decide for it. */
const OURS: Readonly<Record<string, unknown>> = {
  id: 1,
  seq: 1,
  user_id: 1,
  owner_id: 1,
  room_id: 1,
  session_id: 'of somebody else',
  role: 'admin',
  is_admin: true,
  is_active: true,
  is_member: true,
  head_seq: 0,
  created_at: '2020-01-01T00:00:00.000Z',
  timestamp: '2020-01-01T00:00:00.000Z',
  edited_at: null,
  password_hash: '$2b$04$',
};

const WITH_BODIES = CASES.filter(({ entry }) => entry.body !== undefined);

describe.each(WITH_BODIES.map((one) => ({ title: one.title, one })))('The body of $title', ({ one }) => {
  it('takes no field that the server fills in, and nothing is written', async () => {
    const setting = await stage.set('public', 'owner');
    const known = declared.get(`${one.method} ${one.path}`) ?? [];
    const foreign = Object.entries(OURS).filter(([field]) => !known.includes(field));
    const before = await readStored(server);

    for (const [field, value] of foreign) {
      expectWrongFields(await send(one, setting, { [field]: value }), field);
    }

    expect(foreign.length).toBeGreaterThan(10);
    expect(await readStored(server)).toEqual(before);
  });
});

function send(one: Case, setting: Setting, further: object) {
  const body = { ...one.entry.body?.(setting, 'owner'), ...further };
  return server.rest.request(one.method, pathFor(one, setting, 'owner'), { as: setting.owner, body });
}

describe('A message with fields that the server fills in', () => {
  it('is stored and shown as what it is, whoever its sender would like to be', async () => {
    const { room, owner, bystander, elsewhere, person } = await stage.set('public', 'member');
    const author = person('member');
    const [authors, bystanders] = await server.connectTo(room, author, bystander);
    const pretended = {
      ...OURS,
      user_id: owner.id,
      username: owner.username,
      room_id: elsewhere.room.id,
      seq: 77,
      from: owner.id,
    };

    const { id, seq } = await authors.say('whose is it?', pretended);

    expect({ isNew: id > 1, seq }).toEqual({ isNew: true, seq: 2 });
    const shown = await bystanders.next('message');
    expect(shown).toMatchObject({
      id,
      seq,
      user_id: author.id,
      username: author.username,
      room_id: room.id,
      edited_at: null,
    });
    expect(Date.now() - Date.parse(shown.timestamp)).toBeLessThan(60_000);
    const stored = await server.database.query('SELECT * FROM messages WHERE id = ?', [id]);
    expect(stored).toMatchObject([{ room_id: room.id, seq, user_id: author.id, edited_at: null }]);
  });

  it.each(['typing', 'join_room', 'leave_room'])(
    'and a %s frame is about its sender, whomever it names',
    async (type) => {
      const { room, owner, bystander, person } = await stage.set('public', 'member');
      const author = type === 'join_room' ? person('stranger') : person('member');
      const [authors] = await server.connect(author);
      const [bystanders] = await server.connectTo(room, bystander);
      bystanders.unread();

      const answer = await authors.ask({
        ...OURS,
        type,
        room_id: room.id,
        user_id: owner.id,
        username: owner.username,
      });

      expect(answer.type).toBe('ack');
      await bystanders.settled();
      const heard = bystanders.unread().filter((frame) => 'user_id' in frame);
      expect(heard).toMatchObject([{ user_id: author.id, username: author.username, room_id: room.id }]);
      const members = await server.database.query('SELECT user_id FROM memberships WHERE room_id = ?', [
        room.id,
      ]);
      expect(members.map(({ user_id }) => user_id)).toContain(owner.id);
    },
  );
});
