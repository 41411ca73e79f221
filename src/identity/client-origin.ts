import type { IncomingMessage } from 'node:http';
import { requestIdOf } from './request-id.js';

/** Longer than any address; X-Forwarded-For is text that anybody can send. */
const ADDRESS_MAX = 64;
const USER_AGENT_MAX = 256;

/** From where somebody came, as sessions, connections and audit entries keep it. */
export interface ClientOrigin {
  readonly address: string;
  readonly userAgent: string;
  /** The request, or the handshake of the socket, that they came with. */
  readonly requestId: string;
}

export function originOf(request: IncomingMessage, trustedProxies: number): ClientOrigin {
  return {
    address: addressOf(request, trustedProxies),
    userAgent: (request.headers['user-agent'] ?? '').slice(0, USER_AGENT_MAX),
    requestId: requestIdOf(request, trustedProxies),
  };
}

/**
 * The address of the client. Behind `trustedProxies` proxies, each of which appends the address that it
 * sees, the client is that many places from the end of X-Forwarded-For; what stands before was sent by the
 * client itself and proves nothing.
 */
function addressOf(request: IncomingMessage, trustedProxies: number): string {
  const forwarded = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const named = trustedProxies > 0 ? forwarded.at(-trustedProxies) : undefined;
  return (named ?? request.socket.remoteAddress ?? '').slice(0, ADDRESS_MAX);
}
