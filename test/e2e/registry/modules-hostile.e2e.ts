import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type ArchiveEntry, tar, tarGz, zip } from '../../support/archive-builders';
import { eventually } from '../../support/eventually';
import { createRepository } from '../../support/git-fixture';
import {
  asEntries,
  expectNoLeftovers,
  leftovers,
  ModuleDriver,
  send,
  SMALL_MODULE,
  uploadForm,
} from '../../support/module-driver';
import { ADMIN_KEY, startTestServer, type TestResponse, type TestServer } from '../../support/test-server';

const UPLOAD_MAX_BYTES = 8 * 2 ** 20;
const MAIN: ArchiveEntry = { name: 'main.tf', content: SMALL_MODULE['main.tf'] };

let server: TestServer;
let target: ModuleDriver;

beforeAll(async () => {
  server = await startTestServer({ UPLOAD_MAX_BYTES: String(UPLOAD_MAX_BYTES), GIT_MAX_BYTES: String(4 * 2 ** 20) });
});
afterAll(() => server.stop());
beforeEach(async () => {
  target = await ModuleDriver.create(server);
});

/** Nothing of a refused upload is anywhere: no version, no artefact, no file on the way. */
const expectNothingKept = async (): Promise<void> => {
  expect(await target.versions()).toEqual([]);
  await expectNoLeftovers(server.dataDir);
  expect(readdirSync(join(server.dataDir, 'artifacts'))).toEqual(['.incoming']);
};
afterEach(async () => {
  try {
    await expectNothingKept();
  } finally {
    // One test's failure is not another's.
    await target.request('DELETE', '');
    forgetArtifacts();
  }
});
const forgetArtifacts = (): void => {
  for (const name of readdirSync(join(server.dataDir, 'artifacts'))) {
    if (name !== '.incoming') rmSync(join(server.dataDir, 'artifacts', name), { recursive: true });
  }
};

const expectRefused = (answer: TestResponse, status: number, reason: RegExp): void => {
  expect({ status: answer.status, text: answer.text }).toEqual({ status, text: expect.stringMatching(reason) });
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(answer.text).not.toContain(server.dataDir);
  expect(answer.text).not.toMatch(/staging|node_modules|ENO|EISDIR/);
};

