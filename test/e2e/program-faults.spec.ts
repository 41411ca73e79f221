import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredMessage } from '../support/frames.js';
import { TalkingServer } from '../support/talking-server.js';

let server: TalkingServer;
beforeEach(async () => {
  server = await TalkingServer.inFolder();
});
afterEach(() => server.remove());

describe('A fault of the program itself', () => {
  it.each([
    ['an exception', `throw new Error('nobody thought of this')`],
    ['a rejected promise', `Promise.reject(new Error('nobody thought of this'))`],
  ])(
    'ends the process with 1 and says where, and nothing that was acknowledged is lost',
    async (_, fault) => {
      const plant = join(server.process.folder, 'fault.mjs');
      await writeFile(plant, `process.on('SIGUSR2', () => { ${fault}; });`);
      await server.start({ NODE_OPTIONS: `--import ${plant}` });
      const ada = await server.person('ada');
      const room = await server.room(ada, 'lobby');
      const adas = await server.listen(ada, room);
      for (let count = 0; count < 200; count += 1) adas.send({ content: `${count}`, ref: `${count}` });
      await adas.answerTo('0');

      server.process.signal('SIGUSR2');

      expect(await server.process.ended()).toEqual({ code: 1, signal: null });
      expect(server.process.errors).toMatch(/nobody thought of this\n\s+at .*fault\.mjs/);
      await adas.closed();
      const acked = adas.all('ack').map(({ seq }) => seq);
      await server.start();
      const again = await server.connect(ada);
      again.send({ type: 'join_room', room_id: room, after_seq: 0 });
      const stored: StoredMessage[] = (await again.wholeHistory()).flatMap(({ messages }) => messages);
      expect(acked.length).toBeGreaterThan(0);
      expect(stored.map(({ seq }) => seq).slice(0, acked.length)).toEqual(acked);
    },
  );
});
