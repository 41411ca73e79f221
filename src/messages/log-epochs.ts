/**
 * Tells a log that went on from one that was restored from a backup, or replaced.
 *
 * An epoch has a name that nobody can guess, and the first message id of it is written down. A client says in which
 * epoch it read, and how far. If this database knows the epoch, it has all of the log up to the beginning of the
 * epoch and a prefix of what was stored in it; so what the client has is in this log exactly if the message at its
 * place was stored before the next epoch began. After a restore the epochs that the backup does not know are unknown,
 * and what was lost of the last one it knows is either beyond the head or has been stored again in a later epoch.
 * (Kafka tells truncated logs by leader epochs in the same way: KIP-101 and KIP-320.)
 */
export abstract class LogEpochs {
  /** The epoch in which messages are stored now. */
  abstract readonly current: string;

  /** Whether a client that has read in the epoch has seen this message, and not another in its place. */
  abstract hasSeen(epoch: string, messageId: number): Promise<boolean>;
}

/** By name: the first message id of the epoch after it. */
export type EpochEnds = ReadonlyMap<string, number>;

export function endsOf(newestFirst: readonly { name: string; firstMessageId: number }[]): EpochEnds {
  const ends = new Map<string, number>();
  let end = Infinity;
  for (const { name, firstMessageId } of newestFirst) {
    ends.set(name, end);
    end = firstMessageId;
  }
  return ends;
}
