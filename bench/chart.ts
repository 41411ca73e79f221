import { join } from 'node:path';
import { run } from './children.js';
import { PLACES } from './places.js';
import type { SweepPoint } from './sweep.js';

const DRAWN_WITHIN_SECONDS = 60;

/** The chart of the sweep as an SVG. The library is not one of Parlor's packages, so another process draws. */
export async function drawn(points: readonly SweepPoint[], caption: string): Promise<string> {
  const { ok, stdout, stderr } = await run(process.execPath, [join(PLACES.chart, 'draw.mjs')], {
    withinSeconds: DRAWN_WITHIN_SECONDS,
    input: JSON.stringify({ points, caption }),
  });
  if (!ok) throw new Error(`The chart could not be drawn:\n${stderr}`);
  return stdout;
}
