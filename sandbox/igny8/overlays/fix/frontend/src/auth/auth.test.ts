import { describe, expect, it } from 'vitest';
import { laterToken } from './claims';
import { singleFlight } from './lock';
import { outcomeOf } from './refreshRequest';
import { mergeSessions, noSession, type Session } from './session';

const jwt = (claims: object) => `h.${btoa(JSON.stringify(claims))}.s`;
const user = { id: 1, email: 'a@example.org' };
const held: Session = { user, token: 'access', refreshToken: 'r1', isAuthenticated: true };

describe('outcomeOf', () => {
  it.each(['token_invalid', 'token_expired', 'session_revoked', 'reuse_detected'])('401 %s is a refusal', (code) => {
    expect(outcomeOf(401, { code })).toEqual({ kind: 'refused', code });
  });

  it.each([
    [401, { code: 'not_authenticated' }],
    [401, null],
    [403, { code: 'token_invalid' }],
    [402, { code: 'payment_required' }],
    [429, {}],
    [500, null],
    [503, { code: 'session_revoked' }],
    [200, null],
    [200, { data: {} }],
  ])('%i %j keeps the session', (status, body) => {
    expect(outcomeOf(status, body)).toEqual({ kind: 'unavailable' });
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
    expect(mergeSessions(undefined, held)).toBe(held);
  });
  it('ends with a stored logout', () => {
    expect(mergeSessions({ user: null, refreshToken: null, isAuthenticated: false }, held)).toEqual(noSession);
  });
  it('starts from a stored refresh token alone', () => {
    expect(mergeSessions({ refreshToken: 'r1' }, noSession)).toEqual({ ...held, user: null, token: null });
  });
  it('drops the access token of another user', () => {
    const other = { id: 2, email: 'b@example.org' };
    expect(mergeSessions({ user: other, refreshToken: 'r9' }, held)).toMatchObject({ user: other, token: null });
  });
  it('never takes a stored access token', () => {
    const stored = { user, refreshToken: 'r1', token: 'stored' };
    expect(mergeSessions(stored, noSession).token).toBeNull();
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