describe('archives that mean harm', () => {
  const outside = '/tmp/plomada-slipped';
  const cases: [what: string, entries: ArchiveEntry[], reason: RegExp][] = [
    ['a name that climbs', [MAIN, { name: '../../../../../../tmp/plomada-slipped', content: 'x' }], /`\.\.`/],
    ['a name that climbs later', [MAIN, { name: 'a/b/../../../evil', content: 'x' }], /`\.\.`/],
    ['an absolute name', [MAIN, { name: outside, content: 'x' }], /absolute/],
    ['a name for Windows', [MAIN, { name: '..\\..\\evil', content: 'x' }], /backslash/],
    ['a drive', [MAIN, { name: 'C:/evil', content: 'x' }], /absolute/],
    ['a link to /etc/passwd', [MAIN, { name: 'leak.tf', link: '/etc/passwd' }], /leaves/],
    ['a link that climbs', [MAIN, { name: 'a/leak', link: '../../x' }], /leaves/],
    ['a link out and in again', [MAIN, { name: 'leak', link: '../plomada/main.tf' }], /leaves/],
    ['a file below a link', [MAIN, { name: 'd', link: '/tmp' }, { name: 'd/plomada-slipped', content: 'x' }], /link/],
    ['a file through a link', [MAIN, { name: 'f', link: outside }, { name: 'f', content: 'x' }], /link|twice/],
    ['a chain of links', [MAIN, { name: 'a', link: 'b' }, { name: 'b', link: '..' }], /leaves/],
    ['links in a circle', [MAIN, { name: 'a', link: 'b' }, { name: 'b', link: 'a' }], /circle/],
    ['a folder in itself', [MAIN, { name: 'd/x.tf', content: '' }, { name: 'd/self', link: '.' }], /lies in/],
    ['a link to nothing', [MAIN, { name: 'a', link: 'nothing' }], /not exist/],
    ['twins in case', [MAIN, { name: 'Main.tf', content: 'x' }], /case/],
    [
      'twins in Unicode form',
      [MAIN, { name: 'caf\u00e9', content: '' }, { name: 'cafe\u0301', content: '' }],
      /Unicode/,
    ],
    ['the same name twice', [MAIN, MAIN], /twice/],
    ['a control character', [MAIN, { name: 'a\nb', content: '' }], /control character/],
    ['no Terraform file', [{ name: 'readme.md', content: 'x' }], /no Terraform files/],
    [
      'Terraform files too deep',
      [
        { name: 'a/b/main.tf', content: 'x' },
        { name: 'x', content: '' },
      ],
      /no Terraform files/,
    ],
    ['nothing', [], /no Terraform files|empty|damaged|neither/],
  ];

  describe.each([
    ['tar.gz', tarGz],
    ['zip', zip],
  ])('%s', (_format, pack) => {
    it.each(cases)('%s: refused', async (_what, entries, reason) => {
      expectRefused(await target.upload('1.0.0', pack(entries)), 400, reason);
      expect(existsSync(outside)).toBe(false);
    });

    it('20,001 entries: refused, and quickly', async () => {
      const entries = Array.from({ length: 20_000 }, (_, place) => ({ name: `f${place}`, content: '' }));
      const archive = pack([MAIN, ...entries]);
      const start = performance.now();
      expectRefused(await target.upload('1.0.0', archive), 400, /20000/);
      expect(performance.now() - start).toBeLessThan(20_000);
    });
  });

  it.each([
    ['a character device', '3'],
    ['a block device', '4'],
    ['a FIFO', '6'],
  ])('%s: refused', async (_what, type) => {
    expectRefused(await target.upload('1.0.0', tarGz([MAIN, { name: 'thing', type }])), 400, /thing/);
  });

  it('a hard link out of the archive: refused', async () => {
    const hard = tarGz([MAIN, { name: 'h.tf', type: '1', link: '/etc/passwd' }]);
    expectRefused(await target.upload('1.0.0', hard), 400, /h\.tf/);
  });

  it('bombs: refused in seconds, with little on the disk', async () => {
    const zeros = Buffer.alloc(256 * 2 ** 20);
    const bombs = {
      'one of 256 MiB as tar.gz': gzipSync(tar([MAIN, { name: 'zeros', content: zeros }]), { level: 9 }),
      'one of 256 MiB as zip': zip([MAIN, { name: 'zeros', content: zeros }]),
    };
    for (const [what, bomb] of Object.entries(bombs)) {
      expect(bomb.length).toBeLessThan(2 ** 20);
      const start = performance.now();
      const answer = await target.upload('1.0.0', bomb);
      expect({ what, status: answer.status }).toEqual({ what, status: 400 });
      expect(performance.now() - start).toBeLessThan(10_000);
      await expectNothingKept();
    }
  });

  it.each<[string, Buffer, RegExp]>([
    ['nothing at all', Buffer.alloc(0), /neither/],
    ['text', Buffer.from('not an archive'), /neither/],
    ['a tar that is not packed', tar([MAIN]), /neither/],
    ['a tar.gz cut in the middle', tarGz([MAIN, { name: 'x', content: 'y'.repeat(5000) }]).subarray(0, 120), /damaged/],
    ['a tar.gz of noise', gzipSync(Buffer.alloc(5000, 'noise')), /damaged/],
    ['a zip cut at its end', zip([MAIN]).subarray(0, -30), /damaged|zip|directory/i],
    ['gzip in gzip', gzipSync(tarGz([MAIN])), /damaged|truncated/],
  ])('%s: refused', async (_what, upload, reason) => {
    expectRefused(await target.upload('1.0.0', upload), 400, reason);
  });

  it('a flipped bit in any part of a zip or tar.gz publishes nothing but what was meant', async () => {
    for (const good of [tarGz([MAIN]), zip([MAIN])]) {
      for (const place of [3, 9, Math.floor(good.length / 2), good.length - 5]) {
        const bad = Buffer.from(good);
        bad[place]! ^= 0x55;
        const answer = await target.upload('1.0.0', bad);
        expect({ place, isServerFault: answer.status >= 500 }).toEqual({ place, isServerFault: false });
        if (answer.status === 201) await target.request('DELETE', `/versions/${answer.body.id}`);
      }
    }
    // What a flipped bit in a header's unused part published is an artefact that nobody needs; the collector's.
    forgetArtifacts();
  });
});

