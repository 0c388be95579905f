// The least a download can be: express sends the file whose path it is given, and prints its port.
import express from 'express';

const app = express();
app.get('/file', (_request, response) => response.sendFile(process.argv[2]));
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
