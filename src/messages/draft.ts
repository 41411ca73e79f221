/** A message on its way into the log. */
export interface Draft {
  readonly userId: number;
  readonly roomId: number;
  readonly content: string;
  readonly clientMsgId: string | null;
  readonly replyTo: number | null;
}