describe('repositories that mean harm', () => {
  const syncError = async (repository: Awaited<ReturnType<typeof createRepository>>): Promise<string> => {
    const hostile = await ModuleDriver.create(server, { git_url: repository.url });
    const synced = await hostile.synced();
    expect(synced).toMatchObject({ synced: false, latest_version: null });
    expect(await hostile.versions()).toEqual([]);
    expect(synced.sync_error).not.toContain(server.dataDir);
    await repository.remove();
    return synced.sync_error;
  };

  it('links that leave it, twins in case, too large a repository: a visible error', async () => {
    const linked = await createRepository({
      files: { ...SMALL_MODULE, 'x/up': { link: '../../..' } },
      tags: ['v1.0.0'],
    });
    expect(await syncError(linked)).toMatch(/v1\.0\.0: .*leaves the module/);
    const twins = await createRepository({ files: { ...SMALL_MODULE, 'MAIN.tf': 'x' }, tags: ['v1.0.0'] });
    expect(await syncError(twins)).toMatch(/case/);
    const large = await createRepository({
      files: { ...SMALL_MODULE, 'noise.bin': randomBytes(12 * 2 ** 20) },
      tags: ['v1.0.0'],
    });
    expect(await syncError(large)).toMatch(/GIT_MAX_BYTES/);
    const wide = await createRepository({
      files: {
        ...SMALL_MODULE,
        ...Object.fromEntries(Array.from({ length: 20_001 }, (_, place) => [`f${place}`, ''])),
      },
      tags: ['v1.0.0'],
    });
    expect(await syncError(wide)).toMatch(/20000|GIT_MAX_BYTES/);
  });

  it('a folder that is a link out of the repository is not followed', async () => {
    const repository = await createRepository({
      files: { 'net/main.tf': 'x', out: { link: '/etc' }, in: { link: 'net' } },
      tags: ['v1.0.0'],
    });
    const outside = await ModuleDriver.create(server, { git_url: repository.url, subdir: 'out' });
    expect(await outside.synced()).toMatchObject({ synced: false, latest_version: null });
    expect((await outside.get()).sync_error).not.toMatch(/no Terraform files/);
    await repository.remove();
  });

  it('tags with hostile names do no harm', async () => {
    const repository = await createRepository({ files: { 'x.md': 'x' } });
    const sha = await repository.sha('main');
    const names = [
      '$(id)',
      ';id',
      '`id`',
      "'quote",
      '1.0.0-rc.1;touch',
      'v1.0.0-<script>',
      '\u202ertl',
      'a'.repeat(240),
    ];
    for (const name of names) await repository.git('update-ref', `refs/tags/${name}`, sha);
    const hostile = await ModuleDriver.create(server, { git_url: repository.url });
    await hostile.synced();
    const { body } = await hostile.sync();
    expect(body.tags_skipped.map(({ tag }: { tag: string }) => tag).sort()).toEqual([...names].sort());
    expect(await hostile.versions()).toEqual([]);
    await repository.remove();
  });
});

