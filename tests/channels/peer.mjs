// An HTTP/2 server that none of us wrote, Node's, in the place of a provider. The first digits of the device token, which
// is in the path (APNs, Web Push) or in the body (FCM), tell it what to do.
import { createSecureServer, constants } from 'node:http2';
import { readFileSync } from 'node:fs';

const [chain, key] = process.argv.slice(2);
const server = createSecureServer({ cert: readFileSync(chain), key: readFileSync(key) });
const once = new Set(); // what is done to the first request alone

function say(stream, status, body = '', headers = {}) {
  stream.respond({ ':status': status, ...headers });
  stream.end(body);
}

const json = { 'content-type': 'application/json' };
const google = (code) => JSON.stringify({
  error: { status: code, message: '', details: [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: code }] },
});

// What each provider says.
const said = {
  apns: {
    '0a': (stream, headers) => say(stream, 200, '', { 'apns-id': headers['apns-id'] }),
    '01': (stream) => say(stream, 410, '{"reason":"Unregistered","timestamp":1795262400000}'),
    '02': (stream) => say(stream, 503, '{"reason":"Shutdown"}', { 'retry-after': '30' }),
    '03': (stream) => say(stream, 403, '{"reason":"InvalidProviderToken"}'),
    '04': (stream) => say(stream, 404, '<html>'),
  },
  fcm: {
    '0a': (stream) => say(stream, 200, '{"name":"projects/p/messages/1"}', json),
    '01': (stream) => say(stream, 404, google('UNREGISTERED'), json),
    '02': (stream) => say(stream, 503, google('UNAVAILABLE'), { ...json, 'retry-after': '30' }),
    '03': (stream) => say(stream, 401, google('THIRD_PARTY_AUTH_ERROR'), json),
    '04': (stream) => say(stream, 404, '<html>'),
  },
  web: {
    '0a': (stream) => say(stream, 201, '', { ttl: '60', location: 'https://push.example/message/1' }),
    '01': (stream) => say(stream, 410),
    '02': (stream) => say(stream, 429, '', { 'retry-after': '30' }),
    '03': (stream) => say(stream, 403, 'the key'),
    '04': (stream) => say(stream, 404, '<html>'),
  },
};

// What each of them does when something is wrong.
const faults = {
  '05': () => {}, // stall
  '06': (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  '07': (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
  '08': (stream) => stream.session.goaway(constants.NGHTTP2_NO_ERROR, Math.max(0, stream.id - 2)),
  '09': (stream) => stream.session.destroy(),
};

function asked(path, body) {
  const [, first, second, third] = path.split('/');
  if (first === '3') return ['apns', third];
  if (first === 'push') return ['web', second];
  return ['fcm', JSON.parse(body).message.token];
}

server.on('stream', (stream, headers) => {
  const parts = [];
  stream.on('error', () => {}); // the ones that are meant to go wrong
  stream.on('data', (part) => parts.push(part));
  stream.on('end', () => {
    if (headers[':path'] === '/token') return say(stream, 200, '{"access_token":"lamp","expires_in":3600}', json);
    const [provider, token] = asked(headers[':path'], Buffer.concat(parts).toString());
    const act = token.slice(0, 2);
    const gentle = act === '07' || act === '08';
    ({ ...said[provider], ...faults })[gentle && once.has(act) ? '0a' : act](stream, headers);
    once.add(act);
  });
});
server.on('sessionError', () => {});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
