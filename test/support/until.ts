/**
 * Asks again and again until the answer is the one hoped for. Every round is a real request, so there is
 * nothing to sleep between; in vain, it fails with the last answer.
 */
export async function until<T>(ask: () => Promise<T>, hopedFor: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 8_000;
  for (;;) {
    const answer = await ask();
    if (hopedFor(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`In vain, the last answer was ${JSON.stringify(answer)}`);
  }
}
