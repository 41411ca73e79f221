import { constants, runInThisContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import * as ws from 'ws';
import { AppError } from '../../src/errors/app-error.js';

/** What a program of Node's own gets, past Jest. */
function withoutJest(code: string): unknown {
  return runInThisContext(code, { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER });
}

describe('The tests', () => {
  it('run in the realm of Node itself', () => {
    expect(withoutJest('Array')).toBe(Array);
    expect(new AppError('room_not_found')).toBeInstanceOf(withoutJest('Error'));
  });

  it('have the packages that Node has loaded, once for all of them', async () => {
    expect(await withoutJest("import('ws')")).toHaveProperty('WebSocket', ws.WebSocket);
  });
});
