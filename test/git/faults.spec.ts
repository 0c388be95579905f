import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { createRepository, type GitRepository, serveRepository } from '../support/git-fixture';
import { aRemote, GitRoom } from './git-room';

let room: GitRoom;
let repository: GitRepository;
const servers: Server[] = [];

beforeAll(async () => {
  room = await GitRoom.create();
  repository = await createRepository({ files: { 'main.tf': 'content' } });
});

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

afterAll(async () => {
  await repository.remove();
  await room.remove();
});

/** A TCP server that treats every connection in its own way; gives the URL of a repository on it. */
async function serveBadly(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    // Read, or else the end of the client goes unnoticed.
    socket.resume();
    onConnection(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/repository.git`;
}

/** Sends a byte of an endless answer now and then. */
function drip(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n');
  const timer = setInterval(() => socket.write('0'), 100);
  socket.on('close', () => clearInterval(timer));
}

/** Processes that work in this room: each git command has the room's home directory in its environment. */
function gitProcesses(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`HOME=${join(room.root, 'home')}\0`);
    } catch {
      return false;
    }
  });
}

async function timed<T>(promise: Promise<T>): Promise<number> {
  const start = performance.now();
  await promise;
  return performance.now() - start;
}

describe('a server that', () => {
  it.each([
    ['accepts and never answers', () => undefined],
    ['drips', drip],
  ])('%s is given up when time is up, and no process is left', async (_what, onConnection) => {
    let during = 0;
    const url = await serveBadly((socket) => {
      during = gitProcesses().length;
      onConnection(socket);
    });
    const directory = room.freshPath();
    const cloned = room.adapter({ timeoutSeconds: 1 }).clone(aRemote(url), 'main', directory);
    const took = await timed(
      expect(cloned).rejects.toMatchObject({
        code: 'git-timeout',
        kind: 'unavailable',
        message: expect.stringContaining('within 1 s'),
      }),
    );
    expect(took).toBeLessThan(3000);
    // git and its helper for http.
    expect(during).toBeGreaterThanOrEqual(2);
    expect(gitProcesses()).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });

  it('stalls is given up before time is up, after three tries', async () => {
    let connections = 0;
    const url = await serveBadly((socket) => {
      connections += 1;
      drip(socket);
    });
    await expect(room.adapter({ stallSeconds: 1 }).references(aRemote(url))).rejects.toMatchObject({
      code: 'git-unreachable',
      message: expect.stringContaining('stopped sending data'),
    });
    expect(connections).toBe(3);
  });

  it('cuts the connection is asked three times', async () => {
    let connections = 0;
    const url = await serveBadly((socket) => {
      connections += 1;
      socket.destroy();
    });
    await expect(room.adapter().references(aRemote(url))).rejects.toMatchObject({ code: 'git-unreachable' });
    expect(connections).toBe(3);
  });

  it('is not there is unreachable, without a word about ports or addresses', async () => {
    const url = await serveBadly(() => undefined);
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    await expect(room.adapter().references(aRemote(url))).rejects.toMatchObject({
      code: 'git-unreachable',
      message: 'The Git server 127.0.0.1 could not be reached.',
    });
  });

  it('fails twice and then works is good enough', async () => {
    let failures = 2;
    const server = await serveRepository(repository, {
      beforeAnswer: (_request, response) => {
        if (failures-- > 0) response.writeHead(503).end();
      },
    });
    const directory = room.freshPath();
    await room.adapter().clone(aRemote(server.url), 'main', directory);
    expect(readFileSync(join(directory, 'main.tf'), 'utf8')).toBe('content');
    await server.close();
  });

  it('breaks off in the middle of the pack leaves no half checkout', async () => {
    const server = await serveRepository(repository, {
      beforeAnswer: (request, response) => {
        if (request.method !== 'POST') return;
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
        response.write('000dpackfile\n0015\x01PACK\0\0\0\x02\0\0\0\x09');
        response.destroy();
      },
    });
    const directory = room.freshPath();
    await expect(room.adapter().clone(aRemote(server.url), 'main', directory)).rejects.toMatchObject({
      code: 'git-unreachable',
    });
    expect(existsSync(directory)).toBe(false);
    await server.close();
  });
});

it('says that git is not installed', async () => {
  const adapter = room.adapter({ environment: { PATH: '/nonexistent' } });
  await expect(adapter.references(aRemote(repository.url))).rejects.toMatchObject({
    code: 'git-failed',
    message: 'The program git could not be started.',
  });
});

describe('cancelling', () => {
  it('ends a clone at once, with everything it has started', async () => {
    const controller = new AbortController();
    const url = await serveBadly(() => controller.abort());
    const directory = room.freshPath();
    const cloned = room.adapter().clone(aRemote(url), 'main', directory, { signal: controller.signal });
    const took = await timed(expect(cloned).rejects.toMatchObject({ code: 'git-cancelled' }));
    expect(took).toBeLessThan(2000);
    expect(gitProcesses()).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });

  it('before it has begun starts nothing', async () => {
    let connections = 0;
    const url = await serveBadly(() => (connections += 1));
    await expect(room.adapter().references(aRemote(url), AbortSignal.abort())).rejects.toMatchObject({
      code: 'git-cancelled',
    });
    expect(connections).toBe(0);
  });

  it('does not wait for somebody else who uses the same mirror', async () => {
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    let isFetching = (): void => undefined;
    const fetching = new Promise<void>((resolve) => (isFetching = resolve));
    let posts = 0;
    const server = await serveRepository(repository, {
      beforeAnswer: async (request) => {
        // The first POST lists the references, the second one fetches.
        if (request.method !== 'POST' || ++posts !== 2) return;
        isFetching();
        await answered;
      },
    });
    const adapter = room.adapter();
    const first = adapter.listTree(aRemote(server.url), 'main', '');
    await fetching;
    const controller = new AbortController();
    const second = adapter.listTree(aRemote(server.url), 'main', '', controller.signal);
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: 'git-cancelled' });
    answer();
    await expect(first).resolves.toMatchObject({ ref: 'main' });
    await server.close();
  });
});

describe('size', () => {
  const maxBytes = 256 * 1024;

  it('is limited for a clone and for a mirror', async () => {
    const large = await createRepository({ files: { 'large.bin': randomBytes(2 * maxBytes) } });
    const directory = room.freshPath();
    const adapter = room.adapter({ maxBytes });
    await expect(adapter.clone(aRemote(large.url), 'main', directory)).rejects.toMatchObject({
      code: 'git-too-large',
      kind: 'unprocessable',
    });
    expect(existsSync(directory)).toBe(false);
    await expect(adapter.listTree(aRemote(large.url), 'main', '')).rejects.toMatchObject({ code: 'git-too-large' });
    await large.remove();
  });

  it('counts what is unpacked, too', async () => {
    const bomb = await createRepository({ files: { 'zeros.bin': Buffer.alloc(8 * maxBytes) } });
    const directory = room.freshPath();
    await expect(room.adapter({ maxBytes }).clone(aRemote(bomb.url), 'main', directory)).rejects.toMatchObject({
      code: 'git-too-large',
    });
    expect(existsSync(directory)).toBe(false);
    await bomb.remove();
  });

  it('ends a download that would never end', async () => {
    let posts = 0;
    let sent = 0;
    const server = await serveRepository(repository, {
      beforeAnswer: async (request, response) => {
        // The first POST lists the references, the second one fetches.
        if (request.method !== 'POST' || ++posts !== 2) return;
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
        response.write('000dpackfile\n');
        response.write(inBand(Buffer.from('PACK\0\0\0\x02\0\x0f\xff\xff', 'latin1')));
        // One at a time, so that the adapter, which lives in this process too, gets its turn.
        const send = () => {
          if (response.destroyed) return;
          sent += 1;
          response.write(inBand(packedBlob(randomBytes(32 * 1024))));
          setImmediate(send);
        };
        send();
        await new Promise((resolve) => response.on('close', resolve));
      },
    });
    const directory = room.freshPath();
    const cloned = room.adapter({ maxBytes }).clone(aRemote(server.url), 'main', directory);
    await expect(cloned).rejects.toMatchObject({ code: 'git-too-large' });
    expect(sent).toBeGreaterThan(8);
    expect(gitProcesses()).toEqual([]);
    expect(existsSync(directory)).toBe(false);
    await server.close();
  });
});

/** A packet of the band that carries the pack. */
function inBand(data: Buffer): Buffer {
  const length = (data.length + 5).toString(16).padStart(4, '0');
  return Buffer.concat([Buffer.from(`${length}\x01`, 'latin1'), data]);
}

/** A blob as it stands in a pack: type and size in a variable number of bytes, then the deflated content. */
function packedBlob(content: Buffer): Buffer {
  const header = [(3 << 4) | (content.length & 15)];
  for (let rest = content.length >> 4; rest > 0; rest >>= 7) {
    header[header.length - 1] = (header.at(-1) ?? 0) | 0x80;
    header.push(rest & 0x7f);
  }
  return Buffer.concat([Buffer.from(header), deflateSync(content, { level: 1 })]);
}
