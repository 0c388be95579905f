import { join } from 'node:path';
import { startBare } from './bare-server.mjs';
import { median, pairedRatio, spread } from './figures.mjs';
import { protocolPath } from './registry-content.mjs';
import { sendRequests } from './requests.mjs';

const CONNECTIONS = [1, 8];

/** Bytes per second of a provider's package, against express that sends the same file of the same disk. */
export async function measureArchive({ report, isQuick }, server) {
  const { shasum } = await readPackage(server.url);
  const file = join(server.dataDir, 'artifacts', shasum.slice(0, 2), shasum);
  const bare = await startBare('bare-file.mjs', { args: [file] });
  try {
    const rows = [];
    const ratios = [];
    for (const connections of CONNECTIONS) {
      const { theirs, ours } = await compare({ server, bare, connections, isQuick });
      const ratio = pairedRatio(megabytes(ours), megabytes(theirs));
      ratios.push(ratio);
      const cpu = (rounds) => median(rounds.map(({ cpuMicros }) => cpuMicros / 1000)).toFixed(1);
      rows.push([
        connections,
        spread(megabytes(theirs)),
        spread(megabytes(ours)),
        ratio.toFixed(2),
        `${cpu(theirs)}, ${cpu(ours)}`,
      ]);
    }
    report.table([['zip of 20 MB, connections', 'sendFile MB/s', 'platform MB/s', '÷ bare', 'CPU ms'], ...rows]);
    CONNECTIONS.forEach((connections, index) => {
      const what = `archive ÷ sendFile, ${connections} connection${connections === 1 ? '' : 's'}`;
      report.goal(what, ratios[index], { atLeast: 0.8, unit: ' ×', digits: 2 });
    });
  } finally {
    bare.stop();
  }
}

const megabytes = (rounds) => rounds.map(({ bytesPerSecond }) => bytesPerSecond / 1e6);

async function readPackage(url) {
  return (await fetch(`${url}${protocolPath.providerDownload('bench', 'one')}`)).json();
}

async function compare({ server, bare, connections, isQuick }) {
  const rounds = { theirs: [], ours: [] };
  const [count, forMs] = isQuick ? [2, 300] : [5, 1000];
  for (let round = -1; round < count; round++) {
    // A new link each time: they work for ten minutes alone.
    const { download_url: link } = await readPackage(server.url);
    const theirs = await sendRequests(bare, { nextPath: () => '/file', forMs, connections });
    const ours = await sendRequests(server, { nextPath: () => link, forMs, connections });
    if (round < 0) continue;
    rounds.theirs.push(theirs);
    rounds.ours.push(ours);
  }
  return rounds;
}
