import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TalkingServer } from '../support/talking-server.js';

let server: TalkingServer;
beforeEach(async () => {
  server = await TalkingServer.inFolder();
});
afterEach(() => server.remove());

describe('A log that cannot be written', () => {
  it('because nobody takes it any more does not stop the server, and SIGTERM still does', async () => {
    await server.start({ LOG_LEVEL: 'debug' });
    const ada = await server.person('ada');
    const room = await server.room(ada, 'lobby');
    const adas = await server.listen(ada, room);

    server.process.closeLog();

    // Each of these is a line.
    for (let count = 0; count < 8; count += 1) {
      const answer = await server.rest.post('/api/token', { username: `nobody${count}`, password: 'wrong' });
      expect(answer.status).toBe(401);
      await adas.say(`message ${count}`);
    }
    expect((await server.rest.get('/health/ready')).status).toBe(200);
    server.process.signal('SIGTERM');
    expect(await server.process.ended()).toEqual({ code: 0, signal: null });
  });
});
