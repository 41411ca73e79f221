import { Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { networkOf, originOf, type ClientOrigin } from '../identity/client-origin.js';
import { EPOCH_MAX } from '../protocol/limits.js';
import type { Admission, UserConnection } from './connection.js';
import type { Cursor } from './catch-up.js';
import { checkHeaders } from './check-headers.js';
import { endpointAt, type Endpoint } from './endpoints.js';
import { Seats, type Seat } from './seats.js';
import { UpgradeBudget } from './upgrade-budget.js';

/** What a socket showed to prove who is behind it. */
export interface Credentials {
  readonly token?: string;
  readonly ticket?: string;
}

/** Names who a user and a session are, before the database is asked. See {@link Seats.book}. */
export type Book = (userId: number, sessionId: string) => Promise<void>;

/** Decides who is behind a socket. `auth/` implements it. */
export interface Authenticator {
  /** @throws AppError `not_authenticated` | `token_expired`, or what `book` throws */
  authenticate(credentials: Credentials, origin: ClientOrigin, book: Book): Promise<AuthenticatedUser>;
}

/** Decides who may open a room socket, and listens to the room once it is open. `rooms/` implements it. */
export interface RoomEntrance {
  /** @throws AppError `room_not_found` | `room_is_private` | `banned` */
  admit(user: AuthenticatedUser, roomId: number): Promise<void>;
  enter(connection: UserConnection, roomId: number, cursor: Cursor | undefined): Promise<void>;
}

export interface Decision {
  readonly admission: Admission;
  readonly seat: Seat;
}

/**
 * Decides about a socket before it is upgraded, so that a refusal is an HTTP status with a problem document
 * and costs no socket.
 */
@Injectable()
export class Handshake {
  private authenticator: Authenticator | undefined;
  private entrance: RoomEntrance | undefined;
  private draining = false;

  constructor(
    private readonly settings: Settings,
    private readonly seats: Seats,
    private readonly budget: UpgradeBudget,
  ) {}

  authenticateWith(authenticator: Authenticator): void {
    this.authenticator = authenticator;
  }

  enterRoomsThrough(entrance: RoomEntrance): void {
    this.entrance = entrance;
  }

  get roomEntrance(): RoomEntrance {
    if (!this.entrance) throw new Error('No room entrance is set.');
    return this.entrance;
  }

  /** Lets nobody in from here on. */
  drain(): void {
    this.draining = true;
  }

  get isDraining(): boolean {
    return this.draining;
  }

  /**
   * Whoever gets a decision owns its seat and releases it when the socket closes.
   *
   * @throws AppError with the status that refuses the upgrade
   */
  async decide(request: IncomingMessage): Promise<Decision> {
    if (this.draining) throw new AppError('shutting_down');
    const origin = originOf(request, this.settings.trustProxy);
    const network = networkOf(origin.address);
    this.budget.spend(network);
    checkHeaders(request);
    checkUpgrade(request);
    const url = urlOf(request);
    const endpoint = this.endpointOf(url);
    this.checkOrigin(request);
    const cursor = cursorOf(url);
    const seat = this.seats.take(network);
    try {
      const needsUser = endpoint.name === 'auth' || endpoint.name === 'room';
      const credentials = credentialsOf(request, url);
      const user = needsUser ? await this.userOf(credentials, origin, seat) : undefined;
      if (user && endpoint.roomId !== undefined) await this.roomEntrance.admit(user, endpoint.roomId);
      if (seat.revoked || this.draining)
        throw new AppError(this.draining ? 'shutting_down' : 'not_authenticated');
      return { admission: { endpoint, user, cursor, ...origin }, seat };
    } catch (error) {
      this.seats.release(seat);
      throw error;
    }
  }

  /** @throws AppError `route_not_found` */
  private endpointOf(url: URL): Endpoint {
    const endpoint = endpointAt(url.pathname);
    const isThere = endpoint?.name !== 'conformance' || this.settings.conformanceEndpoint;
    if (!endpoint || !isThere) throw new AppError('route_not_found');
    return endpoint;
  }

  private async userOf(
    credentials: Credentials,
    origin: ClientOrigin,
    seat: Seat,
  ): Promise<AuthenticatedUser> {
    if (!this.authenticator) throw new Error('No authenticator is set.');
    return this.authenticator.authenticate(credentials, origin, (userId, sessionId) =>
      this.seats.book(seat, userId, sessionId),
    );
  }

  /**
   * Browsers name the page's origin and let any page connect, so the server has to look (RFC 6455, 10.2).
   * Programs send no origin; they prove themselves with a token, never with a cookie.
   */
  private checkOrigin(request: IncomingMessage): void {
    const { origin, host } = request.headers;
    if (origin === undefined) return;
    const { corsOrigins } = this.settings;
    if (corsOrigins.includes(origin) || corsOrigins.includes('*')) return;
    if (host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)) return;
    throw new AppError('origin_not_allowed');
  }
}

