// Sends one file to many states at once, or fetches them all; a process of its own, since it must not disturb whoever
// measures. The address and the key are in the environment.
import { createReadStream, statSync } from 'node:fs';
import { request } from 'node:http';

const [method, file, ...urls] = process.argv.slice(2);
const headers = { authorization: `Basic ${Buffer.from(`bench:${process.env.BENCH_KEY}`).toString('base64')}` };

await Promise.all(urls.map((url) => (method === 'POST' ? send(url) : receive(url))));

function send(url) {
  const length = statSync(file).size;
  return ask(url, { method, headers: { ...headers, 'content-length': length } }, (request) =>
    createReadStream(file, { highWaterMark: 256 * 1024 }).pipe(request),
  );
}

function receive(url) {
  return ask(url, { headers }, (request) => request.end());
}

function ask(url, options, begin) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...options, agent: false }, (response) => {
      let size = 0;
      response.on('data', (chunk) => (size += chunk.length));
      response.once('error', reject);
      response.once('end', () => {
        const isWhole = method === 'POST' || size === statSync(file).size;
        if (response.statusCode === 200 && isWhole) resolve();
        else reject(new Error(`${method} ${url}: ${response.statusCode}, ${size} bytes`));
      });
    });
    asked.once('error', reject);
    begin(asked);
  });
}
