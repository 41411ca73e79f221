import fc from 'fast-check';

/** Inputs of each of the two files: `PARLOR_FUZZ_RUNS=200000 npm test -- test/e2e/fuzz` makes a night of it. */
const INPUTS = Number(process.env.PARLOR_FUZZ_RUNS ?? 6_000);

/** Another one each time. The one that was printed makes the same inputs again. */
const SEED = Number(process.env.PARLOR_SEED ?? Date.now() % 2 ** 31);

/** Milliseconds for one property, the shortening of a failure included. Grows with what is asked. */
export const TIME_LIMIT = 120_000 + INPUTS * 20;

/** Said before the first input, so that a run that ends without a word can be repeated. */
export function announce(what: string): void {
  process.stderr.write(`${what}: ${INPUTS} inputs, PARLOR_SEED=${SEED}\n`);
}

/**
 * Tries a share of all inputs, `batch` of them at a time, and fails with the shortest batch that it can find.
 *
 * @param share of {@link INPUTS}, from 0 to 1
 */
export async function tryAll<Input>(
  input: fc.Arbitrary<Input>,
  { share, batch }: { share: number; batch: number },
  hold: (inputs: Input[]) => Promise<void>,
): Promise<void> {
  const inputs = fc.array(input, { minLength: 1, maxLength: batch, size: 'max' });
  // fast-check prefers short lists, so ask until there were enough.
  const wanted = Math.ceil(INPUTS * share);
  let tried = 0;
  for (let round = 0; tried < wanted; round += 1) {
    await fc.assert(
      fc.asyncProperty(inputs, async (some) => {
        tried += some.length;
        await hold(some);
      }),
      {
        seed: SEED + round,
        numRuns: Math.max(1, Math.ceil((wanted - tried) / batch)),
        interruptAfterTimeLimit: TIME_LIMIT,
        markInterruptAsFailure: true,
      },
    );
  }
}
