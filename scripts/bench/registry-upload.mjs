import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeModuleArchive, makeProviderZip } from './archive-files.mjs';
import { startBenchmarkServer } from './benchmark-server.mjs';
import { quantile, timed } from './figures.mjs';
import { probeHealth } from './health-probe.mjs';
import { forgetPeak, memoryOf } from './processes.mjs';
import {
  createDraft,
  createNamespace,
  protocolPath,
  publishModule,
  publishProvider,
  uploadModule,
  uploadPackage,
  VERSION,
} from './registry-content.mjs';
import { sendRequests } from './requests.mjs';

const PACKAGE_BYTES = 500e6;
const MODULE_BYTES = 200e6;
const SMALL_BYTES = 2e6;
const SETTLE_MS = 1500;

/** Large files in and out: what they cost in memory, and whether anybody else notices. */
export async function run({ report, temporary, isQuick }) {
  const directory = mkdtempSync(join(temporary, 'packages-'));
  const server = await startBenchmarkServer(temporary);
  try {
    const { api } = server;
    const atStart = memoryOf(server.pid).now;
    await createNamespace(api, 'bench');
    await rehearse(server, directory);
    const measured = [
      ...(await measurePackage(server, directory)),
      await measureModule(server, directory, isQuick ? MODULE_BYTES / 4 : MODULE_BYTES),
    ];
    report.table([
      ['what', 'took', 'memory MiB: before, at most, after', 'on top', '/health/live p50, p99, worst'],
      ...measured.map(({ what, seconds, before, peak, after, latencies }) => [
        what,
        `${seconds.toFixed(1)} s`,
        [before, peak, after].map((value) => value.toFixed(0)).join(', '),
        `${Math.round(peak - before)}`,
        [0.5, 0.99, 1].map((share) => `${quantile(latencies, share).toFixed(0)} ms`).join(', '),
      ]),
    ]);
    report.line(
      `memory after the start: ${atStart.toFixed(0)} MiB; files of 2 MB were published and fetched before the first`,
    );
    for (const { what, before, peak, atMost } of measured) {
      report.goal(`${what}: memory on top`, Math.round(peak - before), { atMost, unit: ' MiB' });
    }
    const worst = Math.max(...measured.flatMap(({ latencies }) => latencies));
    report.goal('/health/live at worst', worst, { atMost: 1000, unit: ' ms' });
  } finally {
    await server.stop();
  }
}

/** Everything once with small files, so that what is loaded and compiled once is not counted as theirs. */
async function rehearse(server, directory) {
  for (const name of ['first', 'second', 'third']) {
    await publishModule(server.api, directory, { namespace: 'bench', name, bytes: SMALL_BYTES });
    await publishProvider(server.api, directory, { namespace: 'bench', name, bytes: SMALL_BYTES });
    await download(server, name);
  }
}

async function measurePackage(server, directory) {
  const { api } = server;
  const provider = await api.post('/api/providers', { namespace_id: 'bench', name: 'large' });
  const draft = await createDraft(api, provider, VERSION);
  const file = await makeProviderZip(directory, { name: 'large', version: VERSION, bytes: PACKAGE_BYTES });
  const size = `${PACKAGE_BYTES / 1e6} MB`;
  const upload = await observe(server, `upload of a ${size} package`, () => uploadPackage(api, draft, file));
  await api.post(`${draft.path}/publish`, undefined, 200);
  const fetched = await observe(server, `download of a ${size} package`, () => download(server, 'large'));
  return [
    { ...upload, atMost: 64 },
    { ...fetched, atMost: 64 },
  ];
}

async function measureModule(server, directory, bytes) {
  const module = await server.api.post('/api/modules', { namespace_id: 'bench', name: 'large', provider: 'aws' });
  const file = await makeModuleArchive(directory, { bytes });
  const upload = await observe(server, `upload of a ${bytes / 1e6} MB module`, () =>
    uploadModule(server.api, module, file),
  );
  // It is unpacked and packed anew, which has more buffers on the way; like the others it takes no more for larger ones.
  return { ...upload, atMost: 96 };
}

async function download(server, name) {
  const { download_url: link } = await (
    await fetch(`${server.url}${protocolPath.providerDownload('bench', name)}`)
  ).json();
  const links = [link];
  await sendRequests(server, { nextPath: () => links.pop() ?? null, connections: 1 });
}

/** Memory of the server and its answers to others while some work is done. */
async function observe(server, what, work) {
  await sleep(SETTLE_MS);
  forgetPeak(server.pid);
  const before = memoryOf(server.pid).now;
  const probe = probeHealth(server.url);
  const ms = await timed(work);
  const latencies = await probe.end();
  const { peak } = memoryOf(server.pid);
  await sleep(SETTLE_MS);
  return { what, seconds: ms / 1000, before, peak, after: memoryOf(server.pid).now, latencies };
}
