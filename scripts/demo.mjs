// `npm run demo`: a guided tour of a deployment, on the real terraform.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRepository } from './demo/git-repository.mjs';
import { SAMPLE_FILES } from './demo/sample.mjs';
import { startServer } from './demo/server-process.mjs';
import { bold, dim, print, red } from './demo/terminal.mjs';
import { Tour } from './demo/tour.mjs';
import { ensureBuilt, ensureInstalled } from './setup.mjs';

const HELP = `npm run demo                                 the tour on a server of its own
npm run demo -- --keep                       the same, and the server stays
npm run demo -- --server URL --key KEY       on a running server, with a platform admin key

  --git-url URL       where the running server finds the sample repository; without it, it is a
                      folder of this machine, and the server's GIT_ALLOWED_SCHEMES must hold file
  --sample DIRECTORY  only makes the sample repository there, to be pushed where --git-url says
  --keep              leaves everything as it is at the end`;

const OPTIONS = {
  server: { type: 'string' },
  key: { type: 'string' },
  'git-url': { type: 'string' },
  sample: { type: 'string' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

function readOptions() {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    if (Boolean(values.server) !== Boolean(values.key)) throw new Error('--server and --key belong together.');
    if (values['git-url'] && !values.server) throw new Error('--git-url is for --server.');
    return { ...values, server: values.server?.replace(/\/+$/, '') };
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(1);
  }
}

function makeSample(directory) {
  return createRepository(directory, SAMPLE_FILES, { tags: ['v1.0.0'], branches: ['next'] });
}

/** The runner of our own server starts the terraform that we find. */
function refuseWithoutPrograms() {
  for (const [program, help] of [
    ['git', 'Install it with the package manager of your system.'],
    ['terraform', 'Install it (https://developer.hashicorp.com/terraform/install) so that it is on the PATH.'],
  ]) {
    if (!spawnSync(program, ['version'], { stdio: 'ignore' }).error) continue;
    console.error(`The demo needs ${program}, which is not on the PATH. ${help}`);
    if (program === 'terraform') {
      console.error('Or take a running server that has it: npm run demo -- --server URL --key KEY');
    }
    process.exit(1);
  }
}

/** What must go when the tour ends, in whatever way; the last made goes first. */
class Leftovers {
  #removals = [];

  add(removal) {
    this.#removals.unshift(removal);
  }

  async remove() {
    for (const removal of this.#removals.splice(0)) await removal();
  }
}

async function main() {
  const options = readOptions();
  if (options.help) return print(HELP);
  if (options.sample) {
    return print(`The sample repository is ${makeSample(options.sample)}`);
  }
  if (!options.server) refuseWithoutPrograms();
  ensureInstalled();
  if (!options.server) await ensureBuilt();

  const leftovers = new Leftovers();
  const interrupted = () => void leftovers.remove().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  let own = null;
  try {
    const temporary = mkdtempSync(join(tmpdir(), 'plomada-demo-'));
    leftovers.add(() => rmSync(temporary, { recursive: true, force: true }));
    const gitUrl = options['git-url'] ?? makeSample(join(temporary, 'sample'));
    if (!options.server) {
      own = await startServer({ dataDir: join(temporary, 'data') });
      leftovers.add(() => own.stop());
    }
    const tour = new Tour({
      url: own?.url ?? options.server,
      adminKey: own?.key ?? options.key,
      gitUrl,
      isOwnServer: own !== null,
    });
    await tour.go();
    if (options.keep) tour.sayWhatStays({ pid: own?.pid, temporary });
    else await tour.cleanUp();
  } catch (error) {
    await leftovers.remove();
    print(`\n${red(bold('The demo failed.'))} ${error instanceof Error ? error.message : error}`);
    if (own) print(dim(`\nThe server's last lines:\n${own.lastLines()}`));
    process.exit(1);
  }
  if (options.keep) own?.leave();
  else await leftovers.remove();
}

await main();
