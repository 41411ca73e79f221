export type JwtAlgorithm = 'HS256' | 'HS384' | 'HS512';
export type Durability = 'full' | 'normal';
export type LogThreshold = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** Where everything is stored. */
export type DatabaseLocation = SqliteLocation | PostgresLocation;

export interface SqliteLocation {
  readonly kind: 'sqlite';
  /** Absolute path of the database file. */
  readonly file: string;
}

export interface RedisLocation {
  readonly url: string;
  /** Of every channel and key, for installations that share a Redis. */
  readonly prefix: string;
}

export interface PostgresLocation {
  readonly kind: 'postgres';
  /** As libpq writes it. It may hold a password: it goes to the driver, and nowhere else. */
  readonly url: string;
  /** Host and database, to name it to people. */
  readonly name: string;
  /** Connections of this server. */
  readonly pool: number;
  /** How long a statement may take, and how much of it may be waiting for a lock. In milliseconds. */
  readonly statementTimeout: number;
  readonly lockTimeout: number;
}

/**
 * The settings of one server, validated: no other code reads the environment. Times are milliseconds
 * unless the name says otherwise; the variables behind them are listed in docs/configuration.md.
 */
export class Settings {
  readonly database: DatabaseLocation;
  readonly durability: Durability;
  /** What carries envelopes between nodes; nothing when there is one node. */
  readonly redis: RedisLocation | undefined;
  /** What others call this server. */
  readonly nodeName: string;
  /** How long a node may be silent before the others take it for gone. */
  readonly nodeLease: number;
  readonly host: string;
  readonly port: number;
  readonly corsOrigins: readonly string[];
  readonly trustProxy: number;
  readonly logLevel: LogThreshold;
  /** Signs tokens. */
  readonly secretKey: string;
  /** Believed, but not signed with any more. */
  readonly oldSecretKeys: readonly string[];
  /** Where the keys are kept, unless the operator gives them. */
  readonly secretFile: string | undefined;
  readonly algorithm: JwtAlgorithm;
  readonly accessTokenSeconds: number;
  /** How long before a token ends its sockets are warned. */
  readonly tokenWarningSeconds: number;
  readonly refreshTokenDays: number;
  readonly bcryptCost: number;
  readonly limits: Limits;
  readonly logIn: LogInRules;
  readonly timeouts: Timeouts;
  /** Seconds for which a browser comes back over TLS only; 0 says nothing about it. */
  readonly hstsSeconds: number;
  readonly heartbeat: Heartbeat;
  readonly shutdownTimeout: number;
  /** Whether `/ws/conformance` exists. */
  readonly conformanceEndpoint: boolean;

  constructor(values: Settings) {
    Object.assign(this, values);
  }
}

/** So many a second on average, after so many at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Limits that an operator may move. Those that shape a field are in `protocol/limits.ts`. */
export interface Limits {
  /** Unicode code points of a message's content. */
  readonly messageLength: number;
  /** Bytes of one WebSocket message from a client. */
  readonly frameBytes: number;
  /** Bytes of one HTTP request body. */
  readonly bodyBytes: number;
  /** Frames of one socket. */
  readonly frames: Rate;
  /** Messages of one user, over all sockets and REST. */
  readonly messages: Rate;
  /** Frames of one socket that are refused for what is in them, before it is closed. */
  readonly wrongFrames: Rate;
  /** HTTP requests of one user, and of one address that does not say who it is. */
  readonly requests: Rate;
  readonly requestsPerAddress: Rate;
  /** Handshakes of sockets, of everybody together and of one address. */
  readonly upgrades: Rate;
  readonly upgradesPerAddress: Rate;
  readonly connections: number;
  readonly connectionsPerUser: number;
  readonly connectionsPerAddress: number;
  /** TCP connections that may be open beside those of sockets. */
  readonly httpConnections: number;
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

/** How wrong passwords are slowed down. */
export interface LogInRules {
  /** Wrong passwords for one account from one address before the next has to wait. */
  readonly failures: number;
  /** Wrong passwords from one address, whoever they are for. */
  readonly failuresPerAddress: number;
  readonly longestWait: number;
}

/** How long somebody may take, in milliseconds. */
export interface Timeouts {
  /** To send one HTTP request: from its connection, or its first byte, to its end. */
  readonly request: number;
  /** Without progress of the answer, and then until the next request. */
  readonly response: number;
  readonly keepAlive: number;
  /** Ours, to decide about a handshake. */
  readonly handshake: number;
  /** To send one WebSocket message, from its first frame to its last. */
  readonly message: number;
}

export interface Heartbeat {
  readonly interval: number;
  readonly timeout: number;
}
