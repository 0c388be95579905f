import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { readdirSync, readlinkSync } from 'node:fs';
import { tarGz } from '../../support/archive-builders';
import { eventually } from '../../support/eventually';
import { ModuleDriver, send } from '../../support/module-driver';
import { startTestServer, type TestServer } from '../../support/test-server';

/** More than any socket takes at once. */
const LARGE = 24 * 2 ** 20;

describe('downloads', () => {
  let server: TestServer;
  let module: ModuleDriver;

  beforeAll(async () => {
    server = await startTestServer({ DOWNLOAD_IDLE_SECONDS: '1' });
    module = await ModuleDriver.create(server);
    const noise = randomBytes(LARGE).toString('latin1');
    await module.publish(
      '1.0.0',
      tarGz(
        [
          { name: 'main.tf', content: '' },
          { name: 'noise', content: noise },
        ],
        0,
      ),
    );
  });
  afterAll(() => server.stop());

  /** Archives that the server has open; in the test, server and test are one process. */
  const openArchives = (): number =>
    readdirSync('/proc/self/fd').filter((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`).includes('/artifacts/');
      } catch {
        return false;
      }
    }).length;

  it('of a client that does not read are ended, and nothing stays open', async () => {
    const link = await module.link('1.0.0');
    const { hostname, port } = new URL(server.url);
    const sockets = Array.from({ length: 40 }, () => {
      const socket = connect(Number(port), hostname);
      socket.write(`GET ${link} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
      socket.pause();
      socket.on('error', () => undefined);
      return socket;
    });
    try {
      await eventually('the downloads to begin', () => openArchives() > 0);
      await eventually('the downloads to be ended', () => openArchives() === 0);
      // Whoever reads gets all of it.
      expect((await module.download('1.0.0')).length).toBeGreaterThan(LARGE);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  it('by a link that was changed in any way are refused', async () => {
    const link = new URL(await module.link('1.0.0'), server.url);
    const changed = (change: (query: URLSearchParams) => void): string => {
      const url = new URL(link);
      change(url.searchParams);
      return url.pathname + url.search;
    };
    const status = async (path: string): Promise<[number, unknown]> => {
      const answer = await send(server, 'GET', path, { key: null, headers: { range: 'bytes=0-0' } });
      return [answer.status, answer.status === 403 ? answer.body.errors[0] : null];
    };
    const refused = [403, expect.stringContaining('not one that this server made')];
    for (const part of ['expires', 'for', 'signature']) {
      expect(await status(changed((query) => query.delete(part)))).toEqual(refused);
      expect(await status(changed((query) => query.append(part, '1')))).toEqual(refused);
      expect(await status(changed((query) => query.set(part, '1')))).toEqual(refused);
    }
    expect(await status(`/v1/artifacts/xx/yy`)).toEqual(refused);
    // What something on the way adds is none of our business.
    expect(await status(changed((query) => query.append('utm_source', 'proxy')))).toEqual([206, null]);
  });
});
