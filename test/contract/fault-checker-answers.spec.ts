import { describe, expect, it } from '@jest/globals';
import { BOB, quiet, ROOM } from '../support/fault-story.js';

describe('The checker of fault runs finds, in answers and memberships,', () => {
  it('refused: a member is told to be none', () => {
    const { story } = quiet();
    story.refused('d', 'not_a_member', 40, 41);

    expect(story.found).toEqual(['refused']);
  });

  it('refused: a member who has come back is told to be none', () => {
    const { story } = quiet();
    story.change('leave', 40, 42);
    story.change('join', 50, 51);
    story.refused('d', 'not_a_member', 60, 61);

    expect(story.found).toEqual(['refused']);
  });

  it('refused: for another reason than a membership that has ended', () => {
    const { story } = quiet();
    story.change('leave', 40, 42);
    story.refused('d', 'content_too_long', 43, 44);

    expect(story.found).toEqual(['refused']);
  });

  it('leak: what was sent after the end of a membership', () => {
    const { story, bob } = quiet();
    story.change('leave', 40, 42);
    story.said('d', 50);
    story.see(bob, 4, 51);

    expect(story.found).toEqual(['leak']);
  });

  it.each([
    ['while', [41, 43], []],
    ['before', [30, 39], ['leak']],
  ] as const)('leak, unless a node was cut off %s the membership was ended', (_when, [from, to], found) => {
    const { story, bob } = quiet();
    story.history.partitioned(from, to);
    story.change('leave', 40, 42);
    story.said('d', 50);
    story.see(bob, 4, 51);

    expect(story.found).toEqual(found);
  });

  it('leak: anything at all after the server said that it was over', () => {
    const { story, bob } = quiet();
    bob.endedAt = 25;

    expect(story.found).toEqual(['leak']);
  });

  it('leak: a room that nobody asked for', () => {
    const { story } = quiet();
    story.history.strays.push({ at: 40, device: '2.1', user: BOB, room: 7, seq: 1 });

    expect(story.found).toEqual(['leak']);
  });

  it('leak: the log over REST', () => {
    const { story } = quiet();
    story.change('leave', 40, 42);
    story.history.peeks.push({ at: 51, askedAt: 50, user: BOB, room: ROOM, messages: 3 });

    expect(story.found).toEqual(['leak']);
  });

  it('leak: a message of somebody who is out', () => {
    const { story } = quiet();
    story.change('leave', 40, 42);
    story.said('d', 50, BOB);

    expect(story.found).toEqual(['leak']);
  });

  it('but says nothing where a join was under way', () => {
    const { story } = quiet();
    story.change('join', 39, 45, 'unknown');
    story.change('leave', 40, 42);
    story.said('d', 50, BOB);

    expect(story.found).toEqual([]);
    expect(story.judge().absences).toEqual({ judged: 0, unclear: 1 });
  });

  it('unanswered: a frame that a later one overtook', () => {
    const { story, bob } = quiet();
    bob.connection.asks.push({ what: 'message', at: 40, answeredAt: undefined });
    bob.connection.asks.push({ what: 'ping', at: 41, answeredAt: 42 });

    expect(story.found).toEqual(['unanswered']);
  });

  it('unanswered: a frame on a socket that stays open', () => {
    const { story, bob } = quiet();
    bob.connection.asks.push({ what: 'message', at: 40, answeredAt: undefined });
    story.history.settledAt = 60;

    expect(story.found).toEqual(['unanswered']);
  });

  it('unanswered: but not where the socket closed first', () => {
    const { story, bob } = quiet();
    bob.connection.asks.push({ what: 'message', at: 40, answeredAt: undefined });
    bob.connection.closedAt = 45;
    story.history.settledAt = 60;

    expect(story.found).toEqual([]);
  });

  it.each(['malformed', 'server', 'internal', 'unsettled', 'memory'] as const)(
    '%s: as it was noted',
    (kind) => {
      const { story } = quiet();
      story.history.fault(kind, 'something');

      expect(story.found).toEqual([kind]);
    },
  );
});
