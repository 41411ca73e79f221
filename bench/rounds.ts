import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Generator } from './generator.js';
import type { PeerName, ScenarioName } from './names.js';
import { hasRest, startPeer, type Ground } from './peers.js';
import { failed, type Reading } from './reading.js';
import { loadOverRest } from './rest-load.js';
import type { Effort, Scenario } from './scenarios.js';

export interface Run extends Reading {
  readonly scenario: ScenarioName;
  readonly peer: PeerName;
  readonly round: number;
  readonly at: string;
}

export interface Plan extends Effort {
  readonly rounds: number;
  readonly scenarios: readonly Scenario[];
  readonly peers: readonly PeerName[];
}

/**
 * Every peer has its turn in every scenario of every round, each time as a new process. Who comes first changes with
 * the round, so that nobody always follows the same one.
 */
export async function runRounds(
  { rounds, scenarios, peers, ...effort }: Plan,
  tools: { readonly generator: Generator; readonly ground: Ground; readonly folder: string },
  tell: (run: Run) => void,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const scenario of scenarios) {
      const able = peers.filter((peer) => !('rest' in scenario.load) || hasRest(peer));
      for (const peer of rotated(able, round - 1)) {
        const at = new Date().toISOString();
        const reading = await runOnce(peer, scenario, effort, tools);
        const run = { scenario: scenario.name, peer, round, at, ...reading };
        runs.push(run);
        tell(run);
      }
    }
  }
  return runs;
}

export function rotated<T>(all: readonly T[], by: number): T[] {
  const start = all.length === 0 ? 0 : by % all.length;
  return [...all.slice(start), ...all.slice(0, start)];
}

async function runOnce(
  peer: PeerName,
  { load }: Scenario,
  effort: Effort,
  { generator, ground, folder }: { generator: Generator; ground: Ground; folder: string },
): Promise<Reading> {
  const place = join(folder, 'run');
  rmSync(place, { recursive: true, force: true });
  try {
    const running = await startPeer(peer, place, ground);
    try {
      if ('rest' in load) return await loadOverRest(running, load.rest, effort.seconds);
      return await generator.load(running.server, running.approach, load.socket(effort), effort.seconds);
    } finally {
      await running.server.stop();
    }
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
