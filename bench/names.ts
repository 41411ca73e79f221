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
