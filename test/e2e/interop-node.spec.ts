import { describe, expect, it } from '@jest/globals';
import { runProgram, stepsOf } from '../support/run-program.js';
import { runServer } from '../support/test-server.js';

const STORY = ['login', 'join', 'send and ack', 'receive', 'ping', 'close', 'resume', 'refused'];

const server = runServer();

describe("Node's own fetch and WebSocket", () => {
  it('do all that a browser has to do, with tickets', async () => {
    const flags = ['--experimental-websocket', '--disable-warning=ExperimentalWarning'];
    const ran = await runProgram(process.execPath, ...flags, 'test/interop/node-client.mjs', server.url);

    expect({ steps: stepsOf(ran), trouble: ran.code === 0 ? '' : ran.errors }).toEqual({
      steps: STORY,
      trouble: '',
    });
  });
});
