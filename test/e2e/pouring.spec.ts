import { describe, expect, it } from '@jest/globals';
import { RawSocket, upgradeRequest } from '../support/raw-socket.js';
import { runServer } from '../support/test-server.js';

const MIB = 1024 * 1024;
/** What both kernels keep for a reader that does not read, and what the server throws away. */
const KEPT_AT_MOST = 24 * MIB;

/** The header of a masked text frame (RFC 6455, 5.2) that promises so many bytes. */
function headerOf(length: number): Buffer {
  const header = Buffer.alloc(14);
  header[0] = 0x81;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

/** Writes as fast as it is read, until there is nobody to read it. Resolves to the bytes that left. */
async function pour({ socket }: RawSocket): Promise<number> {
  const chunk = Buffer.alloc(64 * 1024, 0x20);
  let left = 0;
  await new Promise<void>((resolve) => {
    const write = (): void => {
      let goesOn = true;
      while (goesOn && socket.writable) {
        goesOn = socket.write(chunk, (error) => {
          if (!error) left += chunk.length;
        });
      }
    };
    socket.on('drain', write);
    socket.once('close', () => resolve());
    write();
  });
  return left;
}

describe('Somebody whose socket is closed for a frame that is too large', () => {
  const server = runServer();

  it('and who pours on is read no further, told why, and cut', async () => {
    const socket = await RawSocket.open(server.url, true);
    socket.write(upgradeRequest('/ws'));
    await socket.upgraded();

    socket.write(headerOf(1024 * MIB));
    const [left, code] = await Promise.all([pour(socket), socket.closeCode()]);

    expect(code).toBe(1009);
    expect(left).toBeLessThan(KEPT_AT_MOST);
  });
});
