// The least an HTTP route can be: serves the bodies it is given on stdin, `{ path: text }`, and prints its port.
import { text } from 'node:stream/consumers';
import express from 'express';

const bodies = JSON.parse(await text(process.stdin));
const app = express();
app.disable('x-powered-by');
for (const [path, body] of Object.entries(bodies)) {
  app.get(path, (_request, response) => response.type('application/json').send(body));
}
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
