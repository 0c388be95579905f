import { connect } from 'node:net';
import { cpuMsOf } from './processes.mjs';

const READ_BYTES = 256 * 1024;

/**
 * Sends requests over some connections, each one its next when it has the whole answer to the last. A client of our own:
 * it must cost less than what it measures, tell latencies finer than a millisecond, and never ask for a path twice
 * unless it is told to.
 *
 * @param {{ url: string, pid: number }} server
 * @param {{ nextPath: () => string | null, forMs?: number, connections?: number, headers?: Record<string, string> }}
 *   options it ends after `forMs`, or when there is no next path; answers that were begun are waited for
 * @returns requests and bytes per second, latencies in ms, and the CPU time the server took for each request in µs
 * @throws Error for any answer but 200 and 204
 */
export async function sendRequests(server, { nextPath, forMs = Infinity, connections = 32, headers = {} }) {
  const { hostname, port, host } = new URL(server.url);
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const latencies = [];
  let bytes = 0;
  const cpuBefore = cpuMsOf(server.pid).own;
  const startedAt = performance.now();
  const conversation = {
    next: () => (performance.now() - startedAt < forMs ? nextPath() : null),
    requestOf: (path) => `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`,
    onAnswer(ms, size) {
      latencies.push(ms);
      bytes += size;
    },
  };
  await Promise.all(Array.from({ length: connections }, () => converse({ host: hostname, port }, conversation)));
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    perSecond: latencies.length / seconds,
    bytesPerSecond: bytes / seconds,
    latencies,
    cpuMicros: ((cpuMsOf(server.pid).own - cpuBefore) * 1000) / latencies.length,
  };
}

/** One connection, from its first request to its last answer. */
function converse(address, { next, requestOf, onAnswer }) {
  return new Promise((resolve, reject) => {
    let path = null;
    let sentAt = 0;
    let partialHead = null;
    /** Bytes of the body that are still to come; null while the head is. */
    let left = null;
    let size = 0;
    const send = () => {
      path = next();
      if (path === null) return socket.end();
      sentAt = performance.now();
      socket.write(requestOf(path));
    };
    const read = (chunk) => {
      if (left === null) {
        const text = partialHead === null ? chunk : Buffer.concat([partialHead, chunk]);
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) {
          partialHead = Buffer.from(text);
          return;
        }
        partialHead = null;
        size = bodyLength(text.latin1Slice(0, end), path);
        left = size - (text.length - end - 4);
      } else {
        left -= chunk.length;
      }
      if (left > 0) return;
      left = null;
      onAnswer(performance.now() - sentAt, size);
      send();
    };
    // One buffer for all that comes: what a large answer costs us must not be what is measured.
    const onread = {
      buffer: Buffer.allocUnsafe(READ_BYTES),
      callback(count, buffer) {
        try {
          read(buffer.subarray(0, count));
        } catch (error) {
          socket.destroy(error);
        }
        return true;
      },
    };
    const socket = connect({ ...address, noDelay: true, onread }, send);
    socket.once('error', reject);
    socket.once('close', () => (path === null ? resolve() : reject(new Error(`No whole answer to ${path}.`))));
  });
}

function bodyLength(head, path) {
  const status = head.slice(9, 12);
  if (status === '204') return 0;
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (status !== '200' || length === undefined) throw new Error(`GET ${path} was answered with\n${head}`);
  return Number(length);
}
