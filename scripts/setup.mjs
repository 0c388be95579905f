import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const installStamp = join(ROOT, 'node_modules', '.plomada-installed');
const buildStamp = join(ROOT, 'dist', '.built');
const METADATA = join(ROOT, 'src', 'metadata.ts');
const SOURCES = [
  'src',
  'runner',
  'scripts',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
];

const fingerprint = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Runs a program and ends this one with its status when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** A program of node_modules. */
export const tool = (name) => join(ROOT, 'node_modules', '.bin', name);

/** Installs what the lock file says, when it is not installed yet. */
export function ensureInstalled() {
  refuseOldNode();
  const wanted = fingerprint(join(ROOT, 'package-lock.json'));
  if (existsSync(installStamp) && readFileSync(installStamp, 'utf8') === wanted) return;
  console.log('Installing dependencies (two of them are compiled: about two minutes)…');
  run('npm', ['ci', '--no-audit', '--no-fund'], { env: { ...process.env, NODE_ENV: '' } });
  writeFileSync(installStamp, wanted);
}

/** Builds server and runner, when a source is newer than the last build. */
export async function ensureBuilt() {
  if (existsSync(buildStamp) && newestChange() <= statSync(buildStamp).mtimeMs) return;
  await build();
}

export async function build() {
  console.log('Building…');
  const startedAt = Date.now();
  // A file that was deleted in src/ must not live on in dist/.
  rmSync(join(ROOT, 'dist', 'src'), { recursive: true, force: true });
  // The build writes this file anew, but its type check wants one to be there, and none that names files of before.
  writeFileSync(METADATA, 'export default async () => ({});\n');
  run(tool('nest'), ['build']);
  const { bundleRunner } = await import('./bundle-runner.mjs');
  await bundleRunner(ROOT);
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, '');
  console.log(`Built in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
}

function newestChange() {
  let newest = 0;
  const look = (path) => {
    const stat = statSync(path);
    if (!stat.isDirectory()) {
      // The build itself writes the metadata file.
      if (!path.endsWith('metadata.ts')) newest = Math.max(newest, stat.mtimeMs);
      return;
    }
    newest = Math.max(newest, stat.mtimeMs);
    for (const name of readdirSync(path)) if (!name.endsWith('.spec.ts')) look(join(path, name));
  };
  for (const source of SOURCES) if (existsSync(join(ROOT, source))) look(join(ROOT, source));
  return newest;
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Plomada needs Node.js 20.19 or newer; this is ${process.versions.node}.`);
    process.exit(1);
  }
}