describe('forms that are not as expected', () => {
  const archive = tarGz([MAIN]);
  const post = (form: FormData, headers: Record<string, string> = {}): Promise<TestResponse> =>
    send(server, 'POST', `${target.path}/versions`, { body: form, headers });
  const form = (fill: (form: FormData) => void): FormData => {
    const made = new FormData();
    fill(made);
    return made;
  };
  const file = (content: Buffer = archive): Blob => new Blob([Uint8Array.from(content)]);

  it.each<[string, () => FormData, RegExp]>([
    ['no file', () => form((f) => f.set('version', '1.0.0')), /file/],
    ['no version', () => form((f) => f.set('file', file())), /version/],
    [
      'a file twice',
      () => form((f) => [f.set('version', '1.0.0'), f.append('file', file()), f.append('file', file())]),
      /file/,
    ],
    [
      'another file',
      () => form((f) => [f.set('version', '1.0.0'), f.set('file', file()), f.set('more', file())]),
      /more|Too many/,
    ],
    ['a wrong part', () => form((f) => [f.set('version', '1.0.0'), f.set('archive', file())]), /archive/],
    ['a file that is text', () => form((f) => [f.set('version', '1.0.0'), f.set('file', 'text')]), /file/],
    ['version as a file', () => form((f) => [f.set('version', file()), f.set('file', file())]), /version/],
    [
      'two versions',
      () => form((f) => [f.append('version', '1.0.0'), f.append('version', '2.0.0'), f.set('file', file())]),
      /version/,
    ],
    [
      'an unknown field',
      () => form((f) => [f.set('version', '1.0.0'), f.set('colour', 'red'), f.set('file', file())]),
      /colour/,
    ],
    ['__proto__', () => form((f) => [f.set('version', '1.0.0'), f.set('__proto__', 'x'), f.set('file', file())]), /./],
    ['a field of 100 KB', () => form((f) => [f.set('version', 'x'.repeat(100_000)), f.set('file', file())]), /./],
    [
      '100 fields',
      () =>
        form((f) => {
          for (let n = 0; n < 100; n++) f.set(`f${n}`, 'x');
        }),
      /./,
    ],
  ])('%s: 400', async (_what, make, reason) => {
    expectRefused(await post(make()), 400, reason);
  });

  it('no boundary, an empty form, another content type', async () => {
    const raw = (type: string, body: string): Promise<TestResponse> =>
      send(server, 'POST', `${target.path}/versions`, { body, headers: { 'content-type': type } });
    expectRefused(await raw('multipart/form-data', 'x'), 400, /multipart/);
    expectRefused(await raw('multipart/form-data; boundary=b', '--b--\r\n'), 400, /file|version/);
    expectRefused(await raw('multipart/form-data; boundary=b', 'garbage'), 400, /./);
    expectRefused(await raw('application/gzip', 'x'), 415, /json|multipart/i);
    expectRefused(await raw('text/plain', 'x'), 415, /json|multipart/i);
    expectRefused(await raw('application/json', '{"version":'), 400, /JSON/);
    expectRefused(await raw('application/json', '{}'), 400, /version/);
  });

  it('more than UPLOAD_MAX_BYTES: 413, at once where the length is told', async () => {
    const large = Buffer.alloc(UPLOAD_MAX_BYTES + 1, 7);
    expectRefused(await target.upload('1.0.0', large), 413, /8 MiB \(UPLOAD_MAX_BYTES\)/);
    const answer = await new Promise<{ status?: number; ms: number }>((resolve, reject) => {
      const start = performance.now();
      const sent = httpRequest(
        `${server.url}${target.path}/versions`,
        {
          method: 'POST',
          headers: {
            authorization: `Bearer ${ADMIN_KEY}`,
            'content-type': 'multipart/form-data; boundary=b',
            'content-length': String(10 * 2 ** 30),
          },
        },
        (response) => {
          resolve({ status: response.statusCode, ms: performance.now() - start });
          sent.destroy();
        },
      );
      sent.on('error', reject);
      sent.write('--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n');
    });
    expect(answer).toEqual({ status: 413, ms: expect.any(Number) });
    expect(answer.ms).toBeLessThan(5_000);
  });

  it('more than UPLOAD_MAX_BYTES without a length: 413 before all of it was sent', async () => {
    const answer = await new Promise<{ status?: number; sent: number }>((resolve, reject) => {
      let bytes = 0;
      const sent = httpRequest(
        `${server.url}${target.path}/versions`,
        {
          method: 'POST',
          headers: {
            authorization: `Bearer ${ADMIN_KEY}`,
            'content-type': 'multipart/form-data; boundary=b',
            'transfer-encoding': 'chunked',
          },
        },
        (response) => {
          resolve({ status: response.statusCode, sent: bytes });
          sent.destroy();
        },
      );
      sent.on('error', (error) => (sent.destroyed ? undefined : reject(error)));
      sent.write('--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n');
      const chunk = Buffer.alloc(2 ** 20);
      const more = (): void => {
        while (!sent.destroyed && bytes < 200 * 2 ** 20) {
          bytes += chunk.length;
          if (!sent.write(chunk)) return void sent.once('drain', more);
        }
      };
      more();
    });
    expect(answer.status).toBe(413);
    expect(answer.sent).toBeLessThan(100 * 2 ** 20);
  });

  it('a length that lies leaves nothing', async () => {
    const body = `--b\r\nContent-Disposition: form-data; name="version"\r\n\r\n1.0.0\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n${'y'.repeat(3000)}`;
    const { hostname, port } = new URL(server.url);
    const answer = (length: number): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(Number(port), hostname);
        let text = '';
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          if (text.includes('\r\n\r\n')) socket.destroy();
        });
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(text));
        socket.write(
          `POST ${target.path}/versions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n` +
            `Content-Type: multipart/form-data; boundary=b\r\nContent-Length: ${length}\r\n\r\n${body}`,
        );
      });
    expect(await answer(1)).toMatch(/^HTTP\/1\.1 400/);
    expect(await answer(body.length)).toMatch(/^HTTP\/1\.1 400/);
  });

  it('a connection that is cut in the middle leaves nothing', async () => {
    for (let round = 0; round < 5; round++) {
      const sent = httpRequest(`${server.url}${target.path}/versions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${ADMIN_KEY}`,
          'content-type': 'multipart/form-data; boundary=b',
          'content-length': String(5_000_000),
        },
      });
      sent.on('error', () => undefined);
      sent.write('--b\r\nContent-Disposition: form-data; name="version"\r\n\r\n1.0.0\r\n');
      sent.write('--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n');
      sent.write(Buffer.alloc(1_000_000 * round + 1));
      await eventually('the upload to be under way', () => leftovers(server.dataDir).length > 0);
      sent.destroy();
      await expectNoLeftovers(server.dataDir);
    }
  });

  it('a connection that is cut at once, whenever that is, leaves nothing', async () => {
    const { hostname, port } = new URL(server.url);
    const head =
      `POST ${target.path}/versions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n` +
      'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 50000\r\n\r\n' +
      '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nxxxx';
    await Promise.all(
      Array.from({ length: 60 }, async (_, place) => {
        const socket = connect(Number(port), hostname);
        socket.on('error', () => undefined);
        await new Promise<void>((resolve) => socket.write(head, () => resolve()));
        for (let turns = 0; turns < place % 12; turns++) await new Promise(setImmediate);
        socket.resetAndDestroy();
      }),
    );
    // A request that is answered after those: they have been taken up by then.
    await target.versions();
    await expectNoLeftovers(server.dataDir);
  });

  it('an upload without a right to it is refused before its content is taken', async () => {
    const answer = await send(server, 'POST', `${target.path}/versions`, {
      key: 'plm_wrong',
      body: uploadForm('1.0.0', tarGz(asEntries(SMALL_MODULE))),
    });
    expectRefused(answer, 401, /./);
    const unknown = target.path.replace(target.id, '00000000-0000-4000-8000-000000000000');
    expectRefused(await send(server, 'POST', `${unknown}/versions`, { body: uploadForm('1.0.0', archive) }), 404, /./);
  });
});

