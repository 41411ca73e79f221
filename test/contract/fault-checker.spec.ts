import { describe, expect, it } from '@jest/globals';
import { digestOf } from '../faults/history.js';
import { ANN, BOB, quiet, Story } from '../support/fault-story.js';

describe('The checker of fault runs finds nothing in', () => {
  it('a quiet conversation', () => {
    const { story } = quiet();
    story.history.settledAt = 100;

    expect(story.found).toEqual([]);
  });

  it('a reconnect, a retry of unknown outcome, a leave and a return', () => {
    const { story, bob } = quiet();
    bob.connection.closedAt = 35;
    story.send('d', 40);
    story.store('d');
    story.send('d', 50);
    story.ack('d', 4, 51, ANN, true);
    const again = story.listen(60, 3);
    story.see(again, 4, 61);
    again.caughtUpAt = 61;
    story.change('leave', 70, 72);
    again.endedAt = 71;
    story.refused('x', 'not_a_member', 73, 74);
    story.said('e', 80);
    story.change('join', 90, 91);
    const back = story.listen(92, 4);
    story.see(back, 5, 93);
    back.caughtUpAt = 93;
    story.history.settledAt = 100;

    expect(story.found).toEqual([]);
    expect(story.judge().recovered).toBe(1);
    expect(story.judge().absences).toEqual({ judged: 1, unclear: 0 });
  });

  it('a device that forgot everything and gets the newest page', () => {
    const { story } = quiet();
    const fresh = story.listen(60);
    story.see(fresh, 3, 61);
    fresh.caughtUpAt = 61;

    expect(story.found).toEqual([]);
  });

  it('a gap notice for a place that is not in the log, and what follows it', () => {
    const { story } = quiet();
    const back = story.listen(60, 9);
    back.gaps.push({ at: 61, seenBefore: 0, after: 9 });
    story.see(back, 3, 62);

    expect(story.found).toEqual([]);
  });
});

describe('The checker of fault runs finds', () => {
  it('lost: acknowledged, and not in the log', () => {
    const { story } = quiet();
    story.send('d', 40);
    story.ack('d', 4, 41);

    expect(story.found).toEqual(['lost']);
    expect(story.of('lost')).toEqual([expect.objectContaining({ key: '1/1/d', seq: 4 })]);
  });

  it('lost: seen by somebody, and not in the log', () => {
    const { story, bob } = quiet();
    story.see(bob, 4, 41);

    expect(story.found).toEqual(['lost']);
  });

  it('duplicated: one message at two places', () => {
    const { story } = quiet();
    story.store('c');

    expect(story.found).toEqual(['duplicated']);
  });

  it('moved: stored at another place than was told', () => {
    const { story } = quiet();
    story.send('d', 40);
    story.store('d');
    story.ack('d', 3, 41);

    expect(story.found).toEqual(['moved']);
  });

  it('phantom: stored, and never sent', () => {
    const { story } = quiet();
    story.store('nobody said this');

    expect(story.found).toEqual(['phantom']);
  });

  it('phantom: stored under the name of somebody else', () => {
    const { story } = quiet();
    story.send('d', 40);
    story.store('d', 4, BOB);

    expect(story.found).toEqual(['phantom']);
  });

  it('altered: another text than was sent', () => {
    const { story } = quiet();
    story.send('d', 40);
    story.log.push({ ...story.store('d'), digest: digestOf('D') });
    story.log.splice(3, 1);

    expect(story.found).toEqual(['altered']);
  });

  it('gap: a hole in the log', () => {
    const { story, bob } = quiet();
    story.send('d', 40);
    story.store('d', 5);
    bob.endedAt = 45;

    expect(story.found).toEqual(['gap']);
  });

  it('gap: a head that is not the end of the log', () => {
    const { story } = quiet();
    story.head = 2;

    expect(story.found).toEqual(['gap']);
    expect(story.of('gap')).toHaveLength(2);
  });

  it('skip: 1 and 3 on one connection, never 2', () => {
    const { story, bob } = quiet();
    bob.seen.splice(1, 1);

    expect(story.found).toEqual(['skip']);
  });

  it('skip: a hole between two connections', () => {
    const { story, bob } = quiet();
    bob.seen.splice(1);
    const again = story.listen(60, 1);
    story.see(again, 3, 61);

    expect(story.found).toEqual(['skip']);
  });

  it('nonmonotonic: 1, 3, 2', () => {
    const { story, bob } = quiet();
    const [first, second, third] = bob.seen;
    bob.seen.length = 0;
    for (const seen of [first, third, second]) if (seen) bob.seen.push(seen);

    expect(story.found).toEqual(['skip', 'nonmonotonic']);
  });

  it('redelivered: the same message twice on one connection', () => {
    const { story, bob } = quiet();
    story.see(bob, 3, 35);

    expect(story.found).toEqual(['redelivered']);
  });

  it('redelivered: what the client said it has', () => {
    const { story } = quiet();
    const again = story.listen(60, 3);
    story.see(again, 3, 61);

    expect(story.found).toEqual(['redelivered']);
  });

  it.each([
    ['text', { digest: digestOf('something else') }],
    ['author', { author: 3 }],
    ['id', { id: 7 }],
  ])('divergent: a view with another %s', (_what, wrong) => {
    const { story } = quiet();
    const again = story.listen(60, 2);
    story.see(again, 3, 61, wrong);

    expect(story.found).toEqual(['divergent']);
  });

  it('divergent: somebody else is told the client_msg_id', () => {
    const { story, bob } = quiet();
    const last = bob.seen.pop();
    if (last) bob.seen.push({ ...last, clientMsgId: 'c' });

    expect(story.found).toEqual(['divergent']);
  });

  it('divergent: REST tells another log than the file', () => {
    const { story } = quiet();
    story.overRest(story.log.slice(0, 2));

    expect(story.found).toEqual(['divergent']);
  });

  it('realtime: sent after an ack, and stored before it', () => {
    const story = new Story();
    story.send('later', 20);
    story.store('later');
    story.send('first', 10);
    story.ack('first', story.store('first').seq, 11);

    expect(story.found).toEqual(['realtime']);
  });

  it('realtime: sent after somebody saw it, and stored before it', () => {
    const story = new Story();
    story.send('first', 10);
    story.send('later', 20);
    story.store('later');
    story.store('first');
    const bob = story.listen(1, 1);
    story.see(bob, 2, 15);

    expect(story.found).toEqual(['realtime']);
  });

  it('stale: up to date without what was acknowledged before', () => {
    const { story } = quiet();
    const again = story.listen(60, 2);
    again.caughtUpAt = 61;

    expect(story.found).toEqual(['stale']);
  });

  it('stale: still listening at the end without the last message', () => {
    const { story, bob } = quiet();
    bob.seen.pop();
    story.history.settledAt = 100;

    expect(story.found).toEqual(['stale']);
  });

  it('needless: a gap notice for a place that is in the log', () => {
    const { story } = quiet();
    const again = story.listen(60, 3);
    again.gaps.push({ at: 61, seenBefore: 0, after: 3 });

    expect(story.found).toEqual(['needless']);
  });
});
