import { InitialSchema1763830800000 } from './migrations/1763830800000-initial-schema.js';
import { Epochs1795467600000 } from './migrations/1795467600000-epochs.js';
import { Audit1795550000000 } from './migrations/1795550000000-audit.js';
import { RoomRoles1795560000000 } from './migrations/1795560000000-room-roles.js';
import { PostgresAppends1795600000000 } from './migrations/1795600000000-postgres-appends.js';
import { Nodes1795650000000 } from './migrations/1795650000000-nodes.js';
import { WsTickets1795700000000 } from './migrations/1795700000000-ws-tickets.js';

/** In the order in which they were released. A released one is never changed. */
export const migrations = [
  InitialSchema1763830800000,
  Epochs1795467600000,
  Audit1795550000000,
  RoomRoles1795560000000,
  PostgresAppends1795600000000,
  Nodes1795650000000,
  WsTickets1795700000000,
];
