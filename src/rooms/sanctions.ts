import { IsNull, MoreThan } from 'typeorm';
import { MAX_ID } from '../database/columns.js';
import { PAGE_MAX } from '../protocol/limits.js';
import type { SanctionDto, SanctionsQuery } from './sanctions.dto.js';

/** How long a ban or a mute lasts, in milliseconds since the epoch, and why there is one. */
export interface Terms {
  /** Nothing: until it is lifted. */
  readonly until: number | null;
  readonly reason: string | null;
}

export interface SanctionsPage<T> {
  readonly sanctions: readonly T[];
  /** After whom the next page begins; nothing on the last one. */
  readonly next: number | undefined;
}

export function termsOf({ seconds, reason }: SanctionDto): Terms {
  return { until: seconds == null ? null : Date.now() + seconds * 1_000, reason: reason ?? null };
}

/** What an audit entry keeps of them. */
export function factsOf({ until, reason }: Terms): Record<string, number | string | null> {
  return { until, reason };
}

/** Finds the bans or mutes of a room that are in force, and one more than asked for: it tells whether a page follows. */
export function inForce(roomId: number, { after = 0, limit = PAGE_MAX }: SanctionsQuery) {
  const ofPage = { roomId, userId: MoreThan(Math.min(after, MAX_ID)) };
  return {
    where: [
      { ...ofPage, until: IsNull() },
      { ...ofPage, until: MoreThan(Date.now()) },
    ],
    relations: { user: true as const },
    order: { userId: 'ASC' as const },
    take: limit + 1,
  };
}

export function pageOf<T extends { readonly user_id: number }>(
  found: readonly T[],
  { limit = PAGE_MAX }: SanctionsQuery,
): SanctionsPage<T> {
  const sanctions = found.slice(0, limit);
  return { sanctions, next: found.length > limit ? sanctions.at(-1)?.user_id : undefined };
}