const isRoot = process.getuid?.() === 0;
(isRoot ? describe : describe.skip)('a disk that is full (needs root)', () => {
  let disk: string;
  let small: TestServer;
  beforeAll(async () => {
    disk = mkdtempSync(join(tmpdir(), 'plomada-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk]);
    small = await startTestServer({}, disk);
  });
  afterAll(async () => {
    await small.stop();
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true });
  });

  it('an upload: 507, nothing kept, and the next that fits is published', async () => {
    const module = await ModuleDriver.create(small);
    const noise = tarGz([MAIN, { name: 'noise.bin', content: randomBytes(10 * 2 ** 20) }], 0);
    const answer = await module.upload('1.0.0', noise);
    expectRefused(answer, 507, /full|space/);
    expect(answer.text).not.toContain(disk);
    await expectNoLeftovers(disk);
    expect(await module.versions()).toEqual([]);
    await module.publish('1.0.0', tarGz([MAIN]));
  });

  it('a sync: the reason is visible, and it completes when there is space', async () => {
    const repository = await createRepository({
      files: { ...SMALL_MODULE, 'noise.bin': randomBytes(4 * 2 ** 20) },
      tags: ['v1.0.0'],
    });
    const filling = join(disk, 'filling');
    writeFileSync(filling, randomBytes(16 * 2 ** 20));
    const module = await ModuleDriver.create(small, { git_url: repository.url });
    expect(await module.synced()).toMatchObject({ synced: false, sync_error: expect.stringMatching(/space|full/) });
    expect(await module.versions()).toEqual([]);
    await expectNoLeftovers(disk);
    rmSync(filling);
    expect((await module.sync()).body).toMatchObject({ tags_added: 1 });
    expect(await module.get()).toMatchObject({ synced: true, sync_error: null });
    await repository.remove();
  });
});
