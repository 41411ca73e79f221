/** A message on its way into the log. */
export interface Draft {
  readonly userId: number;
  /** The name of the author now, as it is fanned out. */
  readonly username: string;
  readonly roomId: number;
  readonly content: string;
  readonly clientMsgId: string | null;
  readonly replyTo: number | null;
}
