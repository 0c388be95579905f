// `npm run dev`: the server, built and started again whenever a source changes.
import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, ROOT } from './setup.mjs';

ensureInstalled();

let server = null;
let building = false;
let again = false;

async function rebuild() {
  if (building) {
    again = true;
    return;
  }
  building = true;
  const built = await finished(spawn(process.execPath, [join(ROOT, 'scripts', 'build.mjs')], { stdio: 'inherit' }));
  if (built === 0) {
    if (server) {
      server.kill('SIGTERM');
      await finished(server);
    }
    server = spawn(process.execPath, ['--max-semi-space-size=4', join(ROOT, 'dist', 'src', 'main.js')], {
      stdio: 'inherit',
      cwd: ROOT,
    });
  }
  building = false;
  if (again) {
    again = false;
    void rebuild();
  }
}

function finished(child) {
  return child.exitCode !== null ? child.exitCode : new Promise((resolve) => child.once('exit', resolve));
}

let timer;
for (const folder of ['src', 'runner']) {
  watch(join(ROOT, folder), { recursive: true }, (_event, file) => {
    if (!file?.endsWith('.ts') || file.endsWith('metadata.ts')) return;
    clearTimeout(timer);
    timer = setTimeout(() => void rebuild(), 200);
  });
}
process.on('SIGINT', () => {
  if (!server) process.exit(0);
  server.once('exit', (code) => process.exit(code ?? 0));
  server.kill('SIGTERM');
});
await rebuild();
