// An HTTP/2 server that none of us wrote, Node's, told by the first digits of the device token what to do.
import { createSecureServer, constants } from 'node:http2';
import { readFileSync } from 'node:fs';

const [chain, key] = process.argv.slice(2);
const server = createSecureServer({ cert: readFileSync(chain), key: readFileSync(key) });
const once = new Set(); // what is done to the first request alone

function say(stream, status, body = '', headers = {}) {
  stream.respond({ ':status': status, ...headers });
  stream.end(body);
}

const acts = {
  '0a': (stream, headers) => say(stream, 200, '', { 'apns-id': headers['apns-id'] }),
  '01': (stream) => say(stream, 410, '{"reason":"Unregistered","timestamp":1795262400000}'),
  '02': (stream) => say(stream, 503, '{"reason":"Shutdown"}', { 'retry-after': '30' }),
  '03': (stream) => say(stream, 403, '{"reason":"InvalidProviderToken"}'),
  '04': (stream) => say(stream, 404, '<html>'),
  '05': () => {}, // stall
  '06': (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  '07': (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
  '08': (stream) => stream.session.goaway(constants.NGHTTP2_NO_ERROR, Math.max(0, stream.id - 2)),
  '09': (stream) => stream.session.destroy(),
};

server.on('stream', (stream, headers) => {
  const act = headers[':path'].split('/')[3].slice(0, 2);
  stream.on('error', () => {}); // the ones that are meant to go wrong
  stream.resume();
  stream.on('end', () => {
    const gentle = act === '07' || act === '08';
    acts[gentle && once.has(act) ? '0a' : act](stream, headers);
    once.add(act);
  });
});
server.on('sessionError', () => {});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
