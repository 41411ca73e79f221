/** How long the server may take for an answer before the replay is given up. */
const ANSWER_WITHIN_MS = 30_000;

/** Rejects when the promise takes longer than the server may. */
export function answered<T>(what: string, promise: Promise<T>): Promise<T> {
  const late = (): never => {
    throw new Error(`no ${what} within ${ANSWER_WITHIN_MS} ms`);
  };
  return within(ANSWER_WITHIN_MS, promise, late);
}

/** The promise's value, or after so many milliseconds that of `otherwise`. */
export async function within<T>(milliseconds: number, promise: Promise<T>, otherwise: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    return await Promise.race([promise, timeout.then(otherwise)]);
  } finally {
    clearTimeout(timer);
  }
}
