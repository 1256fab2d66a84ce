// The session of this version: the device token is replaced at each renewal, and may be kept for long.
import { send } from './http.js';

export const keeps = true;
let bearer = '';

export const signedIn = () => Boolean(localStorage.device);

// The version before this one answers a renewal without a device token: the one that is there stays.
function take(tokens) {
  bearer = tokens.bearer;
  localStorage.device = tokens.device_token ?? localStorage.device;
}

export async function open(account, secret, keep) {
  take(await send('POST', '/api/v2/session/open', { account, secret, keep }));
}

const renew = () => navigator.locks.request('renew', async () => {
  take(await send('POST', '/api/v2/session/renew', { device_token: localStorage.device }));
});

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
