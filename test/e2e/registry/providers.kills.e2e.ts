import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { THIS_PLATFORM } from '../../support/node-provider/node-provider-zip';
import { isSignatureOf } from '../../support/openpgp-keys';
import { type Body, demand, packageBytes, ProviderDriver, type RegistryServer } from '../../support/provider-driver';
import { type ServerProcess, startServerProcess } from '../../support/server-process';
import { sendRequest } from '../../support/test-server';

const ROUNDS = 4;
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const served = (server: ServerProcess): RegistryServer => ({
  url: server.url,
  adminKey: server.adminKey,
  request: (method, path, body, key = server.adminKey) => sendRequest(server.url, method, path, body, key),
});

describe('publishing and the death of the server', () => {
  let dataDir: string;
  let server: ServerProcess;
  let provider: ProviderDriver;
  const seed = Number(process.env.PLOMADA_SEED ?? Date.now() % 100_000);
  let state = seed + 1;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'plomada-kills-'));
    server = await startServerProcess(dataDir, { SYNC_INTERVAL_MINUTES: '0' });
    provider = await ProviderDriver.create(served(server));
  });
  afterAll(async () => {
    await server.kill('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** Kills the server after a random time, and starts another one on the same data. */
  const killAfter = async (maxMs: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, random() * maxMs));
    await server.kill('SIGKILL');
    server = await startServerProcess(dataDir, { SYNC_INTERVAL_MINUTES: '0' });
    provider = provider.on(served(server));
  };

  /** What a client would check. */
  const expectWhole = async (number: string): Promise<void> => {
    const { zip, shasums, signature, document } = await provider.fetchAll(number);
    expect(shasums.toString()).toBe(`${sha256(zip)}  ${document.filename}\n`);
    const [{ ascii_armor: publicKey }] = document.signing_keys.gpg_public_keys;
    expect(await isSignatureOf(shasums, signature, publicKey)).toBe(true);
  };

  it('SIGKILL in the middle of publications: each is done or not, and none is half', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const number = `1.0.${round}`;
      const draft = await provider.draft(number);
      await provider.upload(draft.id, await packageBytes(provider.name, number));
      const answers = Array.from({ length: 3 }, () => provider.publish(draft.id).catch(() => null));
      await killAfter(50);
      const said = (await Promise.all(answers)).map((answer) => answer?.status);
      const { status, signing_key_id: keyId } = await provider.version(draft.id);
      // What was acknowledged is there.
      if (said.includes(200)) expect([seed, round, status]).toEqual([seed, round, 'published']);
      const { body } = await provider.server.request('GET', `${provider.registryPath}/versions`);
      const isListed = body.versions.some(({ version }: Body) => version === number);
      expect([seed, round, isListed, keyId !== null]).toEqual([
        seed,
        round,
        status === 'published',
        status === 'published',
      ]);
      if (status === 'draft') expect((await provider.publish(draft.id)).status).toBe(200);
      await expectWhole(number);
    }
  });

  it('SIGKILL in the middle of uploads: a package is there whole, or not at all, and nothing lies about', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const number = `2.0.${round}`;
      const draft = await provider.draft(number);
      const extraEntries = { ballast: randomBytes(3 * 2 ** 20) };
      const bytes = await packageBytes(provider.name, number, THIS_PLATFORM, { extraEntries });
      const answer = provider.upload(draft.id, bytes).catch(() => null);
      await killAfter(100);
      const said = (await answer)?.status;
      const { platforms } = await provider.version(draft.id);
      if (said === 201) expect([seed, round, platforms.length]).toEqual([seed, round, 1]);
      if (platforms.length === 0) expect((await provider.upload(draft.id, bytes)).status).toBe(201);
      else expect(platforms[0].shasum).toBe(sha256(bytes));
      expect((await provider.publish(draft.id)).status).toBe(200);
      await expectWhole(number);
    }
    expect(leftovers()).toEqual([]);
  });

  /** Files that are neither an artefact, nor the database, nor known by their name. */
  const leftovers = (): string[] =>
    readdirSync(dataDir, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(dataDir.length + 1))
      .filter((path) => !/^[^/]+$|^artifacts\/[0-9a-f]{2}\/[0-9a-f]{64}$|^work\/\.runners\/|^backups?\//.test(path));

  it('an upload whose client goes away at 99 % leaves nothing', async () => {
    const draft = await provider.draft('3.0.0');
    const bytes = await packageBytes(provider.name, '3.0.0', THIS_PLATFORM, {
      extraEntries: { ballast: randomBytes(4 * 2 ** 20) },
    });
    const head = (name: string, rest = ''): string =>
      `--cut\r\ncontent-disposition: form-data; name="${name}"${rest}\r\n\r\n`;
    const start = `${head('os')}${THIS_PLATFORM.os}\r\n${head('arch')}${THIS_PLATFORM.arch}\r\n${head('file', '; filename="p.zip"')}`;
    const length = start.length + bytes.length + '\r\n--cut--\r\n'.length;
    await new Promise<void>((resolve) => {
      const sent = request(`${server.url}${provider.versionPath(draft.id)}/platforms/upload`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${server.adminKey}`,
          'content-type': 'multipart/form-data; boundary=cut',
          'content-length': String(length),
        },
      });
      sent.on('error', () => undefined);
      sent.on('close', () => resolve());
      sent.write(start);
      sent.write(bytes.subarray(0, Math.floor(bytes.length * 0.99)), () => sent.destroy());
    });
    await eventually('what was staged is gone', () => leftovers().length === 0);
    expect((await provider.version(draft.id)).platforms).toEqual([]);
    expect((await provider.upload(draft.id, bytes)).status).toBe(201);
    expect(existsSync(join(dataDir, 'artifacts'))).toBe(true);
  });

  it('a download that goes on while its version is deleted comes to its end', async () => {
    const draft = await provider.draft('4.0.0');
    const bytes = await packageBytes(provider.name, '4.0.0', THIS_PLATFORM, {
      extraEntries: { ballast: randomBytes(16 * 2 ** 20) },
    });
    await provider.upload(draft.id, bytes);
    await provider.publish(draft.id);
    const { body } = await provider.download('4.0.0');
    const response = await fetch(new URL(body.download_url, server.url));
    const reader = response.body!.getReader();
    const chunks: Uint8Array[] = [(await reader.read()).value!];
    await demand(provider.server, 'DELETE', provider.versionPath(draft.id));
    await demand(provider.server, 'POST', '/api/maintenance/sweep', {});
    for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value);
    expect(sha256(Buffer.concat(chunks))).toBe(sha256(bytes));
    expect((await fetch(new URL(body.download_url, server.url))).status).toBe(404);
  });
});
