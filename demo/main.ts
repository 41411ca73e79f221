import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BadConversation, readConversation, type Conversation } from './conversation.js';
import { expectationOf } from './expectation.js';
import { messageOf } from './failure.js';
import { planOf } from './plan.js';
import { Replay } from './replay.js';
import { printConversation, printOutcome, printVerdict } from './report.js';
import { RestClient } from './rest.js';
import { ParlorServer } from './server.js';
import { verify } from './verify.js';

/**
 * Replays conversations against a Parlor of its own and checks that everybody saw what the file says.
 * Exit codes: 0 agreed, 1 a mismatch or a failure, 2 a file that cannot be replayed, 130 interrupted.
 */
const DEFAULT_FILE = fileURLToPath(new URL('../demo/data/2006-12-10.jsonl', import.meta.url));
/** npm moves to the project's folder; names of files mean the folder where the user is. */
const USERS_FOLDER = process.env.INIT_CWD ?? process.cwd();

class Interrupted extends Error {}

const interrupted = new Promise<never>((_, reject) => {
  let before = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (before) process.exit(130);
      before = true;
      console.error(`\n${signal}: stopping (again: at once)`);
      reject(new Interrupted());
    });
  }
});
interrupted.catch(() => undefined);

async function main(names: readonly string[]): Promise<number> {
  const files = names.length > 0 ? names.map((name) => resolve(USERS_FOLDER, name)) : [DEFAULT_FILE];
  try {
    const conversations = files.map(readConversation);
    let agreed = true;
    for (const conversation of conversations) agreed = (await replayed(conversation)) && agreed;
    return agreed ? 0 : 1;
  } catch (error) {
    if (error instanceof Interrupted) return 130;
    if (!(error instanceof BadConversation)) throw error;
    console.error(error.message);
    return 2;
  }
}

/** Whether one file agreed. A failure is printed and counts as no. */
async function replayed(conversation: Conversation): Promise<boolean> {
  const file = relative(USERS_FOLDER, conversation.file);
  console.log(file);
  try {
    const server = await ParlorServer.start();
    let disorder: string | undefined;
    let agreed = false;
    try {
      agreed = await replayedOn(server, conversation, file);
    } finally {
      disorder = await server.stop();
    }
    if (disorder === undefined) return agreed;
    throw new Error(disorder);
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    console.log(`  FAILED: ${messageOf(error)}\n`);
    return false;
  }
}

async function replayedOn(server: ParlorServer, conversation: Conversation, file: string): Promise<boolean> {
  try {
    return await Promise.race([checkedReplay(server.url, conversation, file), server.died, interrupted]);
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    throw await server.causeOf(error);
  }
}

async function checkedReplay(url: string, conversation: Conversation, file: string): Promise<boolean> {
  const expected = expectationOf(conversation);
  const plan = planOf(conversation);
  printConversation(conversation, expected, plan);
  const outcome = await new Replay(url, conversation, plan).run();
  const log = await new RestClient(url).history(outcome.operator.account, outcome.roomId);
  const verdict = verify(expected, outcome, log);
  printOutcome(outcome, verdict);
  printVerdict(file, verdict);
  return verdict.differences.count === 0;
}

process.exit(await main(process.argv.slice(2)));
