// Reads the stream of a run as many readers at once, in a process of its own, and prints as JSON how long lines took
// from the tool to a reader: node log-readers.mjs URL KEY COUNT
import { Agent, get } from 'node:http';
import { quantile } from './figures.mjs';

const LINE = /printed at (\d{16})/g;
const [url, key, count] = process.argv.slice(2);
const agent = new Agent({ maxSockets: Infinity });

/** Latencies in milliseconds of all the lines that one reader gets. */
function read() {
  return new Promise((resolve, reject) => {
    const latencies = [];
    let rest = '';
    const request = get(url, { agent, headers: { authorization: `Bearer ${key}` } }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`The stream answers ${response.statusCode}.`));
      response.setEncoding('utf8').on('data', (chunk) => {
        const now = (performance.timeOrigin + performance.now()) * 1000;
        const text = rest + chunk;
        // A time that is cut by the border of two chunks is read with the next one.
        const end = text.lastIndexOf('\n') + 1;
        for (const [, printedAt] of text.slice(0, end).matchAll(LINE)) latencies.push((now - printedAt) / 1000);
        rest = text.slice(end);
      });
      response.once('end', () => resolve(latencies)).once('error', reject);
    });
    request.once('error', reject);
  });
}

const readers = await Promise.all(Array.from({ length: Number(count) }, read));
const all = readers.flat();
console.log(
  JSON.stringify({
    fewest: Math.min(...readers.map((latencies) => latencies.length)),
    p50: quantile(all, 0.5),
    p99: quantile(all, 0.99),
    worst: quantile(all, 1),
  }),
);
