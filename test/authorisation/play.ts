import { expect } from '@jest/globals';
import { CALLERS, isRefusal, type Caller, type FrameOutcome, type Row } from './outcomes.js';
import type { Setting, Stage, Visibility } from './stage.js';
import { readStored } from './stored.js';

/** What a caller does in a setting; gives the outcome as the table writes it. */
export type Act = (setting: Setting, caller: Caller) => Promise<string>;

export interface Circumstances {
  /** What has to be there before: it may change something, although the act itself is refused. */
  readonly prepare?: (setting: Setting, caller: Caller) => Promise<void>;
  /** Who has to stand to the room as their name says beside the caller. */
  readonly beside?: readonly Caller[];
  /** No room matters, so one does for all. */
  readonly roomless?: boolean;
}

/**
 * Lets every caller act, and compares with the row. Those whom it refuses do so in one room, in which nothing may happen
 * by it: nothing is stored, and the members hear nothing. Each of the others has a room to themselves.
 */
export async function expectRow(
  stage: Stage,
  row: Row<FrameOutcome>,
  visibility: Visibility,
  act: Act,
  { prepare = async () => {}, beside = [], roomless = false }: Circumstances = {},
): Promise<void> {
  const answers: Partial<Record<Caller, string>> = {};
  const refused = CALLERS.filter((caller) => isRefusal(row[caller]));
  const setting = await stage.set(visibility, ...new Set([...refused, ...beside]));
  for (const caller of refused) await prepare(setting, caller);

  const before = await readStored(stage.server);
  const heard = await stage.heardDuring(async () => {
    for (const caller of refused) answers[caller] = await act(setting, caller);
  });
  const after = await readStored(stage.server);

  for (const caller of CALLERS.filter((one) => !refused.includes(one))) {
    const own = roomless ? setting : await stage.set(visibility, ...new Set([caller, ...beside]));
    await prepare(own, caller);
    answers[caller] = await act(own, caller);
  }
  expect(answers).toEqual(row);
  expect(after).toEqual(before);
  expect(heard).toEqual([]);
}
