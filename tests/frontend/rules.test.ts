import { describe, expect, it, vi } from 'vitest';
import { laterToken } from '../src/auth/claims';
import { backoffMs, Cooldown, jittered } from '../src/auth/cooldown';
import { singleFlight } from '../src/auth/lock';
import { outcomeOf } from '../src/auth/refreshRequest';
import { mergeSessions, noSession, type Session } from '../src/auth/session';
import { jwt } from './server';

const user = { id: 1, email: 'a@example.org' };
const held: Session = { user, token: 'access', refreshToken: 'r1', isAuthenticated: true };

describe('outcomeOf', () => {
  it.each(['token_invalid', 'token_expired', 'session_revoked', 'reuse_detected'])('401 %s is a refusal', (code) => {
    expect(outcomeOf(401, { code })).toEqual({ kind: 'refused', code });
  });

  it.each([
    [401, { code: 'not_authenticated' }, false],
    [401, null, false],
    [402, { code: 'payment_required' }, false],
    [403, { code: 'token_invalid' }, false],
    [404, null, false],
    [409, {}, true],
    [429, {}, true],
    [500, null, true],
    [503, { code: 'session_revoked' }, true],
    [200, null, true],
    [200, { data: {} }, true],
  ])('%i %j decides nothing', (status, body, passing) => {
    expect(outcomeOf(status, body)).toEqual({ kind: 'unavailable', passing, waitMs: 0 });
  });

  it.each([
    ['3', 3000],
    ['soon', 0],
    [null, 0],
  ])('reads Retry-After %s', (header, waitMs) => {
    expect(outcomeOf(503, null, header)).toMatchObject({ waitMs });
  });

  it.each([{ data: { access: 'a' } }, { access: 'a' }])('reads tokens from %j', (body) => {
    expect(outcomeOf(200, body)).toEqual({ kind: 'tokens', body });
  });
});

describe('laterToken', () => {
  const first = jwt({ fam: 'f', rot: 0 });
  const second = jwt({ fam: 'f', rot: 1 });
  it.each([
    ['takes the stored child', first, second, second],
    ['keeps the held child', second, first, second],
    ['takes another family', second, jwt({ fam: 'g', rot: 0 }), jwt({ fam: 'g', rot: 0 })],
    ['takes what it cannot read', second, 'opaque', 'opaque'],
    ['takes the only one', null, first, first],
    ['keeps the only one', first, null, first],
  ])('%s', (_name, inMemory, stored, expected) => {
    expect(laterToken(inMemory, stored)).toBe(expected);
  });
});

describe('mergeSessions', () => {
  it('keeps the held session when nothing is stored', () => {
    expect(mergeSessions(undefined, held, null)).toBe(held);
  });
  it('ends with a stored logout', () => {
    expect(mergeSessions({ user: null, refreshToken: null, isAuthenticated: false }, held, null)).toEqual(noSession);
  });
  it('starts from a stored refresh token alone', () => {
    expect(mergeSessions({ refreshToken: 'r1' }, noSession, null)).toEqual({ ...held, user: null, token: null });
  });
  it('drops the access token of another user', () => {
    const other = { id: 2, email: 'b@example.org' };
    expect(mergeSessions({ user: other, refreshToken: 'r9' }, held, null)).toMatchObject({ user: other, token: null });
  });
  it('never takes a stored access token', () => {
    const stored = { user, refreshToken: 'r1', token: 'stored' };
    expect(mergeSessions(stored, noSession, null).token).toBeNull();
  });
});

describe('a session that was logged out', () => {
  const late = { user, refreshToken: jwt({ fam: 'ended', rot: 4 }), isAuthenticated: true };
  it('is not taken from the storage', () => {
    expect(mergeSessions(late, noSession, 'ended')).toEqual(noSession);
    expect(mergeSessions(late, { ...held, refreshToken: late.refreshToken }, 'ended')).toEqual(noSession);
  });
  it('does not replace a later login', () => {
    const later = { ...held, refreshToken: jwt({ fam: 'later', rot: 0 }) };
    expect(mergeSessions(late, later, 'ended')).toBe(later);
  });
  it('says nothing about tokens without family', () => {
    expect(mergeSessions({ refreshToken: 'r1' }, noSession, null).refreshToken).toBe('r1');
  });
});

describe('Cooldown', () => {
  it('grows with failures in a row, to a bound', () => {
    expect([1, 2, 3, 20].map(backoffMs)).toEqual([1000, 2000, 4000, 30_000]);
  });
  it('varies between half and whole', () => {
    vi.spyOn(Math, 'random').mockReturnValueOnce(0).mockReturnValueOnce(1);
    expect([jittered(1000), jittered(1000)]).toEqual([500, 1000]);
  });
  it('holds for its token alone, and for as long as the server asked', () => {
    vi.useFakeTimers();
    const cooldown = new Cooldown();
    cooldown.start('r1', 20_000);
    expect([cooldown.holds('r1'), cooldown.holds('r2')]).toEqual([true, false]);
    vi.advanceTimersByTime(19_999);
    expect(cooldown.holds('r1')).toBe(true);
    vi.advanceTimersByTime(1);
    expect(cooldown.holds('r1')).toBe(false);
    vi.useRealTimers();
  });
  it('does not believe a server that asks for an hour', () => {
    vi.useFakeTimers();
    const cooldown = new Cooldown();
    cooldown.start('r1', 3_600_000);
    vi.advanceTimersByTime(30_000);
    expect(cooldown.holds('r1')).toBe(false);
    vi.useRealTimers();
  });
});

describe('singleFlight', () => {
  it('runs once for callers at the same time, and again later', async () => {
    let runs = 0;
    const run = singleFlight(async () => (runs += 1));
    expect(await Promise.all([run(), run(), run()])).toEqual([1, 1, 1]);
    expect(await run()).toBe(2);
  });
});
