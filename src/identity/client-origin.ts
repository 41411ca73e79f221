import type { IncomingMessage } from 'node:http';
import { requestIdOf } from './request-id.js';
import { isIPv6 } from 'node:net';

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

/**
 * Whom an address is counted as. An IPv6 user has a network of 2^64 addresses to choose from (RFC 4291, 2.5.1;
 * RFC 6177), so there it is the network; an IPv4 address that is written as IPv6 is the same as without. Some
 * proxies write the port as well, which is another for each connection.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const bare = /^\[(.*)\](?::\d+)?$/.exec(address)?.[1] ?? address.replace(/^([\d.]+):\d+$/, '$1');
  const [unzoned = ''] = bare.split('%');
  if (!isIPv6(unzoned)) return bare;
  const groups = groupsOf(unzoned);
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The eight groups of an IPv6 address. The URL parser knows every way to write one. */
function groupsOf(address: string): number[] {
  const [front = '', back] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [head, tail] = [front, back ?? ''].map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(8 - (head?.length ?? 0) - (tail?.length ?? 0)).fill('0');
  return [...(head ?? []), ...zeros, ...(tail ?? [])].map((group) => parseInt(group, 16));
}
