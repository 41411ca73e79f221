import { describe, expect, it } from '@jest/globals';
import { runProgram, stepsOf } from '../support/run-program.js';
import { runServer } from '../support/test-server.js';

/** The one that has the libraries: `scripts/test.mjs` looks for it. Debian's packages are for Debian's own. */
const PYTHON = process.env.INTEROP_PYTHON ?? '/usr/bin/python3';
const STORY = [
  ...['login', 'join', 'send and ack', 'receive', 'ping', 'cut', 'resume', 'room socket', 'refused'],
];

const server = runServer();

describe('A client on a library that shares no code with ours', () => {
  it.each(['websockets', 'autobahn'])('does all that a client has to do, with %s', async (library) => {
    // -B: no __pycache__ is left behind.
    const ran = await runProgram(PYTHON, '-B', `test/interop/${library}_client.py`, server.url);

    expect({ steps: stepsOf(ran), trouble: ran.code === 0 ? '' : ran.errors }).toEqual({
      steps: STORY,
      trouble: '',
    });
  });
});