/**
 * What ws would refuse (RFC 6455, 4.2.1), looked at before anybody becomes a member of anything by it.
 *
 * @throws AppError `method_not_allowed` | `bad_request` | `upgrade_required`
 */
function checkUpgrade({ method, headers, httpVersion }: IncomingMessage): void {
  if (method !== 'GET') throw new AppError('method_not_allowed');
  if (httpVersion !== '1.1') throw new AppError('bad_request');
  if (headers.upgrade?.toLowerCase() !== 'websocket') throw new AppError('bad_request');
  if (headers['sec-websocket-version'] !== '13') throw new AppError('upgrade_required');
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')) throw new AppError('bad_request');
  const protocols = headers['sec-websocket-protocol'];
  if (protocols !== undefined && !areProtocols(protocols)) throw new AppError('bad_request');
}

/** Tokens, each once (RFC 6455, 4.1; RFC 9110, 5.6.2). None of them is spoken here, but what is no list of them is refused. */
function areProtocols(header: string): boolean {
  const names = header.split(',');
  const areTokens = names.every((name) => /^[ \t]*[!#$%&'*+.^_`|~\w-]+[ \t]*$/.test(name));
  return areTokens && new Set(names.map((name) => name.trim())).size === names.length;
}

function urlOf(request: IncomingMessage): URL {
  const target = request.url ?? '/';
  if (!target.startsWith('/') || !URL.canParse(target, 'http://parlor')) throw new AppError('bad_request');
  return new URL(`http://parlor${target}`);
}

function credentialsOf(request: IncomingMessage, url: URL): Credentials {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  const token = bearer ?? url.searchParams.get('token') ?? undefined;
  if (token !== undefined) return { token };
  const ticket = url.searchParams.get('ticket') ?? undefined;
  return ticket === undefined ? {} : { ticket };
}

/** An epoch without a place says nothing, and is ignored. */
function cursorOf(url: URL): Cursor | undefined {
  const after = onlyOne(url, 'after_seq', (raw) => /^\d{1,15}$/.test(raw), 'a whole number of at least 0');
  const epoch = onlyOne(
    url,
    'epoch',
    (raw) => raw.length <= EPOCH_MAX,
    `text of at most ${EPOCH_MAX} characters`,
  );
  return after === undefined ? undefined : { after: Number(after), epoch: epoch === '' ? undefined : epoch };
}

/** @throws AppError `invalid_input` when the parameter is wrong, or there twice */
function onlyOne(
  url: URL,
  field: string,
  isRight: (raw: string) => boolean,
  rule: string,
): string | undefined {
  const [raw, ...more] = url.searchParams.getAll(field);
  if (raw === undefined || (more.length === 0 && isRight(raw))) return raw;
  throw new AppError('invalid_input', { errors: [{ field, message: `${field} must be ${rule}` }] });
}
