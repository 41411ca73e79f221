import { createHash } from 'node:crypto';

/**
 * Chance from a text: the same text gives the same numbers, on every machine. `fork` makes an independent
 * source for each part of the plan, so that more draws in one part do not move another.
 *
 * The generator is sfc32 of PractRand (Chris Doty-Humphrey), seeded with SHA-256.
 */
export class Random {
  private readonly state: Uint32Array;

  constructor(private readonly seed: string) {
    const hash = createHash('sha256').update(seed).digest();
    this.state = Uint32Array.from([0, 4, 8, 12], (offset) => hash.readUInt32LE(offset));
  }

  fork(part: string): Random {
    return new Random(`${this.seed}/${part}`);
  }

  /** From 0, without 1. */
  next(): number {
    const [a = 0, b = 0, c = 0, counter = 0] = this.state;
    const sum = (a + b + counter) >>> 0;
    this.state[3] = counter + 1;
    this.state[0] = b ^ (b >>> 9);
    this.state[1] = c + (c << 3);
    this.state[2] = ((c << 21) | (c >>> 11)) + sum;
    return sum / 2 ** 32;
  }

  /** A whole number, both ends included. */
  integer(lowest: number, highest: number): number {
    return lowest + Math.floor(this.next() * (highest - lowest + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Waiting times of things that happen by themselves: mostly short, now and then long. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[this.integer(0, list.length - 1)];
    if (picked === undefined) throw new Error('There is nothing to pick from.');
    return picked;
  }

  shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((item) => ({ item, place: this.next() }))
      .sort((one, other) => one.place - other.place)
      .map(({ item }) => item);
  }
}
