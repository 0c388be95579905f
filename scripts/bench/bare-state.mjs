// The least a state backend can be: keeps what it is sent in one file, in the clear, and sends it back; prints its port.
import { readFile, writeFile } from 'node:fs/promises';
import express from 'express';

const file = process.argv[2];
const app = express();
app.post('/state', express.raw({ type: () => true, limit: '1gb' }), async (request, response) => {
  await writeFile(file, request.body);
  response.end();
});
app.get('/state', async (_request, response) => response.type('application/json').send(await readFile(file)));
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
