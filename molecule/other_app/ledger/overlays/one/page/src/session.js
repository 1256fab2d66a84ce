// The session of this version: one device token until it expires.
import { send } from './http.js';

export const keeps = false;
let bearer = '';

export const signedIn = () => Boolean(localStorage.device);

export async function open(account, secret) {
  const tokens = await send('POST', '/api/v2/session/open', { account, secret });
  bearer = tokens.bearer;
  localStorage.device = tokens.device_token;
}

async function renew() {
  ({ bearer } = await send('POST', '/api/v2/session/renew', { device_token: localStorage.device }));
}

export async function call(method, path, body) {
  if (!bearer) await renew();
  try {
    return await send(method, path, body, bearer);
  } catch (error) {
    if (error.status !== 401) throw error;
    await renew();
    return send(method, path, body, bearer);
  }
}
