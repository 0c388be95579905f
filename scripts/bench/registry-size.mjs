import { mkdtempSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startServer } from '../demo/server-process.mjs';
import { startBenchmarkServer } from './benchmark-server.mjs';
import { DatabaseRows, NEW_ID, numbers } from './database-rows.mjs';
import { median, MIB, pairedRatio, quantile, spread } from './figures.mjs';
import { createNamespace, protocolPath, publishModule } from './registry-content.mjs';
import { sendRequests } from './requests.mjs';

const NAMESPACES = 20;
const VERSIONS = 20;
const FEW = 10;
const MANY = 10_000;
const WARM_UP = 1000;

/** What the versions of a module cost with ten modules in the database and with ten thousand of twenty versions. */
export async function run({ report, temporary, isQuick }) {
  const few = await startWithModules(temporary, FEW);
  try {
    const many = await startWithModules(temporary, MANY);
    try {
      report.table([
        ['modules', 'database MiB', 'start until it listens'],
        ...[few, many].map(({ count, databaseMib, server }) => [
          count,
          databaseMib.toFixed(1),
          `${(server.startedInMs / 1000).toFixed(1)} s`,
        ]),
      ]);
      await compareSizes(report, few, many, isQuick);
    } finally {
      await many.server.stop();
    }
  } finally {
    await few.server.stop();
  }
}

/** A server with so many modules of twenty versions each, in twenty namespaces. */
async function startWithModules(temporary, count) {
  const first = await startBenchmarkServer(temporary);
  const namespaces = [];
  let module;
  try {
    for (let place = 0; place < NAMESPACES; place++) {
      namespaces.push(await createNamespace(first.api, `bench-${place}`));
    }
    module = await publishModule(first.api, mkdtempSync(join(temporary, 'archive-')), {
      namespace: namespaces[0].id,
      name: nameOf(0),
    });
  } finally {
    await first.stop({ forget: false });
  }
  await multiply(first.dataDir, { module, namespaces, count });
  const databaseMib = statSync(join(first.dataDir, 'plomada.db')).size / MIB;
  return { count, databaseMib, server: await startServer({ dataDir: first.dataDir }) };
}

async function multiply(dataDir, { module, namespaces, count }) {
  const rows = new DatabaseRows(dataDir);
  const namespace = namespaces.map(({ id }, place) => `WHEN ${place} THEN '${id}'`).join(' ');
  const name = "printf('benchmark-module-%05d', each.n)";
  await rows.copy('modules', {
    model: module.id,
    from: numbers(1, count - 1),
    set: { id: NEW_ID, namespace_id: `CASE each.n % ${NAMESPACES} ${namespace} END`, name, name_key: name },
  });
  const model = await rows.idOf('module_versions', 'module_id', module.id);
  // In the order they would come in: version after version, so that those of one module lie apart.
  await rows.copy('module_versions', {
    model,
    from: `SELECT modules.id AS module_id, number.n FROM (${numbers(0, VERSIONS - 1)}) AS number CROSS JOIN modules
      WHERE modules.id <> '${module.id}' OR number.n > 0 ORDER BY number.n`,
    set: { id: NEW_ID, module_id: 'each.module_id', version: "'1.0.' || each.n" },
  });
  await rows.copy('module_documents', {
    model,
    key: 'version_id',
    from: `SELECT id FROM module_versions WHERE id <> '${model}'`,
    set: { version_id: 'each.id' },
  });
  await rows.close();
}

const nameOf = (place) => `benchmark-module-${String(place).padStart(5, '0')}`;

const pathOf = (place, name = nameOf(place)) => protocolPath.moduleVersions(`bench-${place % NAMESPACES}`, name);

/**
 * The same module under another path: names are matched without regard to case, and answers are kept by path. So a
 * registry of ten modules can be asked for thousands of answers that it has to make.
 */
function spelledAnew(place, spelling) {
  let bit = 0;
  return nameOf(place).replace(/[a-z]/g, (letter) => ((spelling >> bit++) & 1 ? letter.toUpperCase() : letter));
}

async function compareSizes(report, few, many, isQuick) {
  const rounds = isQuick ? 2 : 5;
  // All of them are asked for, each once, before any is asked for again.
  const perRound = isQuick ? 600 : MANY / rounds;
  let spelling = 0;
  const anew = (count) => () => pathOf(spelling % count, spelledAnew(spelling % count, ++spelling));
  const first = (place) => pathOf((place * 7919) % MANY);
  await amount(few.server, WARM_UP, anew(FEW));
  await amount(many.server, WARM_UP, anew(MANY));
  const cold = { few: [], many: [] };
  for (let round = 0; round < rounds; round++) {
    cold.few.push(await amount(few.server, perRound, anew(FEW)));
    cold.many.push(await amount(many.server, perRound, (sent) => first(round * perRound + sent)));
  }
  const visited = rounds * perRound;
  const kept = { few: [], many: [] };
  for (let round = -1; round < rounds; round++) {
    const theirs = await amount(few.server, visited, (sent) => pathOf(sent % FEW));
    const ours = await amount(many.server, visited, first);
    if (round < 0) continue;
    kept.few.push(theirs);
    kept.many.push(ours);
  }
  print(report, { 'made anew': cold, kept });
}

/** So many requests, over 32 connections. @param pathAt the path of each, by its number */
function amount(server, count, pathAt) {
  let sent = 0;
  return sendRequests(server, { nextPath: () => (sent < count ? pathAt(sent++) : null) });
}

function print(report, kinds) {
  const at = (rounds, share) => rounds.map(({ latencies }) => quantile(latencies, share));
  const row = (name, rounds) => [
    name,
    spread(rounds.map(({ perSecond }) => perSecond)),
    spread(at(rounds, 0.5), 1),
    spread(at(rounds, 0.99), 1),
    median(rounds.map(({ cpuMicros }) => cpuMicros)).toFixed(0),
  ];
  report.table([
    ['versions of a module', '/s', 'p50 ms', 'p99 ms', 'CPU µs'],
    ...Object.entries(kinds).flatMap(([kind, { few, many }]) => [
      row(`${kind}, ${FEW} modules`, few),
      row(`${kind}, ${MANY} modules, each once`, many),
    ]),
  ]);
  for (const [kind, { few, many }] of Object.entries(kinds)) {
    for (const [name, share] of Object.entries({ p50: 0.5, p99: 0.99 })) {
      const ratio = pairedRatio(at(many, share), at(few, share));
      report.goal(`${kind}: ${name} with ${MANY} ÷ ${FEW}`, ratio, { atMost: 1.5, unit: ' ×', digits: 2 });
    }
  }
}
