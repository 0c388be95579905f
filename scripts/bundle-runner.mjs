import { chmodSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Bundles `runner/` into one executable file, `dist/runner/iac-runner.js`. One file starts faster than many, and the
 * runner is started for every step of every run. node-pty stays outside: it is native, and loaded only when needed.
 *
 * @param {string} root the repository's root
 * @returns {Promise<string>} path of the bundle
 */
export async function bundleRunner(root) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const outfile = join(root, 'dist', 'runner', 'iac-runner.js');
  // Written beside and renamed: a runner that is started meanwhile gets the old file or the new one, never half.
  const draft = `${outfile}.${process.pid}.tmp`;
  await build({
    absWorkingDir: root,
    entryPoints: [join(root, 'runner', 'main.ts')],
    outfile: draft,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['node-pty'],
    banner: { js: '#!/usr/bin/env node' },
    define: { IAC_RUNNER_VERSION: JSON.stringify(version) },
    logLevel: 'warning',
  });
  chmodSync(draft, 0o755);
  renameSync(draft, outfile);
  return outfile;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
  console.log(await bundleRunner(root));
}
