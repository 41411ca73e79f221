export const PEERS = ['parlor', 'ws-bare', 'ws-coalesce', 'socketio', 'nest'] as const;
export type PeerName = (typeof PEERS)[number];

export const SCENARIOS = [
  'fan1000',
  'fan10',
  'fan2',
  'rate1000',
  'alone',
  'idle',
  'rest-post',
  'rest-list',
  'sweep',
] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export const DURABILITIES = ['full', 'normal'] as const;
export type Durability = (typeof DURABILITIES)[number];

export const ATTACKS = [
  'slow headers',
  'slow bodies',
  'half-open handshakes',
  '64 MiB frames',
  'unfinished messages',
  'decompression bombs',
  'wrong log-ins, one address',
  'wrong log-ins, one account',
  'wrong log-ins, everybody',
  'upgrades with bad tokens',
  'frames without a pause',
] as const;
export type AttackName = (typeof ATTACKS)[number];

export function isAttack(name: string): name is AttackName {
  return ATTACKS.some((known) => known === name);
}
