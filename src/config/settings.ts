export type JwtAlgorithm = 'HS256' | 'HS384' | 'HS512';
export type Durability = 'full' | 'normal';
export type LogThreshold = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** Where the log is stored. `postgresql://` is understood by the parser, but not served yet. */
export interface SqliteLocation {
  readonly kind: 'sqlite';
  /** Absolute path of the database file. */
  readonly file: string;
}

/**
 * The settings of one server, validated: no other code reads the environment. Times are milliseconds
 * unless the name says otherwise; the variables behind them are listed in docs/configuration.md.
 */
export class Settings {
  readonly database: SqliteLocation;
  readonly durability: Durability;
  readonly host: string;
  readonly port: number;
  readonly corsOrigins: readonly string[];
  readonly trustProxy: number;
  readonly logLevel: LogThreshold;
  readonly secretKey: string;
  readonly algorithm: JwtAlgorithm;
  readonly accessTokenSeconds: number;
  readonly refreshTokenDays: number;
  readonly bcryptCost: number;
  readonly limits: Limits;
  readonly heartbeat: Heartbeat;
  readonly shutdownTimeout: number;

  constructor(values: Settings) {
    Object.assign(this, values);
  }
}

/** Limits that an operator may move. Those that shape a field are in `protocol/limits.ts`. */
export interface Limits {
  /** Unicode code points of a message's content. */
  readonly messageLength: number;
  /** Bytes of one WebSocket message from a client. */
  readonly frameBytes: number;
  /** Bytes of one HTTP request body. */
  readonly bodyBytes: number;
  /** Frames per second and burst of one socket. */
  readonly framesPerSecond: number;
  readonly framesBurst: number;
  /** Messages per second and burst of one user, over all sockets and REST. */
  readonly messagesPerSecond: number;
  readonly messagesBurst: number;
  readonly connections: number;
  readonly connectionsPerUser: number;
  /** Rooms that one socket may listen to. */
  readonly roomsPerConnection: number;
  /** Log-ins and sign-ups that may wait for their password to be hashed. */
  readonly passwordsWaiting: number;
  /** Bytes that may wait on one socket before it is closed as too slow. */
  readonly waitingBytes: number;
  /** Rooms that one user may be a member of, and that one user may own. */
  readonly roomsPerUser: number;
  readonly roomsOwned: number;
  /** Invitations of one room that could be used. */
  readonly invitationsPerRoom: number;
}

export interface Heartbeat {
  readonly interval: number;
  readonly timeout: number;
}
